// compare() as a slow loop over pairs of single elements.
#pragma once

#include "ballast/inspect/compare.h"

namespace ballast::testing {

/// Every pair by itself, in long double.
[[nodiscard]] inspect::Difference slow_difference(const Tensor& a, const Tensor& b,
                                                  const inspect::CompareOptions& options);

/// Counts and extremes are the same; sums within 1e-11 of their scale, unless squares of doubles overflow.
void expect_equal(const inspect::Difference& found, const inspect::Difference& slow, bool overflows);

}  // namespace ballast::testing
