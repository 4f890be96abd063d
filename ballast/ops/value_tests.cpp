#include <cmath>

#include "ballast/ops/elementwise.h"
#include "ballast/ops/factories.h"
#include "ballast/ops/unary.h"

namespace ballast {
namespace {

/// A test of the value of each part. Of the formats without infinities PyTorch knows NaN only; of float8_e8m0fnu it says that
/// everything is finite.
template <class F>
struct Test {
  static constexpr const char* kName = F::kName;
  static constexpr DTypeSet kTypes = kEveryType & ~F::kRefused;
  template <class T>
  bool operator()(T x) const {
    if constexpr (std::is_integral_v<T>) {
      return F::kOfIntegers;
    } else if constexpr (detail::is_complex_element<T>) {
      return F::kBothParts ? F::of(x.real()) && F::of(x.imag()) : F::of(x.real()) || F::of(x.imag());
    } else {
      return F::of(x);
    }
  }
};
constexpr DTypeSet kWithoutInfinity = set_of(kFloat8_e4m3fn, kFloat8_e4m3fnuz, kFloat8_e5m2fnuz);
struct IsNan {
  static constexpr const char* kName = "isnan";
  static constexpr DTypeSet kRefused = 0;
  static constexpr bool kOfIntegers = false, kBothParts = false;
  static bool of(auto x) { return std::isnan(x); }
};
struct IsInf {
  static constexpr const char* kName = "isinf";
  static constexpr DTypeSet kRefused = kWithoutInfinity | set_of(kFloat8_e8m0fnu);
  static constexpr bool kOfIntegers = false, kBothParts = false;
  static bool of(auto x) { return std::isinf(x); }
};
struct IsFinite {
  static constexpr const char* kName = "isfinite";
  static constexpr DTypeSet kRefused = kWithoutInfinity;
  static constexpr bool kOfIntegers = true, kBothParts = true;
  static bool of(auto x) { return std::isfinite(x); }
};

template <class F>
Tensor test(const Tensor& t) {
  return unary(t, t.dtype(), Test<F>{}, kBool);
}

}  // namespace

Tensor Tensor::isnan() const { return test<IsNan>(*this); }
Tensor Tensor::isinf() const { return test<IsInf>(*this); }
Tensor Tensor::isfinite() const {
  if (dtype() == kFloat8_e8m0fnu) return full_like(*this, true, kBool);
  return test<IsFinite>(*this);
}

Tensor isnan(const Tensor& self) { return self.isnan(); }
Tensor isinf(const Tensor& self) { return self.isinf(); }
Tensor isfinite(const Tensor& self) { return self.isfinite(); }

}  // namespace ballast
