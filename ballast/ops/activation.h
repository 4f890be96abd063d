// Activations: functions between the layers of a network, element by element (but for glu).
//
//   Tensor h = gelu(x);
//   leaky_relu_(h, 0.2);                       // in place
//   prelu(x, slopes);                          // slopes of one element, or one for each channel (dimension 1)
//
// relu, sigmoid and tanh stand in ops/unary.h, softmax in ops/softmax.h. Floating types; float16 and bfloat16 are computed in
// float. Names of arguments, kinks and the values at them are PyTorch's; results agree to a few units in the last place.
#pragma once

#include <string_view>

#include "ballast/core/tensor.h"

namespace ballast {

/// scale x, or below zero scale alpha (exp(input_scale x) - 1) (Clevert et al. 2015).
[[nodiscard]] Tensor elu(const Tensor& self, const Scalar& alpha = 1, const Scalar& scale = 1,
                         const Scalar& input_scale = 1);
const Tensor& elu_(const Tensor& self, const Scalar& alpha = 1, const Scalar& scale = 1,
                   const Scalar& input_scale = 1);
/// elu with the two numbers that keep mean 0 and variance 1 (Klambauer et al. 2017).
[[nodiscard]] Tensor selu(const Tensor& self);
const Tensor& selu_(const Tensor& self);
/// x, or below zero alpha (exp(x / alpha) - 1) (Barron 2017). ValueError for alpha 0.
[[nodiscard]] Tensor celu(const Tensor& self, const Scalar& alpha = 1);
const Tensor& celu_(const Tensor& self, const Scalar& alpha = 1);
/// x P(X < x), X standard normal (Hendrycks & Gimpel 2016); approximate: "none", or "tanh" for the formula with tanh.
[[nodiscard]] Tensor gelu(const Tensor& self, std::string_view approximate = "none");
const Tensor& gelu_(const Tensor& self, std::string_view approximate = "none");
/// a sigmoid(b), where a and b are the halves of `self` along `dim` (Dauphin et al. 2017).
[[nodiscard]] Tensor glu(const Tensor& self, std::int64_t dim = -1);
/// x outside [-lambda, lambda], else 0.
[[nodiscard]] Tensor hardshrink(const Tensor& self, const Scalar& lambda = 0.5);
/// min(max(x + 3, 0), 6) / 6.
[[nodiscard]] Tensor hardsigmoid(const Tensor& self);
const Tensor& hardsigmoid_(const Tensor& self);
/// x hardsigmoid(x) (Howard et al. 2019).
[[nodiscard]] Tensor hardswish(const Tensor& self);
const Tensor& hardswish_(const Tensor& self);
/// x within [min, max]; integers too.
[[nodiscard]] Tensor hardtanh(const Tensor& self, const Scalar& min = -1, const Scalar& max = 1);
const Tensor& hardtanh_(const Tensor& self, const Scalar& min = -1, const Scalar& max = 1);
/// x, or below zero negative_slope x (Maas et al. 2013).
[[nodiscard]] Tensor leaky_relu(const Tensor& self, const Scalar& negative_slope = 0.01);
const Tensor& leaky_relu_(const Tensor& self, const Scalar& negative_slope = 0.01);
/// log(sigmoid(x)), also where sigmoid is 0.
[[nodiscard]] Tensor log_sigmoid(const Tensor& self);
/// x tanh(softplus(x)) (Misra 2019).
[[nodiscard]] Tensor mish(const Tensor& self);
const Tensor& mish_(const Tensor& self);
/// x, or below zero weight x, where weight is learned too (He et al. 2015). ShapeError "Mismatch of parameter numbers and input
/// channel size. Found parameter numbers = 2 and channel size = 3."
[[nodiscard]] Tensor prelu(const Tensor& self, const Tensor& weight);
const Tensor& relu_(const Tensor& self);
/// In training leaky_relu with a slope of U(lower, upper) for each element that is not above 0, drawn in row-major order (Xu
/// et al. 2015); else with their mean.
[[nodiscard]] Tensor rrelu(const Tensor& self, double lower = 1.0 / 8, double upper = 1.0 / 3,
                           bool training = false, const std::optional<Generator>& generator = {});
const Tensor& rrelu_(const Tensor& self, double lower = 1.0 / 8, double upper = 1.0 / 3,
                     bool training = false, const std::optional<Generator>& generator = {});
/// x sigmoid(x) (Elfwing et al. 2017).
[[nodiscard]] Tensor silu(const Tensor& self);
const Tensor& silu_(const Tensor& self);
/// log(1 + exp(beta x)) / beta; x where beta x is above the threshold.
[[nodiscard]] Tensor softplus(const Tensor& self, const Scalar& beta = 1, const Scalar& threshold = 20);
/// x, lambda nearer to zero, or zero. ValueError "lambda must be greater or equal to 0, but found to be -1."
[[nodiscard]] Tensor softshrink(const Tensor& self, const Scalar& lambda = 0.5);
/// x / (1 + |x|).
[[nodiscard]] Tensor softsign(const Tensor& self);
/// x - tanh(x).
[[nodiscard]] Tensor tanhshrink(const Tensor& self);
/// x above the threshold, else `value`; integers too.
[[nodiscard]] Tensor threshold(const Tensor& self, const Scalar& threshold, const Scalar& value);
const Tensor& threshold_(const Tensor& self, const Scalar& threshold, const Scalar& value);

}  // namespace ballast
