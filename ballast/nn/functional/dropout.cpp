#include "ballast/nn/functional/dropout.h"

#include "ballast/core/printable.h"
#include "ballast/core/warning.h"
#include "ballast/nn/extra_repr.h"
#include "ballast/ops/dropout.h"

namespace ballast::nn::functional {
namespace {

double checked(const Number& p) {
  const double value = p;
  check<ValueError>(!(value < 0 || value > 1), "dropout probability has to be between 0 and 1, but got {}",
                    nn::detail::python_text(p));
  return value;
}

Tensor feature_dropout_of(const Tensor& input, const DropoutFuncOptions& options) {
  const double p = options.p();
  return options.inplace() ? feature_dropout_(input, p, options.training())
                           : feature_dropout(input, p, options.training());
}

/// The same of one sample without its batch dimension.
Tensor feature_dropout_of_sample(const Tensor& input, const DropoutFuncOptions& options) {
  const Tensor result = feature_dropout_of(input.unsqueeze(0), options);
  return options.inplace() ? input : result.squeeze(0);
}

void warn_of_rank(const char* name, std::int64_t rank, int spatial, const char* ranks) {
  warn(fmt::format(
      "{0}: Received a {1}-D input to {0}, which is deprecated and will result in an error in a future "
      "release. To retain the behavior and silence this warning, please use dropout instead. Note that {0} "
      "exists to provide channel-wise dropout on inputs with {2} spatial dimensions, a channel dimension, "
      "and an optional batch dimension (i.e. {3} inputs).",
      name, rank, spatial, ranks));
}

}  // namespace

Tensor dropout(const Tensor& input, const DropoutFuncOptions& options) {
  const double p = checked(options.p());
  return options.inplace() ? dropout_(input, p, options.training())
                           : ballast::dropout(input, p, options.training());
}

Tensor dropout1d(const Tensor& input, const Dropout1dFuncOptions& options) {
  checked(options.p());
  check<ShapeError>(
      input.dim() == 2 || input.dim() == 3,
      "dropout1d: Expected 2D or 3D input, but received a {}D input. Note that dropout1d exists to "
      "provide channel-wise dropout on inputs with 1 spatial dimension, a channel dimension, and an "
      "optional batch dimension (i.e. 2D or 3D inputs).",
      input.dim());
  return input.dim() == 2 ? feature_dropout_of_sample(input, options) : feature_dropout_of(input, options);
}

Tensor dropout2d(const Tensor& input, const Dropout2dFuncOptions& options) {
  checked(options.p());
  if (input.dim() != 3 && input.dim() != 4) warn_of_rank("dropout2d", input.dim(), 2, "3D or 4D");
  if (input.dim() == 3) {
    warn(
        "dropout2d: Received a 3D input to dropout2d and assuming that channel-wise 1D dropout behavior is "
        "desired - input is interpreted as shape (N, C, L), where C is the channel dim. This behavior will "
        "change in a future release to interpret the input as one without a batch dimension, i.e. shape (C, "
        "H, W). To maintain the 1D channel-wise dropout behavior, please switch to using dropout1d instead.");
  }
  return feature_dropout_of(input, options);
}

Tensor dropout3d(const Tensor& input, const Dropout3dFuncOptions& options) {
  checked(options.p());
  const bool batched = input.dim() == 5;
  if (!batched && input.dim() != 4) warn_of_rank("dropout3d", input.dim(), 3, "4D or 5D");
  return batched ? feature_dropout_of(input, options) : feature_dropout_of_sample(input, options);
}

Tensor alpha_dropout(const Tensor& input, const AlphaDropoutFuncOptions& options) {
  const double p = checked(options.p());
  return options.inplace() ? alpha_dropout_(input, p, options.training())
                           : ballast::alpha_dropout(input, p, options.training());
}

Tensor feature_alpha_dropout(const Tensor& input, const FeatureAlphaDropoutFuncOptions& options) {
  const double p = checked(options.p());
  return options.inplace() ? feature_alpha_dropout_(input, p, options.training())
                           : ballast::feature_alpha_dropout(input, p, options.training());
}

}  // namespace ballast::nn::functional
