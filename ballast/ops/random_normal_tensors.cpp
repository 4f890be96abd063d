#include "ballast/ops/random.h"

namespace ballast {
namespace {

void check_deviations(const Tensor& std) {
  check<DTypeError>(!std.is_complex(), "normal expects standard deviation to be non-complex");
  if (std.is_meta() || std.numel() == 0) return;
  check<ValueError>(std.ge(0).all().item<bool>(), "normal expects all elements of std >= 0.0");
}

}  // namespace

Tensor normal(const Tensor& mean, double std, const std::optional<Generator>& generator) {
  Tensor out = empty(mean.sizes(), mean.options());
  out.normal_(0, std, generator);
  out.add_(mean);
  return out;
}

Tensor normal(double mean, const Tensor& std, const std::optional<Generator>& generator) {
  check_deviations(std);
  Tensor out = empty(std.sizes(), std.options());
  out.normal_(0, 1, generator);
  out.mul_(std).add_(mean);
  return out;
}

Tensor normal(const Tensor& mean, const Tensor& std, const std::optional<Generator>& generator) {
  check_deviations(std);
  Tensor out = empty(broadcast_shapes(mean.sizes(), std.sizes()), mean.options());
  out.normal_(0, 1, generator);
  out.mul_(std).add_(mean);
  return out;
}

}  // namespace ballast
