// Dropout as functions: ops/dropout.h, with the options of the layers.
//
//   Tensor h = F::dropout(x, F::DropoutFuncOptions().p(0.2).training(net->is_training()));
//
// In place: the input itself, changed.
#pragma once

#include "ballast/core/tensor.h"
#include "ballast/nn/options.h"

namespace ballast::nn::functional {

struct DropoutFuncOptions {
  BALLAST_ARG(Number, p) = 0.5;
  BALLAST_ARG(bool, training) = true;
  BALLAST_ARG(bool, inplace) = false;
};
using Dropout1dFuncOptions = DropoutFuncOptions;
using Dropout2dFuncOptions = DropoutFuncOptions;
using Dropout3dFuncOptions = DropoutFuncOptions;
struct AlphaDropoutFuncOptions {
  BALLAST_ARG(Number, p) = 0.5;
  BALLAST_ARG(bool, training) = false;
  BALLAST_ARG(bool, inplace) = false;
};
using FeatureAlphaDropoutFuncOptions = AlphaDropoutFuncOptions;

Tensor dropout(const Tensor& input, const DropoutFuncOptions& options = {});
/// Channels of [N, C, L] or [C, L]. ShapeError for other ranks.
Tensor dropout1d(const Tensor& input, const Dropout1dFuncOptions& options = {});
/// Channels of [N, C, H, W], and, with a warning, of [N, C, L]; other ranks are warned of.
Tensor dropout2d(const Tensor& input, const Dropout2dFuncOptions& options = {});
/// Channels of [N, C, D, H, W] or [C, D, H, W]; other ranks are warned of.
Tensor dropout3d(const Tensor& input, const Dropout3dFuncOptions& options = {});
Tensor alpha_dropout(const Tensor& input, const AlphaDropoutFuncOptions& options = {});
Tensor feature_alpha_dropout(const Tensor& input, const FeatureAlphaDropoutFuncOptions& options = {});

}  // namespace ballast::nn::functional
