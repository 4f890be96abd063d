#include <cmath>

#include "ballast/ops/comparison.h"
#include "ballast/ops/elementwise.h"
#include "ballast/ops/factories.h"
#include "ballast/ops/unary.h"

namespace ballast {
namespace {

/// A test of real values. Of the formats without infinities PyTorch knows NaN only.
template <class F>
struct Test {
  static constexpr const char* kName = F::kName;
  static constexpr DTypeSet kTypes = kReals | (kFloat8s & ~F::kRefused);
  template <class T>
  bool operator()(T x) const {
    return F::of(x);
  }
};
constexpr DTypeSet kWithoutInfinity = set_of(kFloat8_e4m3fn, kFloat8_e4m3fnuz, kFloat8_e5m2fnuz);
struct IsInf {
  static constexpr const char* kName = "isinf";
  static constexpr DTypeSet kRefused = kWithoutInfinity | set_of(kFloat8_e8m0fnu);
  static bool of(auto x) { return std::isinf(x); }
};
struct IsFinite {
  static constexpr const char* kName = "isfinite";
  static constexpr DTypeSet kRefused = kWithoutInfinity;
  static bool of(auto x) { return std::isfinite(x); }
};

StridedOperand layout(IntArrayRef sizes, IntArrayRef strides) { return {nullptr, sizes, strides, 1}; }

/// Of real values. In PyTorch infinities are what abs() equals infinity of, and finite is what equals itself and has none: the
/// strides of the result follow from that.
template <class F>
Tensor test(const Tensor& t, bool equals_itself) {
  const IntArrayRef sizes = t.sizes();
  const std::array self{layout(sizes, t.strides())};
  const Dims magnitude = result_strides(sizes, self, false);
  const std::array magnitudes{layout(sizes, magnitude)};
  Dims strides = result_strides(sizes, magnitudes, true);
  if (equals_itself) {
    const std::array both{layout(sizes, magnitude), layout(sizes, strides)};
    strides = result_strides(sizes, both, false);
  }
  Tensor out = empty_strided(sizes, strides, t.options().dtype(kBool));
  detail::unary_into(out, t, t.dtype(), Test<F>{});
  return out;
}

Tensor real_part(const Tensor& t) { return t.view_as_real().select(-1, 0); }
Tensor imaginary_part(const Tensor& t) { return t.view_as_real().select(-1, 1); }

}  // namespace

Tensor Tensor::isnan() const { return ne(*this); }

Tensor Tensor::isinf() const {
  if (ballast::is_integral(dtype(), true)) return full_like(*this, false, kBool);
  if (!is_complex()) return test<IsInf>(*this, false);
  const Tensor out = real_part(*this).isinf();
  return out.copy_(out | imaginary_part(*this).isinf());
}

/// Of float8_e8m0fnu PyTorch says that everything is finite.
Tensor Tensor::isfinite() const {
  if (ballast::is_integral(dtype(), true) || dtype() == kFloat8_e8m0fnu) return full_like(*this, true, kBool);
  if (!is_complex()) return test<IsFinite>(*this, true);
  const Tensor out = real_part(*this).isfinite();
  return out.copy_(out & imaginary_part(*this).isfinite());
}

Tensor isnan(const Tensor& self) { return self.isnan(); }
Tensor isinf(const Tensor& self) { return self.isinf(); }
Tensor isfinite(const Tensor& self) { return self.isfinite(); }

}  // namespace ballast
