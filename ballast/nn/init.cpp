#include "ballast/nn/init.h"

#include <cmath>
#include <span>
#include <string>

#include "ballast/autograd/grad_mode.h"
#include "ballast/core/error.h"
#include "ballast/core/warning.h"
#include "ballast/ops/inplace.h"
#include "ballast/ops/random_trunc_normal.h"

namespace ballast::nn::init {
namespace {

/// Python's x ** 2, which asks the C library: not always x * x in the last bit. The compiler must not know the exponent.
double python_square(double x) {
  static const volatile double two = 2;
  return std::pow(x, two);
}

double leaky_relu_gain(double negative_slope) { return std::sqrt(2.0 / (1 + python_square(negative_slope))); }

double xavier_std(const Tensor& tensor, double gain) {
  const auto [fan_in, fan_out] = _calculate_fan_in_and_fan_out(tensor);
  check<ValueError>(fan_in + fan_out != 0,
                    "float division by zero: fan in and fan out of shape {} are both 0",
                    shape_text(tensor.sizes()));
  return gain * std::sqrt(2.0 / static_cast<double>(fan_in + fan_out));
}

/// gain / sqrt(fan); nothing, and a warning, for a tensor without elements.
std::optional<double> kaiming_std(const Tensor& tensor, double a, const FanModeType& mode,
                                  const NonlinearityType& nonlinearity) {
  if (tensor.numel() == 0) {
    warn("Initializing zero-element tensors is a no-op");
    return std::nullopt;
  }
  check<ValueError>(mode.known(), "Mode {} not supported, please use one of ['fan_in', 'fan_out']",
                    mode.python());
  const auto [fan_in, fan_out] = _calculate_fan_in_and_fan_out(tensor);
  const double gain = calculate_gain(nonlinearity, a);
  return gain / std::sqrt(static_cast<double>(mode.is(kFanIn) ? fan_in : fan_out));
}

}  // namespace

std::string FanModeType::lower(std::string_view text) {
  std::string out(text);
  for (char& c : out) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  }
  return out;
}

double calculate_gain(const NonlinearityType& nonlinearity, const std::optional<Scalar>& param) {
  check<ValueError>(nonlinearity.known(), "Unsupported nonlinearity {}", nonlinearity.python());
  if (nonlinearity.is(kTanh)) return 5.0 / 3;
  if (nonlinearity.is(kReLU)) return std::sqrt(2.0);
  if (nonlinearity.is(kSELU)) return 3.0 / 4;
  if (!nonlinearity.is(kLeakyReLU)) return 1;
  if (!param) return leaky_relu_gain(0.01);
  check<ValueError>(!param->is_boolean(), "negative_slope {} not a valid number",
                    param->toBool() ? "True" : "False");
  return leaky_relu_gain(param->toDouble());
}

std::tuple<std::int64_t, std::int64_t> _calculate_fan_in_and_fan_out(const Tensor& tensor) {
  check<ValueError>(tensor.dim() >= 2,
                    "Fan in and fan out can not be computed for tensor with fewer than 2 dimensions");
  const IntArrayRef sizes = tensor.sizes();
  std::int64_t receptive_field = 1;
  for (const std::int64_t size : sizes.slice(2)) receptive_field *= size;
  return {sizes[1] * receptive_field, sizes[0] * receptive_field};
}

Tensor uniform_(const Tensor& tensor, double a, double b, const std::optional<Generator>& generator) {
  const NoGradGuard no_grad;
  return tensor.uniform_(a, b, generator);
}

Tensor normal_(const Tensor& tensor, double mean, double std, const std::optional<Generator>& generator) {
  const NoGradGuard no_grad;
  return tensor.normal_(mean, std, generator);
}

Tensor trunc_normal_(const Tensor& tensor, double mean, double std, double a, double b,
                     const std::optional<Generator>& generator) {
  if (tensor.is_meta()) return tensor;
  if (mean < a - 2 * std || mean > b + 2 * std) {
    warn(
        "mean is more than 2 std from [a, b] in nn.init.trunc_normal_. The distribution of values may be "
        "incorrect.");
  }
  const NoGradGuard no_grad;
  check_inplace(tensor);
  trunc_normal_fill(tensor, mean, std, a, b, generator);
  return tensor;
}

Tensor constant_(const Tensor& tensor, const Scalar& value) {
  const NoGradGuard no_grad;
  return tensor.fill_(value);
}

Tensor ones_(const Tensor& tensor) { return constant_(tensor, 1.0); }

Tensor zeros_(const Tensor& tensor) {
  const NoGradGuard no_grad;
  return tensor.zero_();
}

Tensor xavier_uniform_(const Tensor& tensor, double gain, const std::optional<Generator>& generator) {
  const double bound = std::sqrt(3.0) * xavier_std(tensor, gain);
  return uniform_(tensor, -bound, bound, generator);
}

Tensor xavier_normal_(const Tensor& tensor, double gain, const std::optional<Generator>& generator) {
  return normal_(tensor, 0, xavier_std(tensor, gain), generator);
}

Tensor kaiming_uniform_(const Tensor& tensor, double a, const FanModeType& mode,
                        const NonlinearityType& nonlinearity, const std::optional<Generator>& generator) {
  const std::optional<double> std = kaiming_std(tensor, a, mode, nonlinearity);
  if (!std) return tensor;
  const double bound = std::sqrt(3.0) * *std;
  return uniform_(tensor, -bound, bound, generator);
}

Tensor kaiming_normal_(const Tensor& tensor, double a, const FanModeType& mode,
                       const NonlinearityType& nonlinearity, const std::optional<Generator>& generator) {
  const std::optional<double> std = kaiming_std(tensor, a, mode, nonlinearity);
  return std ? normal_(tensor, 0, *std, generator) : tensor;
}

void default_weight_and_bias_(const Tensor& weight, const Tensor& bias) {
  static const double gain = leaky_relu_gain(std::sqrt(5.0));
  const double fan_in = static_cast<double>(std::get<0>(_calculate_fan_in_and_fan_out(weight)));
  const NoGradGuard no_grad;
  if (weight.numel() == 0) {
    warn("Initializing zero-element tensors is a no-op");
  } else {
    const double bound = std::sqrt(3.0) * (gain / std::sqrt(fan_in));
    weight.uniform_(-bound, bound);
  }
  if (bias.defined()) {
    const double bound = fan_in > 0 ? 1 / std::sqrt(fan_in) : 0;
    bias.uniform_(0 - bound, bound);  // from 0, not -0, where there is no input
  }
}

namespace detail {
void warn_renamed(const char* name) {
  warn(fmt::format("`nn.init.{0}` is now deprecated in favor of `nn.init.{0}_`.", name));
}
}  // namespace detail

}  // namespace ballast::nn::init
