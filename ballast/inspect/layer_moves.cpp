#include "ballast/inspect/layer_moves.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <string_view>
#include <unordered_map>

#include "ballast/inspect/difference_order.h"

namespace ballast::inspect {
namespace {

std::string_view layer_of(std::string_view name, std::optional<std::size_t> depth) {
  const std::size_t last = name.rfind('.');
  std::string_view layer = last == std::string_view::npos ? std::string_view() : name.substr(0, last);
  if (!depth) return layer;
  std::size_t end = 0;
  for (std::size_t parts = 0; parts < *depth; ++parts) {
    end = layer.find('.', parts == 0 ? 0 : end + 1);
    if (end == std::string_view::npos) return layer;
  }
  return layer.substr(0, end);
}

}  // namespace

std::vector<LayerMove> layer_moves(const Comparison& comparison, std::optional<std::size_t> depth) {
  std::vector<LayerMove> moves;
  std::unordered_map<std::string_view, std::size_t> place;
  for (const Difference& d : comparison.pairs) {
    const std::string_view layer = layer_of(d.name, depth);
    const auto [at, is_new] = place.try_emplace(layer, moves.size());
    if (is_new) moves.push_back({.layer = std::string(layer)});
    LayerMove& m = moves[at->second];
    m.tensors += 1;
    m.changed += d.is_equal() ? 0 : 1;
    m.values += d.count;
    m.values_changed += d.changed;
    m.outside += d.outside;
    m.not_finite += d.not_finite;
    m.max_abs = std::max(m.max_abs, d.max_abs);
    m.difference_norm = std::hypot(m.difference_norm, d.difference_norm);
    m.a_norm = std::hypot(m.a_norm, d.a_norm);
  }
  for (LayerMove& m : moves) {
    if (m.difference_norm > 0) {
      m.relative = m.a_norm > 0 ? m.difference_norm / m.a_norm : std::numeric_limits<double>::infinity();
    }
  }
  std::ranges::stable_sort(moves, detail::moved_more<LayerMove>);
  return moves;
}

}  // namespace ballast::inspect
