// Positions as Python counts them: negative ones from the end, slices.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

namespace ballast::nn {

using SliceBound = std::optional<std::int64_t>;

/// The position that `index` means among `size`; IndexError "index 3 is out of range".
[[nodiscard]] std::size_t python_index(std::int64_t index, std::size_t size);
/// Where `insert(index)` puts something, 0..size; IndexError "Index out of range: 5".
[[nodiscard]] std::size_t python_insert_index(std::int64_t index, std::size_t size);
/// The positions of [start:stop:step], in its order. ValueError for a step of 0.
[[nodiscard]] std::vector<std::size_t> python_slice(SliceBound start, SliceBound stop, std::int64_t step,
                                                    std::size_t size);

}  // namespace ballast::nn
