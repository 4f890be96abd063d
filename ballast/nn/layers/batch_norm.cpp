#include "ballast/nn/layers/batch_norm.h"

#include "ballast/nn/extra_repr.h"
#include "ballast/nn/functional.h"
#include "ballast/nn/init.h"

namespace ballast::nn {

template <bool Learns>
NormImpl<Learns>::NormImpl(const NormOptions<Learns>& options_) : options(options_) {
  NormImpl::reset();
}

template <bool Learns>
void NormImpl<Learns>::reset() {
  const std::int64_t n = options.num_features();
  const bool tracks = options.track_running_stats();
  bind_parameter("weight", weight, options.affine() ? empty(n) : Tensor());
  bind_parameter("bias", bias, options.affine() && options.bias() ? empty(n) : Tensor());
  bind_buffer("running_mean", running_mean, tracks ? empty(n) : Tensor());
  bind_buffer("running_var", running_var, tracks ? empty(n) : Tensor());
  bind_buffer("num_batches_tracked", num_batches_tracked, tracks ? empty({}, kInt64) : Tensor());
  reset_parameters();
}

template <bool Learns>
void NormImpl<Learns>::reset_parameters() {
  reset_running_stats();
  if (weight.defined()) init::ones_(weight);
  if (bias.defined()) init::zeros_(bias);
}

template <bool Learns>
void NormImpl<Learns>::reset_running_stats() {
  if (!options.track_running_stats()) return;
  running_mean.zero_();
  running_var.fill_(1);
  num_batches_tracked.zero_();
}

template <bool Learns>
Tensor NormImpl<Learns>::normalise(const Tensor& input, std::int64_t least, std::int64_t most) {
  const bool fits = input.dim() >= least && input.dim() <= most;
  check<ValueError>(fits || most != least, "expected {}D input (got {}D input)", least, input.dim());
  check<ValueError>(fits || most != least + 1, "expected {}D or {}D input (got {}D input)", least, most,
                    input.dim());
  check<ValueError>(fits, "expected at least {}D input (got {}D input)", least, input.dim());
  const bool tracks = running_mean.defined() || running_var.defined();
  double factor = options.momentum() ? static_cast<double>(*options.momentum()) : 0;
  if (this->is_training() && options.track_running_stats() && num_batches_tracked.defined() &&
      !num_batches_tracked.is_meta()) {
    num_batches_tracked.add_(1);
    if (!options.momentum()) factor = 1 / num_batches_tracked.template item<double>();
  }
  const bool uses_running = !this->is_training() || options.track_running_stats();
  return functional::batch_norm(input, uses_running ? running_mean : Tensor(),
                                uses_running ? running_var : Tensor(),
                                functional::BatchNormFuncOptions()
                                    .weight(weight)
                                    .bias(bias)
                                    .training(this->is_training() || !tracks)
                                    .momentum(factor)
                                    .eps(options.eps()));
}

template <bool Learns>
void NormImpl<Learns>::before_load(LoadContext& context) {
  const bool knows_batches = context.version().value_or(1) >= 2;
  if (knows_batches || !options.track_running_stats() || context.contains("num_batches_tracked")) return;
  if (num_batches_tracked.defined() && !num_batches_tracked.is_meta()) {
    context.provide("num_batches_tracked", num_batches_tracked);
  } else {
    Tensor none = empty({}, TensorOptions(kInt64).device(Device(kCPU)));
    none.zero_();
    context.provide("num_batches_tracked", std::move(none));
  }
}

template <bool Learns>
std::string NormImpl<Learns>::extra_repr() const {
  return ExtraRepr()
      .add(options.num_features())
      .add("eps", options.eps())
      .add("momentum", options.momentum())
      .add("affine", options.affine())
      .add("bias", bias.defined())
      .add("track_running_stats", options.track_running_stats());
}

template class NormImpl<true>;
template class NormImpl<false>;

}  // namespace ballast::nn
