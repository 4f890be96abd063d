// Windows that slide over the last one, two or three dimensions of a tensor: what convolutions, pooling
// and folds share.
//
// All sizes are held for three dimensions, so that kernels are written once: missing ones come first and
// have windows of one
// place. Not installed.
#pragma once

#include <algorithm>
#include <array>
#include <cstdint>

#include "ballast/core/dims.h"

namespace ballast {

/// Sizes of depth, height and width.
using Space = std::array<std::int64_t, 3>;

/// `values`, one for each of the last dimensions, filled up from the left with `missing`.
[[nodiscard]] inline Space space_of(IntArrayRef values, std::int64_t missing = 1) {
  Space out{missing, missing, missing};
  std::copy(values.begin(), values.end(), out.end() - static_cast<std::ptrdiff_t>(values.size()));
  return out;
}
[[nodiscard]] inline std::int64_t places(const Space& s) { return s[0] * s[1] * s[2]; }

struct Windows {
  Space kernel{1, 1, 1};
  Space stride{1, 1, 1};
  Space before{0, 0, 0};  ///< places that the first window lies before the first element
  Space dilation{1, 1, 1};

  /// How far a window reaches, from its first place to its last.
  [[nodiscard]] std::int64_t reach(std::size_t d) const { return dilation[d] * (kernel[d] - 1) + 1; }
  friend bool operator==(const Windows&, const Windows&) = default;
};

/// The positions o of windows, of `out`, whose place `k` lies inside [0, in): from first to last,
/// exclusive.
struct Inside {
  std::int64_t first, last;
  Inside(const Windows& w, std::size_t d, std::int64_t k, std::int64_t in, std::int64_t out) {
    const std::int64_t at = k * w.dilation[d] - w.before[d];  // of window 0
    const std::int64_t s = w.stride[d];
    first = std::clamp<std::int64_t>(at >= 0 ? 0 : (-at + s - 1) / s, 0, out);
    last = std::clamp<std::int64_t>(in - at <= 0 ? 0 : (in - at + s - 1) / s, first, out);
  }
};

}  // namespace ballast
