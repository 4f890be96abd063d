// What a difference of shapes looks like.
#pragma once

#include <string>

#include "ballast/core/array_ref.h"
#include "ballast/core/match/match_report.h"

namespace ballast {

/// Whether a value of shape `from` goes as a whole into a place of shape `to`: the same, or one element into none.
[[nodiscard]] bool same_shape(IntArrayRef from, IntArrayRef to) noexcept;

[[nodiscard]] ShapeCause shape_cause(IntArrayRef from, IntArrayRef to);

/// "[8, 4] in the file, [4, 8] in the model: transposed?"
[[nodiscard]] std::string shape_reason(ShapeCause cause, IntArrayRef from, IntArrayRef to);

/// Whether slicing helps: as many dimensions.
[[nodiscard]] inline bool can_slice(IntArrayRef from, IntArrayRef to) noexcept {
  return from.size() == to.size();
}

/// Whether every value of type `from` is one of type `to`; false for types that are unknown.
[[nodiscard]] bool holds_every_value(std::string_view to, std::string_view from);

}  // namespace ballast
