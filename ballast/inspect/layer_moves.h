// Which layers moved most between two checkpoints.
//
//   for (const inspect::LayerMove& m : inspect::layer_moves(inspect::compare(a, b))) {
//     fmt::print("{}: {:.1f} %\n", m.layer, 100 * m.relative);
//   }
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "ballast/inspect/compare.h"

namespace ballast::inspect {

/// How the tensors of a layer differ, taken as one long vector.
struct LayerMove {
  std::string layer;  ///< names without their last part: "encoder.0" of "encoder.0.weight"; "" for none
  std::int64_t tensors = 0;  ///< pairs
  std::int64_t changed = 0;  ///< pairs that are not equal
  std::int64_t values = 0;
  std::int64_t values_changed = 0;
  std::int64_t outside = 0;     ///< values that are not close, as in Difference
  std::int64_t not_finite = 0;  ///< as in Difference
  double max_abs = 0;
  double difference_norm = 0;  ///< |a - b|
  double a_norm = 0;           ///< |a|
  double relative = 0;         ///< |a - b| / |a|, as in Difference
};

/// The layers of all pairs, those that moved most first, as pairs are. With `depth`, names count up to so many parts: 1 joins
/// "encoder.0" and "encoder.1" to "encoder".
[[nodiscard]] std::vector<LayerMove> layer_moves(const Comparison& comparison,
                                                 std::optional<std::size_t> depth = std::nullopt);

}  // namespace ballast::inspect
