// What formats can write that hold tensors under names and nothing else: GGUF, .npz.
//
//   for (const TensorLeaf& leaf : tensor_leaves(root, "a .npz archive"))   // {"encoder": {"weight": t}}: "encoder.weight"
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "ballast/checkpoint/value.h"

namespace ballast::checkpoint {

struct TensorLeaf {
  std::string name;  ///< the keys that lead to it, joined with dots; "" at the root
  Value value;       ///< a tensor, or a NumPy array

  [[nodiscard]] const TensorValue& tensor() const { return value.tensor(); }
};

/// The tensors of nested mappings, in order. ValueError, with the name, for anything else in them, for keys that are no
/// strings, for tensors without memory (on meta) and undefined ones; KeyError for two tensors of one name; LimitError for names that are
/// together longer than 1 GiB.
[[nodiscard]] std::vector<TensorLeaf> tensor_leaves(const Value& root, std::string_view what_holds_them);

}  // namespace ballast::checkpoint
