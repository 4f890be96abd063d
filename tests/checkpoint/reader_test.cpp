#include "ballast/checkpoint/reader.h"

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <random>
#include <thread>

#include "tests/checkpoint/craft.h"
#include "tests/checkpoint/describe.h"
#include "tests/support/golden.h"
#include <gtest/gtest.h>

#include "ballast/checkpoint/bytes/view_reader.h"
#include "ballast/core/shape.h"

namespace ballast::testing {
namespace {

using checkpoint::Range;
using checkpoint::Reader;

/// The files of a folder of golden data that `load` reads.
std::vector<std::string> readable_files(const std::string& folder) {
  std::vector<std::string> out;
  for (const Json& e : read_json(folder + "expected.json")) {
    const std::string path = data_path(folder + e["file"].get<std::string>());
    try {
      static_cast<void>(load(path));
      out.push_back(path);
    } catch (const Error&) {  // not one that is read
    }
  }
  return out;
}

/// What Python's slicing gives, as a view of what `load` mapped.
Tensor sliced(const Tensor& t, const std::vector<Range>& ranges) {
  Dims sizes(t.sizes());
  std::int64_t offset = t.storage_offset();
  for (std::size_t d = 0; d < ranges.size(); ++d) {
    const std::int64_t end = ranges[d].end == Range::kEnd ? sizes[d] : ranges[d].end;
    sizes[d] = end - ranges[d].begin;
    offset += ranges[d].begin * t.strides()[d];
  }
  if (numel_of(sizes) == 0) return empty(sizes, TensorOptions(t.dtype()));
  return tensor_on(t.storage(), t.dtype(), sizes, t.strides(), offset);
}

std::vector<Range> random_ranges(std::mt19937& random, IntArrayRef sizes) {
  std::vector<Range> out(random() % (sizes.size() + 1));
  for (std::size_t d = 0; d < out.size(); ++d) {
    const auto n = static_cast<std::uint64_t>(sizes[d]);
    out[d].begin = static_cast<std::int64_t>(random() % (n + 1));
    out[d].end = out[d].begin +
                 static_cast<std::int64_t>(random() % (n + 1 - static_cast<std::uint64_t>(out[d].begin)));
    if (random() % 8 == 0) out[d].end = Range::kEnd;
  }
  return out;
}

TEST(Reader, EveryGoldenTensorAndItsPartsAreThoseOfLoad) {
  std::mt19937 random(8);
  int tensors = 0;
  int parts = 0;
  int sparse = 0;
  for (const char* folder : {"checkpoints/zip/", "checkpoints/legacy/", "checkpoints/script/",
                             "checkpoints/export/", "checkpoints/gguf/", "checkpoints/numpy/", "real/"}) {
    for (const std::string& path : readable_files(folder)) {
      SCOPED_TRACE(path);
      const auto c = load(path);
      const Reader r(path);
      ASSERT_EQ(r.entries().size(), c.tensors().size());
      for (std::size_t i = 0; i < c.tensors().size(); ++i) {
        const auto& v = c.tensors()[i].value.tensor();
        const Reader::Entry& e = r.entries()[i];
        SCOPED_TRACE(e.name);
        EXPECT_EQ(e.name, c.tensors()[i].name);
        EXPECT_EQ(e.dtype, v.dtype());
        EXPECT_EQ(e.sizes.ref(), v.sizes());
        EXPECT_EQ(e.bytes, static_cast<std::uint64_t>(v.nbytes()));
        if (v.sparse) {
          EXPECT_THROW(static_cast<void>(r.read(e.name)), NotImplementedError);
          ++sparse;
          continue;
        }
        const Tensor t = v.resolved();
        const Tensor ours = r.read(e.name);
        EXPECT_EQ(ours.dtype(), t.dtype());
        EXPECT_EQ(ours.sizes(), t.sizes());
        EXPECT_EQ(bytes_of(ours), bytes_of(t));
        EXPECT_EQ(ours.storage().kind(), StorageImpl::Kind::kOwned);
        ++tensors;
        if (v.quantized) {
          EXPECT_THROW(static_cast<void>(r.read(e.name, {{0, 1}})), NotImplementedError);
          continue;
        }
        for (int n = 0; n < 3; ++n, ++parts) {
          const auto ranges = random_ranges(random, t.sizes());
          EXPECT_EQ(bytes_of(r.read(e.name, ranges)), bytes_of(sliced(t, ranges)));
        }
      }
    }
  }
  std::cout << "[ cases ] " << tensors << " tensors, " << parts << " parts; " << sparse << " sparse\n";
  EXPECT_GT(tensors, 0);
  EXPECT_GT(sparse, 0);
}

/// The elements 0, 1, ... of float32, and the same big-endian.
std::string counting(std::int64_t n, bool big_endian = false) {
  std::string out;
  for (std::int64_t i = 0; i < n; ++i) {
    const auto v = static_cast<float>(i);
    std::string b(reinterpret_cast<const char*>(&v), sizeof(v));
    if (big_endian) std::reverse(b.begin(), b.end());
    out += b;
  }
  return out;
}

TEST(Reader, PartsOfStridedViewsAreThoseOfTheTensor) {
  constexpr std::int64_t kElements = 6000;
  std::mt19937 random(9);
  const auto below = [&](std::int64_t n) {
    return static_cast<std::int64_t>(random() % static_cast<std::uint64_t>(n));
  };
  std::string tensors = "](";
  std::vector<std::vector<std::int64_t>> shapes;
  while (shapes.size() < 150) {
    std::vector<std::int64_t> sizes, strides;
    std::int64_t extent = 1;
    for (std::int64_t rank = below(5); rank > 0; --rank) {
      sizes.push_back(1 + below(7));
      // Dense, with gaps, repeated, overlapping.
      const std::int64_t choices[] = {extent, extent + below(5), 0, 1, 1 + below(1500)};
      strides.push_back(choices[below(5)]);
      extent += (sizes.back() - 1) * strides.back();
    }
    std::vector<std::size_t> order(sizes.size());
    for (std::size_t i = 0; i < order.size(); ++i) order[i] = i;
    std::shuffle(order.begin(), order.end(), random);
    std::vector<std::int64_t> s, t;
    for (const std::size_t i : order) s.push_back(sizes[i]), t.push_back(strides[i]);
    if (extent >= kElements) continue;
    tensors += tensor(kElements, s, t, below(kElements - extent));
    shapes.push_back(s);
  }
  const std::string data = pickle(tensors + "e");
  const std::string plain_bytes = counting(kElements);
  const auto archive = [&](const std::string& bytes, const std::string& order, bool packed, bool aligned) {
    CraftedMember storage{.name = "a/data/0", .bytes = bytes, .aligned = aligned};
    if (packed) {
      storage.bytes = deflated(bytes);
      storage.method = 8;
      storage.size = static_cast<std::int64_t>(bytes.size());
      storage.crc = crc_of(bytes);
    }
    return crafted_zip({{"a/data.pkl", data}, storage, {"a/byteorder", order}, {"a/version", "3\n"}});
  };
  const std::pair<const char*, std::string> archives[] = {
      {"plain", archive(plain_bytes, "little", false, true)},
      {"unaligned", archive(plain_bytes, "little", false, false)},
      {"big-endian", archive(counting(kElements, true), "big", false, true)},
      {"packed", archive(plain_bytes, "little", true, true)}};
  const TemporaryFolder folder;
  int parts = 0;
  for (const auto& [what, bytes] : archives) {
    SCOPED_TRACE(what);
    const auto path = folder.file("a.pth", bytes);
    const auto c = load(path, {.mmap = false});
    const Reader r(path);
    for (const auto& t : c.tensors()) {
      const Tensor& whole = t.value.tensor().tensor;
      for (int n = 0; n < 5; ++n, ++parts) {
        const auto ranges = n == 0 ? std::vector<Range>() : random_ranges(random, whole.sizes());
        const Tensor twin = sliced(whole, ranges);
        const Tensor ours = r.read(t.name, ranges);
        ASSERT_EQ(ours.sizes(), twin.sizes());
        ASSERT_EQ(bytes_of(ours), bytes_of(twin))
            << t.name << " " << shape_text(whole.sizes()) << " " << shape_text(whole.strides());
        const Tensor into = empty(twin.sizes(), TensorOptions(kFloat64));
        r.read_into(t.name, into, ranges);
        const Tensor back = empty(twin.sizes(), TensorOptions(kFloat32));
        copy_elements(back, into);
        ASSERT_EQ(bytes_of(back), bytes_of(twin));
        r.read_into(t.name, back, ranges);
        ASSERT_EQ(bytes_of(back), bytes_of(twin));
      }
    }
  }
  std::cout << "[ cases ] " << parts << " parts of " << shapes.size() << " views\n";
}

/// Bytes that this process has read, by whatever way but mapping; none where the system does not count them.
std::optional<std::uint64_t> bytes_read() {
  std::ifstream in("/proc/self/io");
  std::string word;
  std::uint64_t n = 0;
  if (in >> word >> n && word == "rchar:") return n;
  return std::nullopt;
}

TEST(Reader, OnlyWhatIsAskedForIsRead) {
  constexpr std::int64_t kRows = 512;
  constexpr std::int64_t kColumns = 4096;
  constexpr std::uint64_t kSlack = 4096;  // counting reads too
  const TemporaryFolder folder;
  const auto path =
      folder.file("a.pth", checkpoint_of(pickle(tensor(kRows * kColumns, {kRows, kColumns}, {kColumns, 1})),
                                         {counting(kRows * kColumns)}));
  const auto before_open = bytes_read();
  if (!before_open) GTEST_SKIP() << "the system does not count what is read";
  const Reader r(path);
  const auto cost = [&](const std::vector<Range>& ranges) {
    const std::uint64_t before = *bytes_read();
    const Tensor t = r.read("", ranges);
    const std::uint64_t after = *bytes_read();
    EXPECT_EQ(t.data_ptr<float>()[0],
              static_cast<float>(ranges[0].begin * kColumns + (ranges.size() > 1 ? ranges[1].begin : 0)));
    return after - before;
  };
  const std::uint64_t opening = *bytes_read() - *before_open;
  const std::uint64_t rows = cost({{100, 110}});
  const std::uint64_t column = cost({{0, kRows}, {7, 8}});
  const std::uint64_t block = cost({{3, 5}, {16, 4096}});
  std::cout << "[ bytes ] of a file of " << std::filesystem::file_size(path) << ": opening " << opening
            << ", ten rows " << rows << ", a column " << column << ", a block " << block << "\n";
  EXPECT_LE(opening, 200000u);
  EXPECT_GE(rows, 10u * kColumns * 4);
  EXPECT_LE(rows, 10u * kColumns * 4 + kSlack);
  EXPECT_LE(column, kRows * 4u + kSlack);
  EXPECT_LE(block, 2u * kColumns * 4 + kSlack);
}

TEST(Reader, AFileThatShrinksIsAnError) {
  constexpr std::int64_t kElements = 1 << 16;
  const TemporaryFolder folder;
  const auto path =
      folder.file("a.pth", checkpoint_of(pickle(tensor(kElements, {kElements}, {1})), {counting(kElements)}));
  const Reader r(path);
  const Tensor kept = r.read("");
  std::filesystem::resize_file(path, std::filesystem::file_size(path) / 2);
  EXPECT_EQ(r.read("", {{0, 10}}).data_ptr<float>()[9], 9.0F);
  EXPECT_THROW(static_cast<void>(r.read("", {{kElements - 10}})), FormatError);
  EXPECT_THROW(static_cast<void>(r.read("")), FormatError);
  const Tensor into = empty({kElements});
  EXPECT_THROW(r.read_into("", into), FormatError);
  EXPECT_EQ(kept.data_ptr<float>()[kElements - 1], static_cast<float>(kElements - 1));
}

TEST(Reader, ChecksumsOfWholeStoragesAreCompared) {
  const TemporaryFolder folder;
  const auto path = folder.file("a.pth", crafted_zip({{"a/data.pkl", pickle(tensor(2, {2}, {1}))},
                                                      {.name = "a/data/0", .bytes = "12345678", .crc = 5},
                                                      {"a/version", "3\n"}}));
  const Reader r(path);
  EXPECT_THROW(static_cast<void>(r.read("")), FormatError);
  EXPECT_EQ(r.read("", {{0, 1}}).numel(), 1);  // of a part nothing can be said
  EXPECT_THROW(Reader(path, {.verify = checkpoint::Verify::kAll}), FormatError);
}

TEST(Reader, ThreadsReadAtOnce) {
  for (const char* file : {"checkpoints/zip/small_resnet.pth", "checkpoints/zip/deflated.pth",
                           "checkpoints/zip/big_endian.pth"}) {
    const auto c = load(data_path(file));
    const Reader r(data_path(file));
    std::vector<std::thread> threads;
    std::vector<int> wrong(4);
    for (std::size_t i = 0; i < wrong.size(); ++i) {
      threads.emplace_back([&, i] {
        std::mt19937 random(static_cast<unsigned>(i));
        for (int n = 0; n < 100; ++n) {
          const auto& t = c.tensors()[random() % c.tensors().size()];
          const auto ranges = random_ranges(random, t.value.tensor().sizes());
          wrong[i] += bytes_of(r.read(t.name, ranges)) != bytes_of(sliced(t.value.tensor().tensor, ranges));
        }
      });
    }
    for (std::thread& t : threads) t.join();
    EXPECT_EQ(wrong, std::vector<int>(wrong.size()));
  }
}

TEST(Reader, WhatIsNotThereIsSaidByName) {
  const Reader r(data_path("checkpoints/zip/mlp.pth"));
  EXPECT_TRUE(r.contains("0.weight"));
  EXPECT_FALSE(r.contains("nothing"));
  EXPECT_THROW(static_cast<void>(r.read("nothing")), KeyError);
  const auto refused = [&](const std::vector<Range>& ranges) {
    try {
      static_cast<void>(r.read("0.weight", ranges));
    } catch (const IndexError& e) {
      return std::string(e.what()).find("0.weight") != std::string::npos;
    }
    return false;
  };
  EXPECT_TRUE(refused({{-1, 2}}));
  EXPECT_TRUE(refused({{2, 1}}));
  EXPECT_TRUE(refused({{0, 9}}));
  EXPECT_TRUE(refused({{9}}));
  EXPECT_TRUE(refused({{}, {}, {}}));
  EXPECT_EQ(r.read("0.weight", {{3, 3}}).numel(), 0);
  const Tensor wrong = empty({2, 2});
  EXPECT_THROW(r.read_into("0.weight", wrong), ShapeError);
  const Tensor nowhere = empty({8, 4}, TensorOptions(kFloat32).device(kMeta));
  EXPECT_THROW(r.read_into("0.weight", nowhere), DeviceError);
  EXPECT_THROW(Reader(data_path("checkpoints/zip/nothing.pth")), IoError);
}

TEST(Reader, OptionsChooseTensorsAndTheirType) {
  const auto path = data_path("checkpoints/zip/mlp.pth");
  const Reader r(path, {.dtype = kFloat16, .filter = [](auto name) { return name == "0.weight"; }});
  ASSERT_EQ(r.entries().size(), 1u);
  EXPECT_EQ(r.entries()[0].dtype, "float16");
  EXPECT_EQ(r.entries()[0].bytes, 64u);
  EXPECT_EQ(bytes_of(r.read("0.weight")), bytes_of(load(path, {.dtype = kFloat16}).state_dict()["0.weight"]));
}

TEST(Reader, BlocksOfGgufAreReadAsTheyAreOrAsNumbers) {
  const auto path = data_path("checkpoints/gguf/quants.gguf");
  const auto computed = [](std::string_view name) { return name.starts_with("q"); };
  for (checkpoint::LoadOptions options :
       {checkpoint::LoadOptions{.dequantize = true}, checkpoint::LoadOptions{.dtype = kFloat16}}) {
    options.filter = computed;
    const auto c = load(path, options);
    const Reader r(path, options);
    int parts = 0;
    std::mt19937 random(10);
    for (const auto& t : c.tensors()) {
      const Tensor& whole = t.value.tensor().tensor;
      EXPECT_EQ(r.read(t.name).dtype(), whole.dtype());
      EXPECT_EQ(bytes_of(r.read(t.name)), bytes_of(whole)) << t.name;
      const auto ranges = random_ranges(random, whole.sizes());
      EXPECT_EQ(bytes_of(r.read(t.name, ranges)), bytes_of(sliced(whole, ranges))) << t.name;
      ++parts;
    }
    std::cout << "[ cases ] " << parts << " tensors\n";
    EXPECT_GT(parts, 0);
  }
}

TEST(Reader, ViewsThatRepeatCostWhatTheyShow) {
  const TemporaryFolder folder;
  const std::int64_t many = std::int64_t{1} << 40;
  const auto path = folder.file("a.pth", checkpoint_of(pickle("](" + tensor(4, {many, 2}, {0, 1}, 1) +
                                                              tensor(4, {2, many}, {1, 0}) + "e"),
                                                       {counting(4)}));
  const Reader r(path);
  const Tensor t = r.read("0", {{5, many}});
  EXPECT_EQ(t.sizes(), (IntArrayRef{many - 5, 2}));
  EXPECT_EQ(t.storage().nbytes(), 8u);
  EXPECT_EQ(t.data_ptr<float>()[1], 2.0F);
  EXPECT_EQ(r.read("1", {{1, 2}, {many - 1}}).data_ptr<float>()[0], 1.0F);
}

}  // namespace
}  // namespace ballast::testing
