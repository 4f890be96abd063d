// Values chosen element by element: limits, masks, either-or.
//
//   Tensor inside = clamp(x, -1, 1);
//   x.masked_fill_(x.isnan(), 0);
//   Tensor y = where(x > 0, x, zeros_like(x));
#pragma once

#include "ballast/core/tensor.h"

namespace ballast {

/// Not below `min`, not above `max`; `max` wins where they cross; NaN stays, and a limit of NaN makes everything NaN. A real
/// limit lifts integers to the default type. ValueError if neither is given.
[[nodiscard]] Tensor clamp(const Tensor& self, const std::optional<Scalar>& min,
                           const std::optional<Scalar>& max = std::nullopt);
[[nodiscard]] Tensor clamp_min(const Tensor& self, const Scalar& min);
[[nodiscard]] Tensor clamp_max(const Tensor& self, const Scalar& max);
/// `value` where `mask` (bool, broadcast) is true. DTypeError "masked_fill_ only supports boolean masks, ...".
[[nodiscard]] Tensor masked_fill(const Tensor& self, const Tensor& mask, const Scalar& value);
/// `self` where `condition` (bool) is true, else `other`; all three broadcast.
[[nodiscard]] Tensor where(const Tensor& condition, const Tensor& self, const Tensor& other);

}  // namespace ballast
