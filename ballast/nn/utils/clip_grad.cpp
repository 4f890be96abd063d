#include "ballast/nn/utils/clip_grad.h"

#include <cmath>
#include <cstddef>
#include <cstdint>
#include <limits>

#include "ballast/autograd/grad_mode.h"
#include "ballast/autograd/variable.h"
#include "ballast/core/error.h"
#include "ballast/ops/factories.h"
#include "ballast/ops/promotion.h"

namespace ballast::nn::utils {

namespace {

/// The gradients there are; no handles are copied where there are none.
std::vector<Tensor> gradients_of(const std::vector<Tensor>& parameters) {
  std::vector<Tensor> out;
  out.reserve(parameters.size());
  for (const Tensor& p : parameters) {
    const autograd::VariableMeta* const meta = autograd::find_meta(p);
    if (meta != nullptr && meta->own_grad().defined()) out.push_back(meta->own_grad());
  }
  return out;
}

}  // namespace

double clip_grad_norm_(const std::vector<Tensor>& parameters, double max_norm, double norm_type,
                       bool error_if_nonfinite) {
  const NoGradGuard no_grad;
  const std::vector<Tensor> grads = gradients_of(parameters);
  if (grads.empty()) return 0;
  // Sums are taken in double and rounded to the type of the gradients: a norm beyond its range is infinite, as in PyTorch.
  DType dtype = grads.front().is_complex() ? kFloat32 : grads.front().dtype();
  std::vector<double> norms;
  norms.reserve(grads.size());
  for (const Tensor& g : grads) {
    const Tensor norm = g.detach().norm(norm_type);
    dtype = promote_types(dtype, norm.dtype());
    const double value = norm.item<double>();
    const bool overflows =
        dtype == kFloat32 && norm_type > 0 && !std::isinf(norm_type) &&
        std::pow(value, norm_type) > static_cast<double>(std::numeric_limits<float>::max());
    norms.push_back(overflows ? std::numeric_limits<double>::infinity() : value);
  }
  const Tensor all = empty({static_cast<std::int64_t>(norms.size())}, TensorOptions(dtype));
  for (std::size_t i = 0; i < norms.size(); ++i) all.select(0, static_cast<std::int64_t>(i)).fill_(norms[i]);
  const Tensor total = all.norm(norm_type);
  const double norm = total.item<double>();
  check(!error_if_nonfinite || std::isfinite(norm),
        "The total norm of order {} for gradients from `parameters` is non-finite, so it cannot be clipped. "
        "To disable this error "
        "and scale the gradients by the non-finite norm anyway, set `error_if_nonfinite=False`",
        norm_type);
  const double scale = full({}, max_norm, TensorOptions(dtype)).div(total.add(1e-6)).item<double>();
  if (scale >= 1) return norm;
  for (const Tensor& g : grads) g.mul_(scale);
  return norm;
}

double clip_grad_norm_(const Tensor& parameter, double max_norm, double norm_type, bool error_if_nonfinite) {
  return clip_grad_norm_(std::vector<Tensor>{parameter}, max_norm, norm_type, error_if_nonfinite);
}

void clip_grad_value_(const std::vector<Tensor>& parameters, double clip_value) {
  const NoGradGuard no_grad;
  for (const Tensor& g : gradients_of(parameters)) g.clamp_(-clip_value, clip_value);
}

void clip_grad_value_(const Tensor& parameter, double clip_value) {
  clip_grad_value_(std::vector<Tensor>{parameter}, clip_value);
}

}  // namespace ballast::nn::utils
