#include "tools/ballast/terminal/drawings.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <string>
#include <string_view>
#include <vector>

#include "ballast/core/figures.h"

namespace ballast::tool {
namespace {

using inspect::HeatCell;
using inspect::HeatMap;

template <class... Args>
void print(fmt::memory_buffer& out, fmt::format_string<Args...> text, Args&&... args) {
  fmt::format_to(std::back_inserter(out), text, std::forward<Args>(args)...);
}

/// A bar of `eighths` eighths of a character.
std::string bar(std::size_t eighths) {
  constexpr std::array<std::string_view, 8> kParts{"", "▏", "▎", "▍", "▌", "▋", "▊", "▉"};
  std::string text;
  for (std::size_t i = 0; i < eighths / 8; ++i) text += "█";
  return text += kParts[eighths % 8];
}

double value_of(const HeatCell& cell, CellFigure figure) {
  return figure == CellFigure::kMean ? cell.mean : cell.peak();
}

/// The largest magnitude of a map.
double scale_of(const HeatMap& map, CellFigure figure) {
  double scale = 0;
  for (const HeatCell& cell : map.cells) {
    const double value = std::fabs(value_of(cell, figure));
    if (value > scale) scale = value;  // not if it is NaN
  }
  return scale;
}

constexpr std::array<std::string_view, 5> kShades{"·", "░", "▒", "▓", "█"};

std::string_view shade(const HeatCell& cell, double scale, CellFigure figure) {
  if (cell.has_nan) return "N";
  if (cell.has_infinity) return "I";
  const double magnitude = std::fabs(value_of(cell, figure));
  if (!(magnitude > 0)) return kShades.front();
  const double share = magnitude / scale;
  return kShades[std::min<std::size_t>(static_cast<std::size_t>(share * 4) + 1, kShades.size() - 1)];
}

/// Of xterm's 256: from blue over white to red.
constexpr std::array<int, 11> kColors{25, 32, 74, 117, 195, 255, 224, 217, 210, 203, 160};
constexpr int kNanColor = 201, kInfiniteColor = 226;

int color(const HeatCell& cell, double scale, CellFigure figure) {
  if (cell.has_nan) return kNanColor;
  if (cell.has_infinity) return kInfiniteColor;
  constexpr long kZero = 5;  // the position of zero
  const double value = value_of(cell, figure);
  const double share = scale > 0 ? value / scale : 0;
  const long step = std::clamp(std::lround(share * kZero), -kZero, kZero);
  return kColors[static_cast<std::size_t>(kZero + step)];
}

}  // namespace

void draw_histogram(fmt::memory_buffer& out, const inspect::Statistics& s, std::size_t width,
                    bool logarithmic) {
  if (s.histogram.empty()) {
    print(out, "  no finite values\n");
    return;
  }
  const auto length = [&](std::int64_t count) {
    return logarithmic ? std::log1p(static_cast<double>(count)) : static_cast<double>(count);
  };
  const double most = length(*std::ranges::max_element(s.histogram));
  std::vector<std::string> edges;
  std::size_t edge_width = 0;
  for (const double e : s.histogram_edges) {
    edges.push_back(fmt::format("{:.4g}", e));
    edge_width = std::max(edge_width, edges.back().size());
  }
  for (std::size_t i = 0; i < s.histogram.size(); ++i) {
    const std::int64_t count = s.histogram[i];
    const double share = most > 0 ? length(count) / most : 0;
    auto eighths = static_cast<std::size_t>(std::lround(share * 8 * static_cast<double>(width)));
    if (count > 0) eighths = std::max<std::size_t>(eighths, 1);
    print(out, "  {:>{}} |{}{}{}\n", edges[i], edge_width, bar(eighths), eighths > 0 ? " " : "",
          count > 0 ? with_commas(static_cast<std::uint64_t>(count)) : "");
  }
  print(out, "  {:>{}}\n", edges.back(), edge_width);
}

void draw_heat_map(fmt::memory_buffer& out, const HeatMap& map, CellFigure figure, bool colors) {
  const double scale = scale_of(map, figure);
  const auto cell_at = [&](std::int64_t row, std::int64_t column) -> const HeatCell& {
    return map.cells[static_cast<std::size_t>(row * map.columns + column)];
  };
  for (std::int64_t row = 0; row < map.rows; row += colors ? 2 : 1) {
    print(out, "  ");
    for (std::int64_t column = 0; column < map.columns; ++column) {
      const HeatCell& upper = cell_at(row, column);
      if (!colors) {
        print(out, "{}", shade(upper, scale, figure));
      } else if (row + 1 < map.rows) {
        print(out, "\x1b[38;5;{};48;5;{}m▀", color(upper, scale, figure),
              color(cell_at(row + 1, column), scale, figure));
      } else {
        print(out, "\x1b[0;38;5;{}m▀", color(upper, scale, figure));
      }
    }
    print(out, "{}\n", colors ? "\x1b[0m" : "");
  }
  const auto some = [&](auto flag) { return std::ranges::any_of(map.cells, flag); };
  const bool nan = some([](const HeatCell& c) { return c.has_nan; });
  const bool infinite = some([](const HeatCell& c) { return c.has_infinity; });
  if (colors) {
    print(out, "  {:.3g} ", -scale);
    for (const int c : kColors) print(out, "\x1b[48;5;{}m ", c);
    print(out, "\x1b[0m {:.3g}", scale);
    if (nan) print(out, "   \x1b[48;5;{}m \x1b[0m NaN", kNanColor);
    if (infinite) print(out, "   \x1b[48;5;{}m \x1b[0m infinite", kInfiniteColor);
  } else {
    print(out, "  {} zero", kShades[0]);
    for (std::size_t i = 1; i < kShades.size(); ++i)
      print(out, "  {} to {:.3g}", kShades[i], scale * static_cast<double>(i) / 4);
    if (nan) print(out, "  N NaN");
    if (infinite) print(out, "  I infinite");
  }
  print(out, "\n");
}

}  // namespace ballast::tool
