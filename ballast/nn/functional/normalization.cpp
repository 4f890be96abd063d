#include "ballast/nn/functional/normalization.h"

#include "ballast/ops/normalization.h"

namespace ballast::nn::functional {

Tensor batch_norm(const Tensor& input, const Tensor& running_mean, const Tensor& running_var,
                  const BatchNormFuncOptions& o) {
  if (o.training() && input.dim() >= 2) {
    check<ValueError>(input.sizes()[0] * numel_of(input.sizes().slice(2)) != 1,
                      "Expected more than 1 value per channel when training, got input size {}",
                      Shown{input.sizes()});
  }
  return ballast::batch_norm(input, o.weight(), o.bias(), running_mean, running_var, o.training(),
                             o.momentum().value_or(0), o.eps());
}

Tensor instance_norm(const Tensor& input, const InstanceNormFuncOptions& o) {
  if (o.use_input_stats() && input.dim() >= 2) {
    check<ValueError>(numel_of(input.sizes().slice(2)) != 1,
                      "Expected more than 1 spatial element when training, got input size {}",
                      Shown{input.sizes()});
  }
  return ballast::instance_norm(input, o.weight(), o.bias(), o.running_mean(), o.running_var(),
                                o.use_input_stats(), o.momentum(), o.eps());
}

Tensor layer_norm(const Tensor& input, const LayerNormFuncOptions& o) {
  return ballast::layer_norm(input, o.normalized_shape(), o.weight(), o.bias(), o.eps());
}

Tensor rms_norm(const Tensor& input, const RMSNormFuncOptions& o) {
  return ballast::rms_norm(input, o.normalized_shape(), o.weight(), o.eps());
}

Tensor group_norm(const Tensor& input, const GroupNormFuncOptions& o) {
  if (input.dim() >= 2 && o.num_groups() > 0) {
    check<ValueError>(
        input.sizes()[0] * (input.sizes()[1] / o.num_groups()) * numel_of(input.sizes().slice(2)) != 1,
        "Expected more than 1 value per channel when training, got input size {}", Shown{input.sizes()});
  }
  return ballast::group_norm(input, o.num_groups(), o.weight(), o.bias(), o.eps());
}

Tensor local_response_norm(const Tensor& input, const LocalResponseNormFuncOptions& o) {
  return ballast::local_response_norm(input, o.size(), o.alpha(), o.beta(), o.k());
}

}  // namespace ballast::nn::functional
