// What `ballast diff` says of a comparison, as text and as JSON (docs/diff.md).
#pragma once

#include <cstddef>
#include <optional>
#include <string>

#include "tools/ballast/files/looked_at.h"
#include "tools/ballast/terminal/terminal.h"
#include <fmt/format.h>

#include "ballast/inspect/compare.h"

namespace ballast::tool {

struct DiffOutput {
  std::size_t shown = 20;              ///< tensors and layers at most, in text
  std::optional<std::size_t> depth{};  ///< of the names of layers
  bool ignore_types = false;           ///< says nothing of types
  bool tolerant = false;               ///< values count as different only if they are not close
};

void write_diff_text(fmt::memory_buffer& out, const LookedAt& a, const LookedAt& b,
                     const inspect::Comparison& comparison, const DiffOutput& options, const Paint& paint);
void write_diff_json(fmt::memory_buffer& out, const LookedAt& a, const LookedAt& b,
                     const inspect::Comparison& comparison, bool same, const DiffOutput& options);

}  // namespace ballast::tool
