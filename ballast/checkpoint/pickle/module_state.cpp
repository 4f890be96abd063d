#include "ballast/checkpoint/pickle/module_state.h"

#include <algorithm>

namespace ballast::checkpoint {
namespace {

constexpr std::size_t kMostEntries = std::size_t{1} << 20;
constexpr std::size_t kDeepest = 1000;
constexpr std::size_t kNameBytes = std::size_t{64} << 20;

struct Pending {
  std::string prefix;
  Value object;
  std::size_t depth;
};

class Collector {
 public:
  std::vector<NamedEntry> run(const Value& root) {
    stack_.push_back({"", root, 0});
    while (!stack_.empty()) {
      const Pending at = std::move(stack_.back());
      stack_.pop_back();
      const std::size_t first = stack_.size();
      at.object.is_module() ? module(at) : object(at);
      std::reverse(stack_.begin() + static_cast<std::ptrdiff_t>(first),
                   stack_.end());  // the first child next
    }
    return std::move(out_);
  }

 private:
  void module(const Pending& at) {
    const Value a = at.object.attributes();
    const auto temporary = a.find("_non_persistent_buffers_set");
    const auto is_temporary = [&](std::string_view name) {
      if (!temporary || !temporary->is_container() || temporary->is_mapping() || temporary->is(Kind::kObject))
        return false;
      for (std::size_t i = 0; i < temporary->size(); ++i) {
        const Value item = temporary->item(i);
        if (item.is(Kind::kStr) && item.as_text() == name) return true;
      }
      return false;
    };
    each(a.at("_parameters"), [&](std::string_view name, const Value& v) { tensor(at, name, v); });
    each(a.at("_buffers"), [&](std::string_view name, const Value& v) {
      if (!is_temporary(name)) tensor(at, name, v);
    });
    each(a.at("_modules"), [&](std::string_view name, const Value& v) { child(at, name, v); });
  }
  void object(const Pending& at) {
    const Value a = at.object.attributes();
    if (!a.is_mapping()) return;
    each(a, [&](std::string_view name, const Value& v) { tensor(at, name, v); });
    each(a, [&](std::string_view name, const Value& v) { child(at, name, v); });
  }

  template <class Use>
  static void each(const Value& mapping, Use&& use) {
    for (std::size_t i = 0; i < mapping.size(); ++i) {
      const Value key = mapping.key(i);
      if (key.is(Kind::kStr)) use(key.as_text(), mapping.value(i));
    }
  }
  void tensor(const Pending& at, std::string_view name, const Value& v) {
    if (!v.is(Kind::kTensor)) return;
    spend(at.prefix.size() + name.size());
    out_.push_back({at.prefix + std::string(name), v});
  }
  void child(const Pending& at, std::string_view name, const Value& v) {
    if (!v.is(Kind::kObject)) return;
    check<LimitError>(at.depth < kDeepest, "modules inside each other more than {} deep", kDeepest);
    spend(at.prefix.size() + name.size());
    stack_.push_back({fmt::format("{}{}.", at.prefix, name), v, at.depth + 1});
  }
  void spend(std::size_t bytes) {
    bytes_ += bytes;
    check<LimitError>(
        ++entries_ <= kMostEntries && bytes_ <= kNameBytes,
        "modules that stand in more than {} places: the names of their parameters would have no end",
        kMostEntries);
  }

  std::vector<Pending> stack_;
  std::vector<NamedEntry> out_;
  std::size_t entries_ = 0, bytes_ = 0;
};

}  // namespace

std::vector<NamedEntry> entries_of_object(const Value& object) { return Collector().run(object); }

}  // namespace ballast::checkpoint
