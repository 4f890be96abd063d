// Which elements of a storage a view shows: runs of neighbouring ones. What tells columns side by side from overlapping
// views, and counts shared elements once.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "ballast/core/tensor.h"

namespace ballast::nn {

/// Elements begin..end - 1 of a storage, in elements of the view's type.
struct ElementRun {
  std::int64_t begin, end;
  std::size_t view = 0;  ///< which view shows them
};

/// Appends the runs of `t` as the given view's, unless there would be more than `most` of them; whether it did.
[[nodiscard]] bool append_runs(const Tensor& t, std::size_t view, std::size_t most,
                               std::vector<ElementRun>& runs);

/// How many elements the runs cover; sorts them.
[[nodiscard]] std::int64_t count_elements(std::vector<ElementRun>& runs);

}  // namespace ballast::nn
