// A checkpoint in the words of the golden files' `tree`, `tensors` and `shared_storage`.
#pragma once

#include "tests/support/golden.h"

#include "ballast/checkpoint/load.h"

namespace ballast::testing {

/// {"tensors", "shared_storage", "tree"}, as tests/data/gen/common.py's `describe` makes it from PyTorch's objects.
[[nodiscard]] Json describe(const checkpoint::Checkpoint& c);

/// A description without what Ballast has no field for, in whatever order its fields and the elements of sets stand.
[[nodiscard]] nlohmann::json plain(Json j);

/// Expects a checkpoint to hold what a golden description says, but for what Ballast has no field for.
void expect_content(const checkpoint::Checkpoint& c, const Json& golden);

}  // namespace ballast::testing
