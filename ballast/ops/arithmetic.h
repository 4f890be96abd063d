// Sums, differences, products, quotients, remainders and powers, element by element; and the operators + - * / %.
//
//   Tensor y = 2 * x + b;              // b broadcasts, the types promote
//   x *= x.abs() >= 5;                 // -0.0 where a negative number goes
//
// Shapes broadcast as in NumPy: ShapeError "The size of tensor a (2) must match the size of tensor b (3) at non-singleton
// dimension 0". Types promote as in PyTorch (promotion.h); `/` of integers is real. Results are bit for bit PyTorch's for
// real types; integers wrap around. Members with an underscore (`x.add_(y)`) and the compound operators write into the left
// tensor: DTypeError "result type Float can't be cast to the desired output type Int".
// Division of an integer by zero in remainder throws ValueError "ZeroDivisionError".
#pragma once

#include "ballast/core/tensor.h"

namespace ballast {

/// self + alpha * other.
[[nodiscard]] Tensor add(const Tensor& self, const Tensor& other, const Scalar& alpha = 1);
[[nodiscard]] Tensor add(const Tensor& self, const Scalar& other, const Scalar& alpha = 1);
/// self - alpha * other. DTypeError for truth values.
[[nodiscard]] Tensor sub(const Tensor& self, const Tensor& other, const Scalar& alpha = 1);
[[nodiscard]] Tensor sub(const Tensor& self, const Scalar& other, const Scalar& alpha = 1);
/// other - alpha * self.
[[nodiscard]] Tensor rsub(const Tensor& self, const Tensor& other, const Scalar& alpha = 1);
[[nodiscard]] Tensor rsub(const Tensor& self, const Scalar& other, const Scalar& alpha = 1);
[[nodiscard]] Tensor mul(const Tensor& self, const Tensor& other);
[[nodiscard]] Tensor mul(const Tensor& self, const Scalar& other);
[[nodiscard]] Tensor div(const Tensor& self, const Tensor& other);
[[nodiscard]] Tensor div(const Tensor& self, const Scalar& other);
/// What is left of self / other rounded down: it has the sign of `other`, as Python's %.
[[nodiscard]] Tensor remainder(const Tensor& self, const Tensor& other);
[[nodiscard]] Tensor remainder(const Tensor& self, const Scalar& other);
[[nodiscard]] Tensor remainder(const Scalar& self, const Tensor& other);
/// self to the power of exponent. Integers stay integers: a negative number as exponent throws ValueError "Integers to
/// negative integer powers are not allowed."; a negative element gives 0, or +-1 where the base is +-1.
[[nodiscard]] Tensor pow(const Tensor& self, const Tensor& exponent);
[[nodiscard]] Tensor pow(const Tensor& self, const Scalar& exponent);
[[nodiscard]] Tensor pow(const Scalar& self, const Tensor& exponent);

[[nodiscard]] inline Tensor operator+(const Tensor& a, const Tensor& b) { return a.add(b); }
[[nodiscard]] inline Tensor operator+(const Tensor& a, const Scalar& b) { return a.add(b); }
[[nodiscard]] Tensor operator+(const Scalar& a, const Tensor& b);
[[nodiscard]] inline Tensor operator-(const Tensor& a, const Tensor& b) { return a.sub(b); }
[[nodiscard]] inline Tensor operator-(const Tensor& a, const Scalar& b) { return a.sub(b); }
[[nodiscard]] inline Tensor operator-(const Scalar& a, const Tensor& b) { return rsub(b, a); }
[[nodiscard]] inline Tensor operator*(const Tensor& a, const Tensor& b) { return a.mul(b); }
[[nodiscard]] inline Tensor operator*(const Tensor& a, const Scalar& b) { return a.mul(b); }
[[nodiscard]] inline Tensor operator*(const Scalar& a, const Tensor& b) { return b.mul(a); }
[[nodiscard]] inline Tensor operator/(const Tensor& a, const Tensor& b) { return a.div(b); }
[[nodiscard]] inline Tensor operator/(const Tensor& a, const Scalar& b) { return a.div(b); }
/// The reciprocal of `b` times `a`, rounded twice, as in PyTorch.
[[nodiscard]] Tensor operator/(const Scalar& a, const Tensor& b);
[[nodiscard]] inline Tensor operator%(const Tensor& a, const Tensor& b) { return a.remainder(b); }
[[nodiscard]] inline Tensor operator%(const Tensor& a, const Scalar& b) { return a.remainder(b); }
[[nodiscard]] inline Tensor operator%(const Scalar& a, const Tensor& b) { return remainder(a, b); }
[[nodiscard]] inline Tensor operator-(const Tensor& a) { return a.neg(); }

}  // namespace ballast
