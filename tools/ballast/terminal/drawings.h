// A histogram and a heat map in characters.
//
// Without colours, cells are shaded by magnitude, from a dot for zero to a full block. With colours (256 of xterm's), two cells
// stand above each other in one character: blue below zero, red above, white for zero.
#pragma once

#include <cstddef>

#include <fmt/format.h>

#include "ballast/inspect/heat_map.h"
#include "ballast/inspect/statistics.h"

namespace ballast::tool {

/// A line for each bin: its lower edge, a bar of at most `width` characters, the count. With `logarithmic` bars are as long as the
/// logarithm of 1 + count. The last line has the upper edge.
void draw_histogram(fmt::memory_buffer& out, const inspect::Statistics& s, std::size_t width,
                    bool logarithmic);

/// What a cell shows.
enum class CellFigure : std::uint8_t { kPeak, kMean };

/// A line for each row of cells (with colours, for two), and what the shades mean.
void draw_heat_map(fmt::memory_buffer& out, const inspect::HeatMap& map, CellFigure figure, bool colors);

}  // namespace ballast::tool
