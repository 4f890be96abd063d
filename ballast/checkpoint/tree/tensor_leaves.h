// A tree as names and tensors, for the formats that hold nothing else: safetensors, GGUF, .npz.
//
//   for (const TensorLeaf& leaf : tensor_leaves(root, "a .npz archive"))   // {"encoder": {"weight": t}}: "encoder.weight"
//
// The names are those of Checkpoint::tensors(): the keys and positions that lead to a tensor, joined with dots.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "ballast/checkpoint/value.h"

namespace ballast::checkpoint {

struct TensorLeaf {
  std::string name;  ///< "" for a tensor that is the root
  Value value;       ///< a tensor, or a NumPy array

  [[nodiscard]] const TensorValue& tensor() const { return value.tensor(); }
};

/// The tensors of nested mappings and sequences, in order. ValueError, with the name and `format`, for everything that would be
/// lost (a number, an empty list, an object), for keys that are no strings or integers, for names that are no UTF-8, for tensors
/// without memory (on meta) and undefined ones; KeyError for two tensors under one name; LimitError for names that are together
/// longer than 128 MiB, and for containers that stand in more than 2^20 places.
[[nodiscard]] std::vector<TensorLeaf> tensor_leaves(const Value& root, std::string_view format);

}  // namespace ballast::checkpoint
