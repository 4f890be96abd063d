// What `ballast show` prints for people: a table or a tree of tensors, what they share, the totals, and the rest as a tree.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <vector>

#include "tools/ballast/output/tensor_table.h"
#include "tools/ballast/terminal/terminal.h"
#include <fmt/format.h>

#include "ballast/checkpoint/load.h"
#include "ballast/inspect/tensor_listing.h"

namespace ballast::tool {

struct TextOptions {
  std::optional<std::string> filter;  ///< what the listing was filtered by
  std::vector<TensorColumn> columns;
  bool columns_chosen = false;       ///< by somebody who wants the empty ones too
  std::optional<std::size_t> depth;  ///< parts of a name, and levels of the tree, that are not folded
  bool tree = false;                 ///< modules as branches
  inspect::ListingSort sort = inspect::ListingSort::kFile;  ///< of the listing
  Terminal terminal = {};
};

void write_text(fmt::memory_buffer& out, const checkpoint::Checkpoint& file,
                const inspect::TensorListing& listing, const TextOptions& options);

}  // namespace ballast::tool
