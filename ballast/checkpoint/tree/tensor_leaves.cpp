#include "ballast/checkpoint/tree/tensor_leaves.h"

#include <unordered_set>

#include "ballast/checkpoint/pickle/pickle_machine.h"
#include "ballast/checkpoint/shown_name.h"
#include "ballast/core/utf8.h"

namespace ballast::checkpoint {
namespace {

constexpr std::size_t kLongestNames = std::size_t{1} << 27;
// Containers that stand in several places may unfold without end.
constexpr std::size_t kRepeatedPlaces = std::size_t{1} << 20;

class Leaves {
 public:
  explicit Leaves(std::string_view format) : format_(format) {}

  std::vector<TensorLeaf> of(const Value& root) {
    walk(root, [&](const Visit& at) { return visit(at); });
    return std::move(out_);
  }

 private:
  [[nodiscard]] std::string place() const {
    return path_.empty() ? "the root" : fmt::format("'{}'", shown_name(path_));
  }

  Walk visit(const Visit& at) {
    if (at.phase == Visit::Phase::kLeave) {
      path_.resize(lengths_.back());
      lengths_.pop_back();
      return Walk::kInto;
    }
    const std::size_t before = path_.size();
    if (at.depth > 0) append_own(at);
    if (at.phase == Visit::Phase::kEnter) {
      check_container(at);
      lengths_.push_back(before);
      return Walk::kInto;
    }
    add(at.value);
    path_.resize(before);
    return Walk::kInto;
  }

  void append_own(const Visit& at) {
    if (at.depth > 1) path_ += '.';
    if (!at.key) {
      path_ += fmt::format("{}", at.index);
    } else if (at.key->is(Kind::kStr)) {
      path_ += at.key->as_text();
    } else if (at.key->is(Kind::kInt)) {
      path_ += at.key->int_text();
    } else {
      throw ValueError(fmt::format("a key of {} is {}: {} has names that are strings", place(),
                                   kind_phrase(at.key->kind()), format_));
    }
    check<LimitError>(names_ + path_.size() <= kLongestNames,
                      "the names of the tensors are together longer than {} bytes", kLongestNames);
  }

  void check_container(const Visit& at) {
    check<ValueError>(!at.cycle, "{} holds itself: it cannot be written as names and tensors", place());
    const bool unfolds = at.value.is_mapping() || at.value.is_sequence();
    if (!unfolds || (at.depth > 0 && at.value.size() == 0)) refuse(at.value);
    if (at.repeated) ++repeated_;
    check<LimitError>(repeated_ <= kRepeatedPlaces, "containers that stand in more than {} places",
                      kRepeatedPlaces);
  }

  [[noreturn]] void refuse(const Value& v) const {
    const bool empty = v.is_mapping() || v.is_sequence();
    throw ValueError(fmt::format(
        "{} is {}{}: {} holds tensors by name and nothing else; save the state dict, or a part of it",
        place(), kind_phrase(v.kind()), empty ? " without entries" : "", format_));
  }

  void add(const Value& v) {
    if (!v.is(Kind::kTensor) && !v.is(Kind::kNdArray)) refuse(v);
    const TensorValue& t = v.tensor();
    const Tensor& any = t.sparse ? t.sparse->values : t.tensor;
    check<ValueError>(any.defined(), "{} is an undefined tensor", place());
    check<ValueError>(!any.is_meta(), "{} is on meta: it has no elements to be written", place());
    check<ValueError>(is_utf8(path_), "the name '{}' is not UTF-8", shown_name(path_));
    check<KeyError>(taken_.insert(path_).second, "two tensors would have the name '{}'", shown_name(path_));
    names_ += path_.size();
    out_.push_back({path_, v});
  }

  std::string_view format_;
  std::string path_;
  std::vector<std::size_t> lengths_;  // of the path, at each container that we are inside of
  std::unordered_set<std::string> taken_;
  std::size_t names_ = 0, repeated_ = 0;
  std::vector<TensorLeaf> out_;
};

}  // namespace

std::vector<TensorLeaf> tensor_leaves(const Value& root, std::string_view format) {
  return Leaves(format).of(root);
}

}  // namespace ballast::checkpoint
