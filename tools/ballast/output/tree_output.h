// What a checkpoint holds beside tensors, as an indented tree, shortened to what a person reads.
//
//   Other content
//     epoch: 12
//     optimizer: dict
//       state: dict of 6, 18 tensors
//       param_groups: list
//         0: dict
//           lr: 0.001
#pragma once

#include <cstddef>
#include <optional>

#include "tools/ballast/terminal/terminal.h"
#include <fmt/format.h>

#include "ballast/checkpoint/value.h"

namespace ballast::tool {

/// Writes nothing if there are only tensors. Containers that hold nothing but tensors, and those below `depth` levels (12
/// if none is given), are one line; of long texts and of lists and mappings the beginning is shown, and how much is left
/// out. At most 2,000 lines.
void write_tree(fmt::memory_buffer& out, const checkpoint::Value& root, std::optional<std::size_t> depth,
                const Paint& paint = Paint());

}  // namespace ballast::tool
