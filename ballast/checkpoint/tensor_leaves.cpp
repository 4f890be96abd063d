#include "ballast/checkpoint/tensor_leaves.h"

#include <unordered_set>

#include "ballast/checkpoint/shown_name.h"

namespace ballast::checkpoint {
namespace {

constexpr std::uint64_t kMostNames = std::uint64_t{1} << 30;

std::string place_of(const std::string& name) {
  return name.empty() ? "the root" : fmt::format("'{}'", shown_name(name));
}

void check_tensor(const TensorValue& v, const std::string& name) {
  const Tensor& any = v.sparse ? v.sparse->values : v.tensor;
  check<ValueError>(any.defined(), "{} is an undefined tensor", place_of(name));
  check<ValueError>(!any.is_meta(), "{} is a tensor on meta: it has no elements to be written",
                    place_of(name));
}

}  // namespace

std::vector<TensorLeaf> tensor_leaves(const Value& root, std::string_view what_holds_them) {
  std::vector<TensorLeaf> out;
  std::string path;
  std::vector<std::size_t> lengths;  // of the path, at each mapping that we are inside of
  std::uint64_t names = 0;
  walk(root, [&](const Visit& at) {
    if (at.phase == Visit::Phase::kLeave) {
      path.resize(lengths.back());
      lengths.pop_back();
      return Walk::kInto;
    }
    const std::size_t before = path.size();
    if (at.key) {
      check<ValueError>(at.key->is(Kind::kStr), "a key of {} is {}: {} has names that are strings",
                        place_of(path), kind_phrase(at.key->kind()), what_holds_them);
      if (at.depth > 1) path += '.';
      path += at.key->as_text();
    }
    names += path.size();
    check<LimitError>(names <= kMostNames, "the names of the tensors are together longer than {} bytes",
                      kMostNames);
    if (at.phase == Visit::Phase::kEnter) {
      check<ValueError>(
          at.value.is_mapping(),
          "{} is {}: {} holds tensors by name and nothing else; save the state dict, or a part of it",
          place_of(path), kind_phrase(at.value.kind()), what_holds_them);
      check<ValueError>(!at.cycle, "{} is a mapping that holds itself", place_of(path));
      lengths.push_back(before);
      return Walk::kInto;
    }
    check<ValueError>(
        at.value.is(Kind::kTensor) || at.value.is(Kind::kNdArray),
        "{} is {}: {} holds tensors by name and nothing else; save the state dict, or a part of it",
        place_of(path), kind_phrase(at.value.kind()), what_holds_them);
    check_tensor(at.value.tensor(), path);
    out.push_back({path, at.value});
    path.resize(before);
    return Walk::kInto;
  });
  std::unordered_set<std::string_view> seen;
  for (const TensorLeaf& leaf : out)
    check<KeyError>(seen.insert(leaf.name).second, "two tensors have the name '{}'", shown_name(leaf.name));
  return out;
}

}  // namespace ballast::checkpoint
