#include "ballast/nn/utils/clip_grad.h"

#include <cmath>
#include <cstddef>
#include <cstdint>
#include <limits>

#include "ballast/autograd/grad_mode.h"
#include "ballast/autograd/variable.h"
#include "ballast/core/error.h"

namespace ballast::nn::utils {

namespace {

constexpr double kInfinity = std::numeric_limits<double>::infinity();
constexpr double kLargestFloat = std::numeric_limits<float>::max();

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

/// The sum whose root the norm is.
double sum_of_powers(double norm, double norm_type) {
  return norm_type > 0 && !std::isinf(norm_type) ? std::pow(norm, norm_type) : norm;
}

}  // namespace

double clip_grad_norm_(const std::vector<Tensor>& parameters, double max_norm, double norm_type,
                       bool error_if_nonfinite) {
  const NoGradGuard no_grad;
  const std::vector<Tensor> grads = gradients_of(parameters);
  if (grads.empty()) return 0;
  DType dtype = kFloat32;
  std::vector<double> norms;
  norms.reserve(grads.size());
  for (const Tensor& g : grads) {
    const Tensor norm = g.detach().norm(norm_type);
    if (norm.dtype() == kFloat64) dtype = kFloat64;
    norms.push_back(norm.item<double>());
    // A sum beyond the range of its type is infinite in PyTorch, where sums of floats are floats.
    if (norm.dtype() != kFloat64 && sum_of_powers(norms.back(), norm_type) > kLargestFloat)
      norms.back() = kInfinity;
  }
  const double exact =
      from_blob(norms.data(), {static_cast<std::int64_t>(norms.size())}, TensorOptions(kFloat64))
          .norm(norm_type)
          .item<double>();
  const bool in_double = dtype == kFloat64;
  const bool overflows = !in_double && sum_of_powers(exact, norm_type) > kLargestFloat;
  const double norm = in_double   ? exact
                      : overflows ? kInfinity
                                  : static_cast<double>(static_cast<float>(exact));
  check(!error_if_nonfinite || std::isfinite(norm),
        "The total norm of order {} for gradients from `parameters` is non-finite, so it cannot be clipped. "
        "To disable this error and scale the gradients by the non-finite norm anyway, set "
        "`error_if_nonfinite=False`",
        norm_type);
  const double scale =
      in_double ? max_norm / (norm + 1e-6)
                : static_cast<double>(static_cast<float>(max_norm) / (static_cast<float>(norm) + 1e-6F));
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
