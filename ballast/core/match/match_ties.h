// Which names share one tensor, in the model and in the file. For match.cpp.
#pragma once

#include <vector>

#include "ballast/core/match/match.h"

namespace ballast {

/// For each name of the model the position of what the file gives for it; kAlone if it gives nothing.
using Given = std::vector<std::size_t>;

/// In the order of their first names in the model. `given` refers to `file`; of a name under `tied_names` kOnce that the file
/// does not have, to nothing.
[[nodiscard]] std::vector<MatchTie> find_ties(const NamedShapes& file, const NamedShapes& model,
                                              const Given& given);

/// Whether two tensors differ in type, shape or any bit of their elements. False also where that cannot be seen: for tensors
/// without memory, and for views that repeat elements.
[[nodiscard]] bool proven_different(const Tensor& a, const Tensor& b);

}  // namespace ballast
