// A tree as names and tensors, for the formats that hold nothing else.
//
//   for (const FlatTensor& t : flat_tensors(root, "a safetensors file")) t.name, t.value.tensor();
//
// The names are those of Checkpoint::tensors(): the keys that lead to a tensor, joined with dots.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "ballast/checkpoint/value.h"

namespace ballast::checkpoint {

struct FlatTensor {
  std::string name;
  Value value;  ///< Kind::kTensor
};

/// In the order of the walk. ValueError for everything that would be lost (a number, an empty list, an object), with its name and
/// `format`, for messages; KeyError for two tensors under one name; LimitError beyond 100 MB of names.
[[nodiscard]] std::vector<FlatTensor> flat_tensors(const Value& root, std::string_view format);

}  // namespace ballast::checkpoint
