// torch.nn.init's names from before the underscore. Each does what its successor does, and says so.
#pragma once

#include <cstdint>
#include <optional>

#include "ballast/nn/init.h"

namespace ballast::nn::init {

namespace detail {
/// Warns "`nn.init.uniform` is now deprecated in favor of `nn.init.uniform_`."
void warn_renamed(const char* name);
}  // namespace detail

// Name, parameters, arguments.
#define BALLAST_INIT_RENAMED(NAME, PARAMETERS, ARGUMENTS)                    \
  [[deprecated("use nn::init::" #NAME "_")]] inline Tensor NAME PARAMETERS { \
    detail::warn_renamed(#NAME);                                             \
    return NAME##_ ARGUMENTS;                                                \
  }

BALLAST_INIT_RENAMED(uniform,
                     (const Tensor& tensor, double a = 0, double b = 1,
                      const std::optional<Generator>& generator = {}),
                     (tensor, a, b, generator))
BALLAST_INIT_RENAMED(normal,
                     (const Tensor& tensor, double mean = 0, double std = 1,
                      const std::optional<Generator>& generator = {}),
                     (tensor, mean, std, generator))
BALLAST_INIT_RENAMED(constant, (const Tensor& tensor, const Scalar& value), (tensor, value))
BALLAST_INIT_RENAMED(eye, (const Tensor& tensor), (tensor))
BALLAST_INIT_RENAMED(dirac, (const Tensor& tensor, std::int64_t groups = 1), (tensor, groups))
BALLAST_INIT_RENAMED(xavier_uniform,
                     (const Tensor& tensor, double gain = 1, const std::optional<Generator>& generator = {}),
                     (tensor, gain, generator))
BALLAST_INIT_RENAMED(xavier_normal,
                     (const Tensor& tensor, double gain = 1, const std::optional<Generator>& generator = {}),
                     (tensor, gain, generator))
BALLAST_INIT_RENAMED(kaiming_uniform,
                     (const Tensor& tensor, double a = 0, const FanModeType& mode = kFanIn,
                      const NonlinearityType& nonlinearity = kLeakyReLU,
                      const std::optional<Generator>& generator = {}),
                     (tensor, a, mode, nonlinearity, generator))
BALLAST_INIT_RENAMED(kaiming_normal,
                     (const Tensor& tensor, double a = 0, const FanModeType& mode = kFanIn,
                      const NonlinearityType& nonlinearity = kLeakyReLU,
                      const std::optional<Generator>& generator = {}),
                     (tensor, a, mode, nonlinearity, generator))
BALLAST_INIT_RENAMED(orthogonal,
                     (const Tensor& tensor, double gain = 1, const std::optional<Generator>& generator = {}),
                     (tensor, gain, generator))
BALLAST_INIT_RENAMED(sparse,
                     (const Tensor& tensor, double sparsity, double std = 0.01,
                      const std::optional<Generator>& generator = {}),
                     (tensor, sparsity, std, generator))
#undef BALLAST_INIT_RENAMED

}  // namespace ballast::nn::init
