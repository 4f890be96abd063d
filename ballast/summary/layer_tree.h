// The rows of a summary: where each module stands, what it holds, and what was there before. Internal.
#pragma once

#include <cstddef>
#include <vector>

#include "ballast/nn/module.h"
#include "ballast/nn/pointer_set.h"
#include "ballast/summary/model_summary.h"

namespace ballast::detail {

/// A summary without calls, and which modules its rows are.
struct LayerTree {
  ModelSummary summary;
  std::vector<nn::Module*> modules;                      ///< by row
  nn::PointerMap<std::vector<std::size_t>> places = {};  ///< rows by module
};

/// LimitError for trees deeper than 1000, as for their text: every row has its whole path.
[[nodiscard]] LayerTree layer_tree(const nn::Module& root);

/// Adds up what calls have cost: `own` of each row into `total` of the rows above.
void add_up_calls(std::vector<LayerSummary>& layers);

}  // namespace ballast::detail
