#include "tools/ballast/files/sha256.h"

#include <gtest/gtest.h>

#include "ballast/core/tensor.h"

namespace ballast::tool {
namespace {

std::string hash_of(const Tensor& t) {
  checkpoint::TensorValue value;
  value.tensor = t;
  return tensor_sha256(value).value_or("none");
}

Tensor counting(IntArrayRef sizes) {
  Tensor t = empty(sizes, kInt32);
  for (std::int64_t i = 0; i < t.numel(); ++i)
    t.data_ptr<std::int32_t>()[i] = static_cast<std::int32_t>(i * 2654435761);
  return t;
}

/// The elements copied one by one, in row-major order.
Tensor slow_contiguous(const Tensor& t) {
  Tensor out = empty(t.sizes(), t.dtype());
  copy_elements(out, t);
  return out;
}

TEST(Sha256, OfKnownBytes) {
  Tensor abc = empty({3}, kUInt8);
  for (int i = 0; i < 3; ++i) abc.data_ptr<std::uint8_t>()[i] = static_cast<std::uint8_t>('a' + i);
  EXPECT_EQ(hash_of(abc), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
  EXPECT_EQ(hash_of(empty({0, 4})), "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
}

TEST(Sha256, OfAViewIsThatOfItsContiguousCopy) {
  const Tensor base = counting({300, 40, 30});
  const Tensor views[] = {
      base.alias({30, 40, 300}, {1, 30, 1200}, 0),     // transposed
      base.alias({300, 20, 15}, {1200, 60, 2}, 31),    // every second
      base.alias({360000 / 3}, {3}, 0),                // one long strided dimension
      base.alias({2, 180000}, {0, 2}, 0),              // repeated, rows larger than the buffer
      base.alias({1000, 7}, {1, 0}, 5),                // repeated elements
      base.alias({2, 2, 90000}, {100, 180000, 1}, 0),  // contiguous rows that overlap
  };
  for (const Tensor& v : views) EXPECT_EQ(hash_of(v), hash_of(slow_contiguous(v))) << shape_text(v.sizes());
}

TEST(Sha256, GivesUpOnElementsRepeatedWithoutMeasure) {
  const Tensor one = counting({1});
  EXPECT_EQ(hash_of(one.alias({std::int64_t{1} << 40}, {0}, 0)), "none");
  EXPECT_NE(hash_of(one.alias({1 << 20}, {0}, 0)), "none");
}

TEST(Sha256, MetaTensorsHaveNone) {
  EXPECT_EQ(hash_of(empty({3}, TensorOptions(kFloat32).device(kMeta))), "none");
}

}  // namespace
}  // namespace ballast::tool
