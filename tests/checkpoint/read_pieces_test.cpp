#include "ballast/checkpoint/bytes/read_pieces.h"

#include <algorithm>
#include <iostream>
#include <random>

#include "tests/checkpoint/craft.h"
#include "tests/support/thrown.h"
#include <gtest/gtest.h>

#include "ballast/checkpoint/bytes/crc32.h"
#include "ballast/core/parallel.h"

namespace ballast::testing {
namespace {

using checkpoint::crc32;
using checkpoint::InputFile;
using checkpoint::joined_crc32;
using checkpoint::Piece;
using checkpoint::read_pieces;

/// The checksum a bit at a time, as ISO 3309 defines it.
std::uint32_t slow_crc(std::uint32_t before, const std::string& bytes) {
  constexpr std::uint32_t kReversedPolynomial = 0xEDB88320;
  std::uint32_t r = ~before;
  for (const char c : bytes) {
    r ^= static_cast<unsigned char>(c);
    for (int i = 0; i < 8; ++i) r = (r & 1) != 0 ? r >> 1 ^ kReversedPolynomial : r >> 1;
  }
  return ~r;
}

std::string random_bytes(std::mt19937& random, std::size_t n) {
  std::string bytes(n, '\0');
  for (char& c : bytes) c = static_cast<char>(random());
  return bytes;
}

TEST(Crc32, EqualsTheDefinitionAndJoins) {
  EXPECT_EQ(crc32(0, "123456789", 9), 0xCBF43926u);  // the check value that the standard's catalogues give
  std::mt19937 random(3);
  int cases = 0;
  for (const std::size_t n : {0, 1, 7, 15, 16, 63, 64, 255, 256, 1000, 4097, 70'000}) {
    for (const std::size_t m : {0, 1, 31, 1024, 12'345}) {
      const std::string a = random_bytes(random, n);
      const std::string b = random_bytes(random, m);
      const std::uint32_t first = crc32(0, a.data(), n);
      ASSERT_EQ(first, slow_crc(0, a)) << n;
      ASSERT_EQ(crc32(first, b.data(), m), slow_crc(0, a + b)) << n << " and " << m;
      ASSERT_EQ(joined_crc32(first, crc32(0, b.data(), m), m), slow_crc(0, a + b)) << n << " and " << m;
      ++cases;
    }
  }
  std::cout << "[ cases ] " << cases << " pairs of texts\n";
}

TEST(Crc32, JoinsWhatIsTooLongToHold) {
  // Zeros, 2^40 of them: by doubling; and as 1 KiB and the rest, in both orders. The rest is 1 KiB, 2 KiB, 4 KiB and so on.
  const std::string zeros(1024, '\0');
  const std::uint32_t kib = crc32(0, zeros.data(), zeros.size());
  std::uint32_t doubled = kib;
  std::uint32_t rest = 0;
  std::uint64_t rest_size = 0;
  std::uint64_t size = zeros.size();
  for (; size < std::uint64_t{1} << 40; size *= 2) {
    rest = joined_crc32(rest, doubled, size);
    rest_size += size;
    doubled = joined_crc32(doubled, doubled, size);
  }
  EXPECT_EQ(rest_size, size - zeros.size());
  EXPECT_EQ(joined_crc32(kib, rest, rest_size), doubled);
  EXPECT_EQ(joined_crc32(rest, kib, zeros.size()), doubled);
}

class ReadPieces : public ::testing::TestWithParam<int> {
 protected:
  void SetUp() override { set_num_threads(GetParam()); }
  void TearDown() override { set_num_threads(before_); }

 private:
  int before_ = get_num_threads();
};

TEST_P(ReadPieces, EqualOneReadAfterTheOther) {
  const TemporaryFolder folder;
  std::mt19937 random(7);
  constexpr std::size_t kSize = 40 << 20;
  const std::string bytes = random_bytes(random, kSize);
  const auto first = InputFile::open(folder.file("a", bytes));
  const std::string other = random_bytes(random, 1 << 20);
  const auto second = InputFile::open(folder.file("b", other));
  struct Shape {
    std::size_t pieces, longest;
  };
  std::size_t cases = 0;
  for (const Shape shape :
       {Shape{0, 1}, {1, kSize}, {3, 20 << 20}, {20, 3 << 20}, {300, 100'000}, {5000, 400}}) {
    std::vector<Piece> pieces;
    std::vector<std::string> out(shape.pieces);
    for (std::size_t i = 0; i < shape.pieces; ++i) {
      const bool from_other = i % 7 == 3;
      const std::size_t end = from_other ? other.size() : kSize;
      const std::size_t size = std::min(shape.pieces == 1 ? kSize : random() % (shape.longest + 1), end);
      const std::size_t offset = random() % (end - size + 1);
      if (i % 3 != 1) out[i].resize(size);
      pieces.push_back({.file = from_other ? second.get() : first.get(),
                        .offset = offset,
                        .size = size,
                        .out = i % 3 != 1 ? reinterpret_cast<std::byte*>(out[i].data()) : nullptr,
                        .wants_crc = i % 5 != 2});
    }
    std::vector<std::uint64_t> reported;
    read_pieces(pieces, [&](std::uint64_t done) { reported.push_back(done); });
    std::uint64_t all = 0;
    for (std::size_t i = 0; i < pieces.size(); ++i) {
      const Piece& p = pieces[i];
      const std::string expected = (p.file == second.get() ? other : bytes).substr(p.offset, p.size);
      ASSERT_TRUE(p.out == nullptr || out[i] == expected) << "piece " << i << " of " << pieces.size();
      const std::uint32_t crc = p.wants_crc ? crc32(0, expected.data(), expected.size()) : 0;
      ASSERT_EQ(p.crc, crc) << "piece " << i << " of " << pieces.size();
      if (p.out != nullptr || p.wants_crc) all += p.size;
      ++cases;
    }
    EXPECT_TRUE(std::is_sorted(reported.begin(), reported.end()));
    EXPECT_EQ(reported.empty() ? 0 : reported.back(), all);
  }
  std::cout << "[ cases ] " << cases << " pieces\n";
}

TEST_P(ReadPieces, BeyondTheEndOfTheFileAreAnError) {
  const TemporaryFolder folder;
  const auto file = InputFile::open(folder.file("a", std::string(100'000, 'x')));
  std::string out(1000, '\0');
  for (const bool keeps : {false, true}) {
    Piece p{.file = file.get(),
            .offset = 99'500,
            .size = 1000,
            .out = keeps ? reinterpret_cast<std::byte*>(out.data()) : nullptr,
            .wants_crc = true};
    EXPECT_THROWN(read_pieces({&p, 1}), FormatError, "ended 500 bytes early");
  }
}

TEST_P(ReadPieces, WhatProgressThrowsEndsReading) {
  const TemporaryFolder folder;
  const auto file = InputFile::open(folder.file("a", std::string(20 << 20, 'x')));
  std::vector<Piece> pieces;
  for (std::uint64_t i = 0; i < 20; ++i)
    pieces.push_back({.file = file.get(), .offset = i << 20, .size = 1 << 20, .wants_crc = true});
  EXPECT_THROWN(read_pieces(pieces, [](std::uint64_t) { throw ValueError("enough"); }), ValueError, "enough");
}

INSTANTIATE_TEST_SUITE_P(Threads, ReadPieces, ::testing::Values(1, 2, 4));

}  // namespace
}  // namespace ballast::testing
