// First values of parameters: every function of torch.nn.init, with its bits.
//
//   nn::init::xavier_uniform_(linear->weight);
//   nn::init::kaiming_normal_(conv->weight, 0, kFanOut, kReLU);
//   nn::init::trunc_normal_(w, 0, 0.02, -2, 2, Generator(42));
//
// All write in place, whatever the tensor's strides and whether or not it requires grad, and return the
// tensor they were given. Draws come from `generator`, else from the default one, and are PyTorch's for the
// seed (docs/rng.md). On a meta tensor they check their arguments and draw nothing.
//
// Fan-in and fan-out: a weight of shape [out, in, k...] has fan_in = in * prod(k) and fan_out = out *
// prod(k).
//
// Sources: X. Glorot, Y. Bengio, Understanding the difficulty of training deep feedforward neural networks,
// AISTATS 2010. K. He, X. Zhang, S. Ren, J. Sun, Delving deep into rectifiers, ICCV 2015. A. Saxe, J.
// McClelland, S. Ganguli, Exact solutions to the nonlinear dynamics of learning in deep linear neural
// networks, ICLR 2014. J. Martens, Deep learning via Hessian-free optimization, ICML 2010.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <tuple>

#include "ballast/core/generator.h"
#include "ballast/core/scalar.h"
#include "ballast/core/tensor.h"
#include "ballast/nn/enums.h"

namespace ballast::nn::init {

/// What follows the layer; decides the gain. kReLU or "relu".
using NonlinearityType =
    Choice<enumtype::kLinear, enumtype::kConv1D, enumtype::kConv2D, enumtype::kConv3D,
           enumtype::kConvTranspose1D, enumtype::kConvTranspose2D, enumtype::kConvTranspose3D,
           enumtype::kSigmoid, enumtype::kTanh, enumtype::kReLU, enumtype::kLeakyReLU, enumtype::kSELU>;

/// kFanIn keeps the variance of the forward pass, kFanOut that of the backward pass. Strings count in any
/// case.
class FanModeType : public Choice<enumtype::kFanIn, enumtype::kFanOut> {
 public:
  FanModeType() = default;
  FanModeType(enumtype::kFanIn mode) : Choice(mode) {}   // NOLINT(*-explicit-*)
  FanModeType(enumtype::kFanOut mode) : Choice(mode) {}  // NOLINT(*-explicit-*)
  template <std::convertible_to<std::string_view> S>
  FanModeType(const S& python) : Choice(lower(python)) {}  // NOLINT(*-explicit-*)

 private:
  static std::string lower(std::string_view text);
};

/// The recommended gain: 1 for linear, convolution and sigmoid; 5/3 for tanh; sqrt(2) for ReLU;
/// sqrt(2 / (1 + slope^2)) for leaky ReLU, whose slope is `param` (0.01 if absent); 3/4 for SELU.
/// ValueError "Unsupported nonlinearity swish"; "negative_slope True not a valid number".
[[nodiscard]] double calculate_gain(const NonlinearityType& nonlinearity,
                                    const std::optional<Scalar>& param = std::nullopt);

/// (fan_in, fan_out). ValueError for fewer than two dimensions.
[[nodiscard]] std::tuple<std::int64_t, std::int64_t> _calculate_fan_in_and_fan_out(const Tensor& tensor);

/// U(a, b): every value in [a, b). Error "uniform_ expects to return a [from, to) range, but found from=1 >
/// to=0".
Tensor uniform_(const Tensor& tensor, double a = 0, double b = 1,
                const std::optional<Generator>& generator = {});

/// N(mean, std^2). Error "normal expects std >= 0.0, but found std -1".
Tensor normal_(const Tensor& tensor, double mean = 0, double std = 1,
               const std::optional<Generator>& generator = {});

/// N(mean, std^2) with values outside [a, b] drawn again. Warns if the mean is more than 2 std outside [a,
/// b].
Tensor trunc_normal_(const Tensor& tensor, double mean = 0, double std = 1, double a = -2, double b = 2,
                     const std::optional<Generator>& generator = {});

Tensor constant_(const Tensor& tensor, const Scalar& value);
Tensor ones_(const Tensor& tensor);
Tensor zeros_(const Tensor& tensor);

/// The identity, for a matrix of any shape. ValueError unless it has two dimensions.
Tensor eye_(const Tensor& tensor);

/// The delta function in the middle of the kernel of a [out, in, k...] weight with 1 to 3 kernel dimensions:
/// the convolution passes on as many channels as it can, in each of `groups` groups of output channels.
/// ValueError for other ranks, or where `groups` does not divide out.
Tensor dirac_(const Tensor& tensor, std::int64_t groups = 1);

/// U(-a, a), a = gain * sqrt(6 / (fan_in + fan_out)). Glorot & Bengio 2010.
Tensor xavier_uniform_(const Tensor& tensor, double gain = 1, const std::optional<Generator>& generator = {});

/// N(0, std^2), std = gain * sqrt(2 / (fan_in + fan_out)). Glorot & Bengio 2010.
Tensor xavier_normal_(const Tensor& tensor, double gain = 1, const std::optional<Generator>& generator = {});

/// U(-b, b), b = gain * sqrt(3 / fan). He et al. 2015. `a` is the slope of a leaky ReLU. A tensor without
/// elements is left alone, with the warning "Initializing zero-element tensors is a no-op". ValueError "Mode
/// x not supported, please use one of ['fan_in', 'fan_out']".
Tensor kaiming_uniform_(const Tensor& tensor, double a = 0, const FanModeType& mode = kFanIn,
                        const NonlinearityType& nonlinearity = kLeakyReLU,
                        const std::optional<Generator>& generator = {});

/// N(0, std^2), std = gain / sqrt(fan). He et al. 2015. Otherwise as kaiming_uniform_.
Tensor kaiming_normal_(const Tensor& tensor, double a = 0, const FanModeType& mode = kFanIn,
                       const NonlinearityType& nonlinearity = kLeakyReLU,
                       const std::optional<Generator>& generator = {});

/// `gain` times a (semi-)orthogonal matrix: the Q of a normal matrix's QR factorisation, its signs fixed so
/// that R has a positive diagonal. Dimensions beyond the first count as one. Saxe et al. 2014. ValueError
/// below two dimensions. Equal to PyTorch's to rounding (LAPACK decides the last bits).
Tensor orthogonal_(const Tensor& tensor, double gain = 1, const std::optional<Generator>& generator = {});

/// N(0, std^2) with ceil(sparsity * rows) elements of every column zeroed. Martens 2010. As in PyTorch,
/// `generator` gives the values only: which elements are zeroed comes from the default generator. ValueError
/// unless a matrix.
Tensor sparse_(const Tensor& tensor, double sparsity, double std = 0.01,
               const std::optional<Generator>& generator = {});

/// What layers do with their weights and biases when they are made, without looking at options: U(-b, b) with
/// b computed as PyTorch's layers compute it, kaiming_uniform_(weight, sqrt(5)), and 1 / sqrt(fan_in) for the
/// bias.
void default_weight_and_bias_(const Tensor& weight, const Tensor& bias);

}  // namespace ballast::nn::init

#include "ballast/nn/init_deprecated.h"  // IWYU pragma: export
