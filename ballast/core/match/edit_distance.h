// How far two words are apart.
#pragma once

#include <cstddef>
#include <string_view>

namespace ballast {

/// How many letters must be put in, left out, changed or swapped with their neighbour to turn `a` into `b`: the optimal
/// string alignment distance (Damerau 1964, each part edited once). Time and memory are the product of the lengths.
[[nodiscard]] std::size_t edit_distance(std::string_view a, std::string_view b);

}  // namespace ballast
