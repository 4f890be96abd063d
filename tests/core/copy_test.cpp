// Copying elements: every conversion against PyTorch, every layout against a slow twin.
#include <array>
#include <cstring>
#include <iostream>
#include <numeric>
#include <random>

#include "tests/support/golden.h"
#include <gtest/gtest.h>

#include "ballast/core/convert_element.h"
#include "ballast/core/tensor.h"

namespace ballast {
namespace {

using testing::Json;

TEST(CopyElementsTest, ConvertsAsPyTorch) {
  std::size_t pairs = 0;
  for (const Json& row : testing::read_json_lines("core/conversions.jsonl")) {
    const DType from = dtype_from_name(row["from"].get<std::string>()).value();
    const DType to = dtype_from_name(row["to"].get<std::string>()).value();
    const std::string before = testing::from_hex(row["before"]);
    const auto n = static_cast<std::int64_t>(before.size()) / itemsize(from);
    const Tensor dst = empty({n}, to);
    copy_elements(dst, testing::tensor_of_bytes(before, from, {n}));

    // NaN is compared as such: its bits say nothing.
    std::string after = testing::to_hex(testing::bytes_of(dst));
    const std::string expected = row["after"];
    const auto* elements = static_cast<const std::byte*>(dst.data_ptr());
    visit_dtype(to_real_dtype(to), [&]<class T>(std::type_identity<T>) {
      if constexpr (!std::is_same_v<T, ComplexHalf>) {
        for (std::size_t at = 0; at < after.size() / 2; at += sizeof(T)) {
          const auto value = convert_element<double>(load_element<T>(elements + at));
          if (value != value)
            std::fill_n(after.begin() + static_cast<std::ptrdiff_t>(2 * at), 2 * sizeof(T), 'n');
        }
      }
    });
    EXPECT_EQ(after, expected) << dtype_name(from) << " to " << dtype_name(to);
    ++pairs;
  }
  std::cout << "[ cases ] " << pairs << " pairs of types of core/conversions.jsonl\n";
  EXPECT_EQ(pairs, 441u);
}

/// The offset of the i-th element in row-major order.
std::int64_t place(const Tensor& t, std::int64_t i) {
  std::int64_t at = 0;
  for (std::size_t d = t.sizes().size(); d-- > 0;) {
    at += i % t.sizes()[d] * t.strides()[d];
    i /= t.sizes()[d];
  }
  return at;
}

void copy_slowly(const Tensor& dst, const Tensor& src) {
  visit_dtype(dst.dtype(), [&]<class To>(std::type_identity<To>) {
    visit_dtype(src.dtype(), [&]<class From>(std::type_identity<From>) {
      for (std::int64_t i = 0; i < dst.numel(); ++i) {
        dst.data_ptr<To>()[place(dst, i)] = convert_element<To>(src.data_ptr<From>()[place(src, i)]);
      }
    });
  });
}

/// A view of random shape order, steps and offset inside a storage of its own, filled with known bytes.
Tensor random_view(std::mt19937& random, const std::vector<std::int64_t>& sizes, DType dtype,
                   bool may_repeat) {
  std::vector<std::size_t> order(sizes.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::shuffle(order.begin(), order.end(), random);
  Dims strides(sizes.size());
  std::int64_t step = 1 + static_cast<std::int64_t>(random() % 2);
  for (const std::size_t d : order) {
    strides[d] = may_repeat && random() % 4 == 0 ? 0 : step;
    step *= sizes[d];
    if (random() % 3 == 0) step += random() % 5;
  }
  const std::int64_t offset = random() % 4;
  const std::int64_t extent = storage_extent(sizes, strides, offset).value();
  const Tensor whole = empty({extent}, dtype);
  auto* bytes = static_cast<std::uint8_t*>(whole.data_ptr());
  for (std::int64_t i = 0; i < whole.nbytes(); ++i) {
    bytes[i] = static_cast<std::uint8_t>(dtype == kBool ? random() % 2 : random() % 120);
  }
  return whole.alias(sizes, strides, offset);
}

Tensor whole_storage(const Tensor& t) {
  return tensor_on(t.storage(), t.dtype(), {static_cast<std::int64_t>(t.storage().nbytes()) / t.itemsize()},
                   {1});
}

TEST(CopyElementsTest, EveryLayoutEqualsTheSlowTwin) {
  static constexpr std::array kTypes = {kFloat32,  kFloat64,    kInt8, kInt64,
                                        kBFloat16, kComplex128, kBool, kFloat16};
  std::mt19937 random(7);
  for (int round = 0; round < 2000; ++round) {
    // Every tenth time large enough for strips and buffers to begin anew.
    const bool large = round % 10 == 0;
    std::vector<std::int64_t> sizes(large ? 2 : random() % 7);
    for (std::int64_t& n : sizes) n = 1 + static_cast<std::int64_t>(random() % (large ? 300 : 4));
    const DType from = kTypes[random() % kTypes.size()];
    const DType to = random() % 2 == 0 ? from : kTypes[random() % kTypes.size()];
    const Tensor src = random_view(random, sizes, from, true);
    const Tensor dst = random_view(random, sizes, to, false);
    const Tensor twin_whole =
        testing::tensor_of_bytes(testing::bytes_of(whole_storage(dst)), to, whole_storage(dst).sizes().vec());
    const Tensor twin = twin_whole.alias(dst.sizes(), dst.strides(), dst.storage_offset());
    copy_elements(dst, src);
    copy_slowly(twin, src);
    // The whole storages are compared: nothing beside the view may change.
    ASSERT_EQ(testing::bytes_of(whole_storage(dst)), testing::bytes_of(twin_whole))
        << shape_text(dst.sizes()) << " strides " << shape_text(dst.strides()) << " from "
        << shape_text(src.strides()) << ", " << dtype_name(from) << " to " << dtype_name(to);
  }
}

TEST(CopyElementsTest, ThereAndBackKeepsEveryBit) {
  // Types that hold every value of another one.
  static constexpr std::array<std::pair<DType, DType>, 11> kWidening = {{{kFloat16, kFloat32},
                                                                         {kBFloat16, kFloat64},
                                                                         {kFloat8_e4m3fn, kFloat16},
                                                                         {kFloat8_e5m2, kFloat32},
                                                                         {kInt8, kBFloat16},
                                                                         {kUInt16, kFloat32},
                                                                         {kInt32, kFloat64},
                                                                         {kUInt32, kInt64},
                                                                         {kBool, kFloat8_e5m2fnuz},
                                                                         {kFloat32, kComplex64},
                                                                         {kComplex32, kComplex128}}};
  std::mt19937 random(3);
  for (const auto& [narrow, wide] : kWidening) {
    const Tensor src = random_view(random, {500}, narrow, false);
    const Tensor there = empty({500}, wide);
    const Tensor back = empty({500}, narrow);
    copy_elements(there, src);
    copy_elements(back, there);
    EXPECT_EQ(testing::bytes_of(back), testing::bytes_of(src))
        << dtype_name(narrow) << " by " << dtype_name(wide);
  }
}

TEST(CopyElementsTest, ATensorCopiedOntoItselfStaysAsItIs) {
  std::mt19937 random(5);
  for (const auto& sizes : std::vector<std::vector<std::int64_t>>{{6}, {2, 3, 4}}) {
    const Tensor t = random_view(random, sizes, kFloat32, false);
    const std::string before = testing::bytes_of(whole_storage(t));
    copy_elements(t, t);
    copy_elements(t.alias(t.sizes(), t.strides(), t.storage_offset()), t);
    EXPECT_EQ(testing::bytes_of(whole_storage(t)), before);
  }
}

TEST(CopyElementsTest, OverlappingRunsOfMemoryMoveAsOne) {
  const Tensor whole = testing::tensor_of_bytes("abcdefgh", kUInt8, {8});
  copy_elements(whole.alias({6}, {1}, 2), whole.alias({6}, {1}, 0));
  EXPECT_EQ(testing::bytes_of(whole), "ababcdef");
}

TEST(CopyElementsTest, SizesMustBeEqual) {
  EXPECT_THROW(copy_elements(empty({2, 3}), empty({3, 2})), ShapeError);
  EXPECT_THROW(copy_elements(empty({1}), empty({})), ShapeError);
}

TEST(CopyElementsTest, EmptyAndMetaTensorsHaveNothingToCopy) {
  copy_elements(empty({0, 3}), empty({0, 3}, kInt8));
  const Tensor huge = empty({1'000'000, 1'000'000}, TensorOptions(kFloat32).device(kMeta));
  copy_elements(huge, huge);
  copy_elements(huge, empty({1'000'000, 1'000'000}, TensorOptions(kFloat64).device(kMeta)));
}

TEST(CopyElementsTest, TakesElementsAtAnyAddressAndAnyByteAsATruth) {
  std::string bytes("\0\0\0\x80\x3f\0\0\0\x40", 9);
  const Tensor floats = empty({2}, kFloat64);
  copy_elements(floats, from_blob(bytes.data() + 1, {2}, kFloat32));
  EXPECT_EQ(floats.data_ptr<double>()[0], 1.0);
  EXPECT_EQ(floats.data_ptr<double>()[1], 2.0);
  std::string truths("\0\x02\xff", 3);
  const Tensor numbers = empty({3}, kInt32);
  copy_elements(numbers, from_blob(truths.data(), {3}, kBool));
  EXPECT_EQ(numbers.data_ptr<std::int32_t>()[1], 1);
  EXPECT_EQ(numbers.data_ptr<std::int32_t>()[2], 1);
}

}  // namespace
}  // namespace ballast
