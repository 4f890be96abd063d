#include "ballast/core/figures.h"

#include <gtest/gtest.h>

#include "ballast/core/saturating_add.h"

namespace ballast {
namespace {

TEST(Figures, AreGroupedInThrees) {
  EXPECT_EQ(with_commas(0), "0");
  EXPECT_EQ(with_commas(999), "999");
  EXPECT_EQ(with_commas(1000), "1,000");
  EXPECT_EQ(with_commas(1234567), "1,234,567");
  EXPECT_EQ(with_commas(~std::uint64_t{0}), "18,446,744,073,709,551,615");
}

TEST(Figures, BytesHaveAboutThreeDigitsAndAUnit) {
  EXPECT_EQ(byte_size(0), "0 B");
  EXPECT_EQ(byte_size(1023), "1023 B");
  EXPECT_EQ(byte_size(1024), "1.00 KiB");
  EXPECT_EQ(byte_size(1962363), "1.87 MiB");
  EXPECT_EQ(byte_size(1024 * 1024 - 1), "1.00 MiB");
  EXPECT_EQ(byte_size(100 * 1024), "100 KiB");
  EXPECT_EQ(byte_size(std::uint64_t{10} << 30), "10.0 GiB");
  EXPECT_EQ(byte_size(~std::uint64_t{0}), "16.0 EiB");
}

TEST(Figures, CountsAreRounded) {
  EXPECT_EQ(rounded_count(0), "0");
  EXPECT_EQ(rounded_count(999), "999");
  EXPECT_EQ(rounded_count(1000), "1.0 k");
  EXPECT_EQ(rounded_count(999'960), "1.0 M");
  EXPECT_EQ(rounded_count(7'000'000'000), "7.0 G");
}

TEST(Figures, SumsStopAtTheLargestNumber) {
  constexpr std::uint64_t kMost = ~std::uint64_t{0};
  EXPECT_EQ(saturating_add(1, 2), 3u);
  EXPECT_EQ(saturating_add(kMost, 0), kMost);
  EXPECT_EQ(saturating_add(kMost, 1), kMost);
  EXPECT_EQ(saturating_add(kMost / 2 + 1, kMost / 2 + 1), kMost);
}

}  // namespace
}  // namespace ballast
