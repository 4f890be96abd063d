// Comparisons and logic, element by element, and the operators == != < <= > >= ! & | ^ ~.
//
//   Tensor large = x.abs() >= 5;       // bool
//   Tensor mask = (x > 0) & !(x == 3);
//
// Both sides are compared in the type they promote to; shapes broadcast. NaN is unequal to everything. Order is not defined
// for complex numbers: NotImplementedError "\"lt_cpu\" not implemented for 'ComplexFloat'".
#pragma once

#include "ballast/core/tensor.h"

namespace ballast {

[[nodiscard]] Tensor eq(const Tensor& self, const Tensor& other);
[[nodiscard]] Tensor eq(const Tensor& self, const Scalar& other);
[[nodiscard]] Tensor ne(const Tensor& self, const Tensor& other);
[[nodiscard]] Tensor ne(const Tensor& self, const Scalar& other);
[[nodiscard]] Tensor lt(const Tensor& self, const Tensor& other);
[[nodiscard]] Tensor lt(const Tensor& self, const Scalar& other);
[[nodiscard]] Tensor le(const Tensor& self, const Tensor& other);
[[nodiscard]] Tensor le(const Tensor& self, const Scalar& other);
[[nodiscard]] Tensor gt(const Tensor& self, const Tensor& other);
[[nodiscard]] Tensor gt(const Tensor& self, const Scalar& other);
[[nodiscard]] Tensor ge(const Tensor& self, const Tensor& other);
[[nodiscard]] Tensor ge(const Tensor& self, const Scalar& other);

/// Same shape and equal values, in the type they promote to. DeviceError for meta tensors, which have no values.
[[nodiscard]] bool equal(const Tensor& self, const Tensor& other);
/// |self - other| <= atol + rtol * |other| everywhere, or equal; shapes broadcast. DTypeError "Float did not match Double".
[[nodiscard]] bool allclose(const Tensor& self, const Tensor& other, double rtol = 1e-5, double atol = 1e-8,
                            bool equal_nan = false);
/// The test of allclose for each element.
[[nodiscard]] Tensor isclose(const Tensor& self, const Tensor& other, double rtol = 1e-5, double atol = 1e-8,
                             bool equal_nan = false);

/// The larger and the smaller of two; NaN if either is.
[[nodiscard]] Tensor maximum(const Tensor& self, const Tensor& other);
[[nodiscard]] Tensor minimum(const Tensor& self, const Tensor& other);

// Truth: whatever is not zero is true.
[[nodiscard]] Tensor logical_not(const Tensor& self);
[[nodiscard]] Tensor logical_and(const Tensor& self, const Tensor& other);
[[nodiscard]] Tensor logical_or(const Tensor& self, const Tensor& other);
[[nodiscard]] Tensor logical_xor(const Tensor& self, const Tensor& other);
// Bits of integers; logic for truth values.
[[nodiscard]] Tensor bitwise_not(const Tensor& self);
[[nodiscard]] Tensor bitwise_and(const Tensor& self, const Tensor& other);
[[nodiscard]] Tensor bitwise_and(const Tensor& self, const Scalar& other);
[[nodiscard]] Tensor bitwise_or(const Tensor& self, const Tensor& other);
[[nodiscard]] Tensor bitwise_or(const Tensor& self, const Scalar& other);
[[nodiscard]] Tensor bitwise_xor(const Tensor& self, const Tensor& other);
[[nodiscard]] Tensor bitwise_xor(const Tensor& self, const Scalar& other);

[[nodiscard]] inline Tensor operator==(const Tensor& a, const Tensor& b) { return a.eq(b); }
[[nodiscard]] inline Tensor operator==(const Tensor& a, const Scalar& b) { return a.eq(b); }
[[nodiscard]] inline Tensor operator==(const Scalar& a, const Tensor& b) { return b.eq(a); }
[[nodiscard]] inline Tensor operator!=(const Tensor& a, const Tensor& b) { return a.ne(b); }
[[nodiscard]] inline Tensor operator!=(const Tensor& a, const Scalar& b) { return a.ne(b); }
[[nodiscard]] inline Tensor operator!=(const Scalar& a, const Tensor& b) { return b.ne(a); }
[[nodiscard]] inline Tensor operator<(const Tensor& a, const Tensor& b) { return a.lt(b); }
[[nodiscard]] inline Tensor operator<(const Tensor& a, const Scalar& b) { return a.lt(b); }
[[nodiscard]] inline Tensor operator<(const Scalar& a, const Tensor& b) { return b.gt(a); }
[[nodiscard]] inline Tensor operator<=(const Tensor& a, const Tensor& b) { return a.le(b); }
[[nodiscard]] inline Tensor operator<=(const Tensor& a, const Scalar& b) { return a.le(b); }
[[nodiscard]] inline Tensor operator<=(const Scalar& a, const Tensor& b) { return b.ge(a); }
[[nodiscard]] inline Tensor operator>(const Tensor& a, const Tensor& b) { return a.gt(b); }
[[nodiscard]] inline Tensor operator>(const Tensor& a, const Scalar& b) { return a.gt(b); }
[[nodiscard]] inline Tensor operator>(const Scalar& a, const Tensor& b) { return b.lt(a); }
[[nodiscard]] inline Tensor operator>=(const Tensor& a, const Tensor& b) { return a.ge(b); }
[[nodiscard]] inline Tensor operator>=(const Tensor& a, const Scalar& b) { return a.ge(b); }
[[nodiscard]] inline Tensor operator>=(const Scalar& a, const Tensor& b) { return b.le(a); }
[[nodiscard]] inline Tensor operator!(const Tensor& a) { return a.logical_not(); }
[[nodiscard]] inline Tensor operator~(const Tensor& a) { return bitwise_not(a); }
[[nodiscard]] inline Tensor operator&(const Tensor& a, const Tensor& b) { return a.bitwise_and(b); }
[[nodiscard]] inline Tensor operator&(const Tensor& a, const Scalar& b) { return bitwise_and(a, b); }
[[nodiscard]] inline Tensor operator&(const Scalar& a, const Tensor& b) { return bitwise_and(b, a); }
[[nodiscard]] inline Tensor operator|(const Tensor& a, const Tensor& b) { return a.bitwise_or(b); }
[[nodiscard]] inline Tensor operator|(const Tensor& a, const Scalar& b) { return bitwise_or(a, b); }
[[nodiscard]] inline Tensor operator|(const Scalar& a, const Tensor& b) { return bitwise_or(b, a); }
[[nodiscard]] inline Tensor operator^(const Tensor& a, const Tensor& b) { return bitwise_xor(a, b); }
[[nodiscard]] inline Tensor operator^(const Tensor& a, const Scalar& b) { return bitwise_xor(a, b); }
[[nodiscard]] inline Tensor operator^(const Scalar& a, const Tensor& b) { return bitwise_xor(b, a); }

}  // namespace ballast
