// What a tensor is: a handle, a view with checked bounds, flags.
#include "ballast/core/tensor.h"

#include <limits>

#include "tests/support/golden.h"
#include "tests/support/thrown.h"
#include <gtest/gtest.h>

namespace ballast {
namespace {

using testing::text_of;

Tensor bytes(const std::string& s) {
  return testing::tensor_of_bytes(s, kUInt8, {static_cast<std::int64_t>(s.size())});
}

TEST(TensorTest, IsAHandle) {
  const Tensor a = empty({2, 3});
  const Tensor b = a;
  EXPECT_TRUE(a.is_same(b));
  EXPECT_EQ(a.use_count(), 2u);
  EXPECT_FALSE(a.is_same(empty({2, 3})));
  Tensor variable = a;
  variable = empty({1});
  EXPECT_EQ(a.numel(), 6) << "assigning to a variable leaves the tensor alone";
}

TEST(TensorTest, UndefinedHasNoShape) {
  const Tensor none;
  EXPECT_FALSE(none.defined());
  EXPECT_EQ(none.use_count(), 0u);
  EXPECT_THROW((void)none.numel(), Error);
  EXPECT_THROW((void)none.sizes(), Error);
  EXPECT_THROW((void)none.data_ptr(), Error);
}

TEST(TensorTest, ANewTensorIsRowMajor) {
  const Tensor t = empty({2, 3, 4}, kInt16);
  EXPECT_EQ(t.strides(), IntArrayRef({12, 4, 1}));
  EXPECT_EQ(t.dim(), 3);
  EXPECT_EQ(t.numel(), 24);
  EXPECT_EQ(t.itemsize(), 2);
  EXPECT_EQ(t.nbytes(), 48);
  EXPECT_EQ(t.storage().nbytes(), 48u);
  EXPECT_EQ(t.size(-1), 4);
  EXPECT_EQ(t.stride(-3), 12);
  EXPECT_THROW((void)t.size(3), IndexError);
  EXPECT_TRUE(t.is_contiguous());
  EXPECT_FALSE(t.is_floating_point());
  EXPECT_TRUE(t.is_leaf());
  EXPECT_FALSE(t.grad().defined());
}

TEST(TensorTest, SizesThatFitNowhereAreRefused) {
  EXPECT_THROW((void)empty({-1}), ShapeError);
  constexpr std::int64_t kMax = std::numeric_limits<std::int64_t>::max();
  EXPECT_THROW((void)empty({kMax}), ShapeError) << "as many bytes do not fit";
  EXPECT_THROW((void)empty({kMax, 3}, TensorOptions().device(kMeta)), ShapeError);
  EXPECT_THROW((void)empty_strided({2}, {-1}), ShapeError);
  EXPECT_THROW((void)empty_strided({2}, {1, 1}), ShapeError);
}

TEST(TensorTest, StridesOfOnesOwnGetTheStorageTheyNeed) {
  const Tensor t = empty_strided({2, 3}, {1, 10}, kFloat64);
  EXPECT_EQ(t.storage().nbytes(), 22u * 8u);
  EXPECT_EQ(empty_strided({2, 3}, {0, 0}).storage().nbytes(), 4u);
}

TEST(TensorTest, AMetaTensorHasAShapeAndNoMemory) {
  const Tensor t = empty({1'000'000, 1'000'000}, TensorOptions(kFloat16).device(kMeta));
  EXPECT_TRUE(t.is_meta());
  EXPECT_EQ(t.numel(), 1'000'000'000'000);
  EXPECT_EQ(t.data_ptr(), nullptr);
  EXPECT_THROW((void)empty({1}, TensorOptions().device(kMeta)).item(), DeviceError);
}

TEST(TensorTest, AnAliasSharesTheStorage) {
  const Tensor t = bytes("abcdef");
  const Tensor v = t.alias({2, 2}, {3, 1}, 1);
  EXPECT_TRUE(v.storage().is_same(t.storage()));
  EXPECT_FALSE(v.is_same(t));
  EXPECT_EQ(testing::bytes_of(v), "bcef");
  *v.data_ptr<std::uint8_t>() = 'X';
  EXPECT_EQ(testing::bytes_of(t), "aXcdef");
}

TEST(TensorTest, AnAliasStaysInsideItsStorage) {
  const Tensor t = empty({6});
  EXPECT_NO_THROW((void)t.alias({6}, {1}, 0));
  EXPECT_NO_THROW((void)t.alias({3}, {2}, 1));
  EXPECT_NO_THROW((void)t.alias({0}, {1}, 6));
  EXPECT_NO_THROW((void)t.alias({0}, {1}, 7)) << "nothing is not outside";
  EXPECT_THROW((void)t.alias({6}, {1}, 1), ShapeError);
  EXPECT_THROW((void)t.alias({3}, {3}, 0), ShapeError);
  EXPECT_THROW((void)t.alias({1}, {1}, -1), ShapeError);
  EXPECT_THROW((void)t.alias({2}, {-1}, 3), ShapeError);
  EXPECT_THROW((void)t.alias({2}, {std::int64_t{1} << 62}, 0), ShapeError);
  EXPECT_THROW((void)t.alias({2, 3}, {1}, 0), ShapeError);
  EXPECT_THROW((void)tensor_on(t.storage(), kFloat64, {6}, {1}), ShapeError) << "24 bytes hold 3 doubles";
  EXPECT_NO_THROW((void)tensor_on(t.storage(), kFloat64, {3}, {1}));
}

TEST(TensorTest, BorrowedMemoryIsGivenBack) {
  std::vector<float> memory{1, 2, 3, 4, 5, 6};
  int released = 0;
  {
    const Tensor t = from_blob(memory.data(), {3, 2}, [&](void*) { ++released; });
    const Tensor row = t.alias({2}, {1}, 2);
    EXPECT_EQ(row.data_ptr<float>()[1], 4.0f);
    EXPECT_EQ(from_blob(memory.data(), {2, 3}, {1, 2}, nullptr).data_ptr<float>(), memory.data());
    EXPECT_EQ(released, 0);
  }
  EXPECT_EQ(released, 1);
  EXPECT_THROW((void)from_blob(memory.data(), {2}, {-1}, nullptr), ShapeError);
}

TEST(TensorTest, TypedAccessChecksTheType) {
  const Tensor t = empty({2});
  EXPECT_EQ(text_of<DTypeError>([&] { (void)t.data_ptr<std::int32_t>(); }),
            "expected scalar type Int but found Float");
  EXPECT_EQ(text_of<DTypeError>([&] { (void)t.data_ptr<double>(); }),
            "expected scalar type Double but found Float");
}

TEST(TensorTest, ItemIsForOneElement) {
  EXPECT_EQ(bytes("A").item().toLong(), 65);
  EXPECT_EQ(bytes("A").item<double>(), 65.0);
  EXPECT_EQ(testing::tensor_of_bytes(std::string("\0\0\x80\x3f", 4), kFloat32, {1, 1}).item<float>(), 1.0f);
  EXPECT_EQ(testing::tensor_of_bytes(std::string("\0\x3c\0\x40", 4), kComplex32, {}).item().toComplexDouble(),
            std::complex<double>(1, 2));
  EXPECT_EQ(testing::tensor_of_bytes("\x38", kFloat8_e4m3fn, {}).item<float>(), 1.0f);
  EXPECT_TRUE(testing::tensor_of_bytes("\x01", kBool, {}).item().is_boolean());
  EXPECT_EQ(text_of<ShapeError>([] { (void)bytes("AB").item(); }),
            "a Tensor with 2 elements cannot be converted to Scalar");
  EXPECT_EQ(text_of<ShapeError>([] { (void)bytes("").item(); }),
            "a Tensor with 0 elements cannot be converted to Scalar");
}

TEST(TensorTest, DataIsANewTensorOnTheSameValues) {
  const Tensor t = empty({2}, requires_grad());
  for (const Tensor& d : {t.data(), t.detach(), t.variable_data()}) {
    EXPECT_FALSE(d.is_same(t));
    EXPECT_TRUE(d.storage().is_same(t.storage()));
    EXPECT_FALSE(d.requires_grad());
  }
  EXPECT_TRUE(t.requires_grad());
}

TEST(TensorTest, SetDataKeepsTheTensorsIdentity) {
  const Tensor t = empty({2}, requires_grad());
  const Tensor other_handle = t;
  const Tensor value = empty({3, 4}, kFloat64);
  t.set_data(value);
  EXPECT_TRUE(other_handle.is_same(t));
  EXPECT_EQ(other_handle.sizes(), IntArrayRef({3, 4}));
  EXPECT_EQ(other_handle.dtype(), kFloat64);
  EXPECT_EQ(other_handle.numel(), 12);
  EXPECT_TRUE(other_handle.storage().is_same(value.storage()));
  EXPECT_TRUE(t.requires_grad());
  EXPECT_EQ(text_of<DTypeError>([&] { t.set_data(empty({2}, kInt64)); }),
            "data set to a tensor that requires gradients must be floating point or complex dtype");
  EXPECT_EQ(t.dtype(), kFloat64) << "a refused value changes nothing";
}

TEST(TensorTest, OnlyRealAndComplexTypesRequireGradients) {
  for (const DType d : {kInt64, kBool, kUInt8}) {
    const Tensor t = empty({2}, d);
    EXPECT_EQ(text_of<DTypeError>([&] { t.requires_grad_(); }),
              "Only Tensors of floating point and complex dtype can require gradients");
    EXPECT_NO_THROW(t.requires_grad_(false));
    EXPECT_THROW((void)empty({2}, TensorOptions(d).requires_grad(true)), DTypeError);
  }
  for (const DType d : {kFloat32, kBFloat16, kComplex64})
    EXPECT_TRUE(empty({2}, d).requires_grad_().requires_grad());
}

TEST(ParameterTest, IsANewTensorOnItsData) {
  const Tensor t = empty({2, 3});
  const Parameter p(t);
  EXPECT_TRUE(p.is_parameter());
  EXPECT_TRUE(p.requires_grad());
  EXPECT_TRUE(p.storage().is_same(t.storage()));
  EXPECT_FALSE(p.is_same(t));
  EXPECT_FALSE(t.is_parameter());
  EXPECT_FALSE(t.requires_grad());
  EXPECT_FALSE(p.data().is_parameter());
  const Tensor as_tensor = p;
  EXPECT_TRUE(as_tensor.is_parameter()) << "a handle of the base type is the same parameter";
}

TEST(ParameterTest, MayBeFrozenAndOfAnyTypeThen) {
  EXPECT_FALSE(Parameter(empty({2}), false).requires_grad());
  EXPECT_TRUE(Parameter(empty({2}, kInt64), false).is_parameter());
  EXPECT_THROW((void)Parameter(empty({2}, kInt64)), DTypeError);
  EXPECT_FALSE(Parameter().defined());
}

}  // namespace
}  // namespace ballast
