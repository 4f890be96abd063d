// Sampling the last one, two or three dimensions of [N, C, ...] at other positions.
//
//   Tensor y = interpolate(x, {.size = {8, 8}, .mode = "bilinear"});
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "ballast/core/tensor.h"

namespace ballast {

/// One of the sizes of the result and the factors.
struct Interpolation {
  std::vector<std::int64_t> size;    ///< of each dimension after the channels, or one for all
  std::vector<double> scale_factor;  ///< the same
  std::string mode = "nearest";      ///< also nearest-exact, linear, bilinear, bicubic, trilinear, area
  std::optional<bool>
      align_corners;  ///< whether the corners' centres stay in place; for the linear and cubic modes
  /// Whether positions follow from the sizes of the result, not from the factors.
  std::optional<bool> recompute_scale_factor;
  bool antialias = false;  ///< for bilinear and bicubic: averages where the result is smaller
};

[[nodiscard]] Tensor interpolate(const Tensor& input, const Interpolation& options);

}  // namespace ballast
