// A line search: a step length along a direction at which the loss has fallen enough and the slope has become
// flat enough (the strong Wolfe conditions; Nocedal & Wright 2006, algorithms 3.5 and 3.6, with cubic
// interpolation). For LBFGS.
#pragma once

#include <cstdint>
#include <functional>

#include "ballast/core/tensor.h"

namespace ballast::optim {

/// What is known at step length t.
struct LinePoint {
  double t = 0;
  double loss = 0;
  double slope = 0;  ///< of the loss along the direction
  Tensor grad;       ///< flat
};

struct LineSearch {
  LinePoint found;
  std::int64_t evaluations = 0;
};

/// Searches from `start` (t = 0) with `t` as the first length to try. `evaluate(t)` gives the point at t;
/// `longest` is the largest element of the direction, `tolerance_change` the smallest change of a parameter
/// worth looking at.
[[nodiscard]] LineSearch strong_wolfe(const std::function<LinePoint(double)>& evaluate,
                                      const LinePoint& start, double t, double longest,
                                      double tolerance_change, std::int64_t max_iterations);

}  // namespace ballast::optim
