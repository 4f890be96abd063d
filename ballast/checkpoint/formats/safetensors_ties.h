// Names that share a tensor, in a format that has no sharing: strings beside the tensors that say which name is which tensor.
#pragma once

#include "ballast/checkpoint/tree/value_arena.h"

namespace ballast::checkpoint {

/// Of the strings in `metadata`, those that say that a name which is no tensor of `root` is one that is: the name enters `root`,
/// as a tensor on the same storage. What is left of `metadata` is returned: a new dict.
[[nodiscard]] Node* restore_ties(TreeArena& tree, Node* root, const Node& metadata);

}  // namespace ballast::checkpoint
