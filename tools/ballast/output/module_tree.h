// The tensors of a checkpoint as the tree of modules that their names draw.
//
//   features       (2 tensors)
//   ├─ weight      [6, 1, 5, 5]
//   └─ bias        [6]
//   head.weight ...
#pragma once

#include <cstddef>
#include <optional>

#include "tools/ballast/output/tensor_table.h"

#include "ballast/inspect/tensor_listing.h"

namespace ballast::tool {

/// Adds a row for each module, with what is under it all together, and one for each tensor, below it. Modules stand in the order
/// of their first tensors; sorted by size, by their sums. Modules `depth` levels deep are not unfolded: 0 leaves one row.
void add_module_tree(TensorTable& table, const inspect::TensorListing& listing, inspect::ListingSort sort,
                     std::optional<std::size_t> depth);

}  // namespace ballast::tool
