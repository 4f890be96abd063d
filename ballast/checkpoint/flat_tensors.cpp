#include "ballast/checkpoint/flat_tensors.h"

#include <optional>
#include <unordered_set>

#include "ballast/checkpoint/pickle_machine.h"
#include "ballast/checkpoint/shown_name.h"

namespace ballast::checkpoint {
namespace {

constexpr std::size_t kLongestNames = 100'000'000;
// Containers that stand in several places may unfold without end.
constexpr std::size_t kRepeatedPlaces = std::size_t{1} << 20;

class Flattener {
 public:
  explicit Flattener(std::string_view format) : format_(format) {}

  std::vector<FlatTensor> run(const Value& root) {
    check<ValueError>(
        root.is_mapping() || root.is_sequence(),
        "{} cannot be written as {}, which holds names and tensors: save a dictionary of tensors",
        kind_phrase(root.kind()), format_);
    walk(root, [&](const Visit& at) { return visit(at); });
    return std::move(out_);
  }

 private:
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
    if (!at.value.is(Kind::kTensor)) refuse(at.value);
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
      throw ValueError(fmt::format("a key of '{}' is {}: {} has texts for names", shown_name(path_),
                                   kind_phrase(at.key->kind()), format_));
    }
    check<LimitError>(names_ + path_.size() <= kLongestNames, "names of more than {} bytes", kLongestNames);
  }

  void check_container(const Visit& at) {
    check<ValueError>(!at.cycle, "'{}' holds itself: it cannot be written as names and tensors",
                      shown_name(path_));
    const bool unfolds = at.value.is_mapping() || at.value.is_sequence();
    if (!unfolds || (at.depth > 0 && at.value.size() == 0)) refuse(at.value);
    if (at.repeated) ++repeated_;
    check<LimitError>(repeated_ <= kRepeatedPlaces, "containers that stand in more than {} places",
                      kRepeatedPlaces);
  }

  [[noreturn]] void refuse(const Value& v) const {
    const bool empty = v.is_mapping() || v.is_sequence();
    throw ValueError(fmt::format("'{}' is {}{}, which {} has no place for: it holds names and tensors",
                                 shown_name(path_), kind_phrase(v.kind()), empty ? " without entries" : "",
                                 format_));
  }

  void add(const Value& v) {
    check<ValueError>(is_utf8(path_), "the name '{}' is not UTF-8", shown_name(path_));
    check<KeyError>(taken_.insert(path_).second, "two tensors would have the name '{}'", shown_name(path_));
    names_ += path_.size();
    out_.push_back({path_, v});
  }

  std::string_view format_;
  std::string path_;
  std::vector<std::size_t> lengths_;
  std::unordered_set<std::string> taken_;
  std::size_t names_ = 0, repeated_ = 0;
  std::vector<FlatTensor> out_;
};

}  // namespace

std::vector<FlatTensor> flat_tensors(const Value& root, std::string_view format) {
  return Flattener(format).run(root);
}

}  // namespace ballast::checkpoint
