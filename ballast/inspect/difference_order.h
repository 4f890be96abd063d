// Which of two tensors, or layers, moved more. Internal.
#pragma once

#include <cmath>
#include <limits>

namespace ballast::inspect::detail {

/// By `not_finite`, then `relative`, then `max_abs`: the order of `Comparison::pairs` and of layers.
template <class Moved>
[[nodiscard]] bool moved_more(const Moved& x, const Moved& y) {
  if (x.not_finite != y.not_finite) return x.not_finite > y.not_finite;
  // What overflows has no number that could be less.
  const auto size = [](double d) { return std::isnan(d) ? std::numeric_limits<double>::infinity() : d; };
  if (size(x.relative) != size(y.relative)) return size(x.relative) > size(y.relative);
  return size(x.max_abs) > size(y.max_abs);
}

}  // namespace ballast::inspect::detail
