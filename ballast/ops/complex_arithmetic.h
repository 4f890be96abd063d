// Products and quotients of complex numbers by their definition, as tensors have them: C++'s own operators look for lost
// infinities, which gives other values where a part is infinite or NaN.
#pragma once

#include <cmath>
#include <complex>

namespace ballast {

template <class R>
[[nodiscard]] std::complex<R> complex_product(std::complex<R> a, std::complex<R> b) {
  return {a.real() * b.real() - a.imag() * b.imag(), a.real() * b.imag() + a.imag() * b.real()};
}

/// Smith, Algorithm 116 (1962): no overflow where the quotient has none.
template <class R>
[[nodiscard]] std::complex<R> complex_quotient(std::complex<R> a, std::complex<R> b) {
  if (std::abs(b.real()) >= std::abs(b.imag())) {
    if (b.real() == 0 && b.imag() == 0) return {a.real() / std::abs(b.real()), a.imag() / std::abs(b.imag())};
    const R ratio = b.imag() / b.real();
    const R scale = 1 / (b.real() + b.imag() * ratio);
    return {(a.real() + a.imag() * ratio) * scale, (a.imag() - a.real() * ratio) * scale};
  }
  const R ratio = b.real() / b.imag();
  const R scale = 1 / (b.real() * ratio + b.imag());
  return {(a.real() * ratio + a.imag()) * scale, (a.imag() * ratio - a.real()) * scale};
}

}  // namespace ballast
