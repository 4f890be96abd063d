// Which of the tensors that are missing stand elsewhere under another name. Internal.
#pragma once

#include <vector>

#include "ballast/inspect/compare.h"

namespace ballast::inspect::detail {

/// Pairs names of `removed` (in a) with names of `added` (in b) whose tensors have the same shape, type and bits, and takes them
/// out of both lists. Where several could be meant, the names that end alike belong together.
[[nodiscard]] std::vector<Renamed> find_renamed(const StateDict& a, const StateDict& b,
                                                std::vector<std::string>& removed,
                                                std::vector<std::string>& added);

}  // namespace ballast::inspect::detail
