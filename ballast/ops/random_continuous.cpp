#include <cmath>
#include <numbers>

#include "ballast/ops/inplace.h"
#include "ballast/ops/random_bounds.h"
#include "ballast/ops/random_draws.h"

namespace ballast {

const Tensor& Tensor::exponential_(double lambda, const std::optional<Generator>& generator) const {
  begin_overwrite(*this, "ExponentialBackward0");
  check<ValueError>(lambda > 0, "exponential_ expects lambda > 0.0, but found lambda={:g}", lambda);
  if (numel() == 0) return *this;
  check_inplace(*this);
  check<DTypeError>(
      is_floating_point(),
      "Exponential distribution is a continuous probability distribution. dtype must be a floating point "
      "but you specified {}",
      dtype_error_name(dtype()));
  detail::visit_floating(dtype(), "exponential_cpu", [&]<class T>(std::type_identity<T>) {
    if (is_meta()) return;
    Generator::State& state = generator_or_default(generator).state();
    const std::lock_guard lock(state.mutex);
    const double scale = -1 / lambda;
    detail::draw_each_u53<T>(state.engine, *this, [scale](double u) { return scale * std::log1p(-u); });
  });
  return *this;
}

const Tensor& Tensor::cauchy_(double median, double sigma, const std::optional<Generator>& generator) const {
  begin_overwrite(*this, "CauchyBackward0");
  check<ValueError>(sigma > 0, "cauchy_ expects sigma > 0.0, but found sigma={:g}", sigma);
  check<DTypeError>(
      is_floating_point(),
      "Cauchy distribution is a continuous probability distribution. dtype must be a floating point but "
      "you specified {}",
      dtype_cpp_name(dtype()));
  if (numel() == 0) return *this;
  check_inplace(*this);
  detail::visit_floating(dtype(), "cauchy_cpu", [&]<class T>(std::type_identity<T>) {
    if (is_meta()) return;
    Generator::State& state = generator_or_default(generator).state();
    const std::lock_guard lock(state.mutex);
    detail::draw_each_u53<T>(state.engine, *this, [median, sigma](double u) {
      return std::fma(sigma, std::tan(std::numbers::pi * (u - 0.5)), median);
    });
  });
  return *this;
}

const Tensor& Tensor::geometric_(double p, const std::optional<Generator>& generator) const {
  begin_overwrite(*this, "GeometricBackward0");
  check<ValueError>(p > 0 && p < 1, "geometric_ expects p to be in (0, 1), but got p={:g}", p);
  if (numel() == 0) return *this;
  check_inplace(*this);
  detail::visit_common<false>(dtype(), "geometric_cpu", [&]<class T>(std::type_identity<T>) {
    if (is_meta()) return;
    Generator::State& state = generator_or_default(generator).state();
    const std::lock_guard lock(state.mutex);
    const double log_failure = std::log1p(-p);
    detail::draw_each_u53<T>(state.engine, *this,
                             [log_failure](double u) { return std::ceil(std::log(u) / log_failure); });
  });
  return *this;
}

}  // namespace ballast
