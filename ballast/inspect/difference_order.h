// Which of two tensors moved more. Internal.
#pragma once

#include "ballast/inspect/compare.h"

namespace ballast::inspect::detail {

/// By `not_finite`, then `relative`, then `max_abs`: the order of `Comparison::pairs`.
[[nodiscard]] bool moved_more(const Difference& x, const Difference& y);

}  // namespace ballast::inspect::detail
