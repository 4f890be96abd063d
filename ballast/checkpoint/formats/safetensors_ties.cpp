#include "ballast/checkpoint/formats/safetensors_ties.h"

#include <utility>
#include <vector>

namespace ballast::checkpoint {
namespace {

/// The tensor under `kept`, again; null if these are strings like others.
Node* tied(TreeArena& tree, const Node& root, const Node* name, const Node* kept) {
  if (name->kind != Kind::kStr || kept->kind != Kind::kStr) return nullptr;
  if (find_key(root, name) != ProbeTable::kNone) return nullptr;
  const std::uint32_t at = find_key(root, kept);
  if (at == ProbeTable::kNone) return nullptr;
  const Node* found = root.dict->pairs[std::size_t{at} * 2 + 1];
  if (found->kind != Kind::kTensor || !found->tensor->tensor.defined()) return nullptr;
  const Tensor& t = found->tensor->tensor;
  TensorValue v;
  v.tensor = t.alias(t.sizes(), t.strides(), t.storage_offset());
  return tree.tensor(std::move(v));
}

}  // namespace

Node* restore_ties(TreeArena& tree, Node* root, const Node& metadata) {
  Node* rest = tree.mapping(Kind::kDict, metadata.size);
  std::vector<std::pair<Node*, Node*>> ties;  // entered last: nothing is tied to a tied name
  for (std::uint32_t i = 0; i < metadata.size; ++i) {
    Node* key = metadata.dict->pairs[std::size_t{i} * 2];
    Node* value = metadata.dict->pairs[std::size_t{i} * 2 + 1];
    Node* tensor = tied(tree, *root, key, value);
    if (tensor != nullptr) {
      ties.emplace_back(key, tensor);
    } else {
      static_cast<void>(tree.insert(rest, key, value));
    }
  }
  for (const auto& [name, tensor] : ties) static_cast<void>(tree.insert(root, name, tensor));
  return rest;
}

}  // namespace ballast::checkpoint
