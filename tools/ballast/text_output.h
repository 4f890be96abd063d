// What `ballast show` prints for people: a table of tensors, what they share, the totals, and the rest as a tree.
#pragma once

#include <cstddef>
#include <optional>
#include <string>

#include <fmt/format.h>

#include "ballast/checkpoint/load.h"
#include "ballast/inspect/tensor_listing.h"

namespace ballast::tool {

struct TextOptions {
  std::optional<std::string> filter;  ///< what the listing was filtered by
  bool hash = false;
  std::optional<std::size_t> depth;  ///< parts of a name, and levels of the tree, that are not folded
};

void write_text(fmt::memory_buffer& out, const checkpoint::Checkpoint& file,
                const inspect::TensorListing& listing, const TextOptions& options);

}  // namespace ballast::tool
