#include "ballast/checkpoint/scheduler_state.h"

#include <cstddef>
#include <string>
#include <type_traits>
#include <utility>
#include <variant>
#include <vector>

#include "ballast/checkpoint/tree/value_arena.h"
#include "ballast/core/error.h"

namespace ballast::checkpoint {

namespace {

/// How deep schedules may stand in schedules.
constexpr int kDeepest = 16;

Value counter_of(const SchedulerCounts& counts) {
  IntrusivePtr<Arena> arena = TreeArena::make();
  Node* const node = TreeArena::of(arena).mapping(Kind::kCounter);
  Value out(std::move(arena), node);
  for (const auto& [number, count] : counts.counts) out.set(number, count);
  return out;
}

Value value_of(const SchedulerValue& entry) {
  return std::visit(
      [](const auto& v) -> Value {
        using T = std::remove_cvref_t<decltype(v)>;
        if constexpr (std::is_same_v<T, std::monostate>) {
          return {};
        } else if constexpr (std::is_same_v<T, SchedulerList>) {
          std::vector<Value> items;
          for (const SchedulerValue& item : v.items) items.push_back(value_of(item));
          return Value::list(items);
        } else if constexpr (std::is_same_v<T, SchedulerCounts>) {
          return counter_of(v);
        } else if constexpr (std::is_same_v<T, SchedulerStateDict>) {
          return to_value(v);
        } else {
          return Value(v);
        }
      },
      static_cast<const SchedulerValue::variant&>(entry));
}

[[noreturn]] void refuse(const std::string& where, const std::string& wanted, const Value& found) {
  throw FormatError(fmt::format("{} of the scheduler's state must be {}, but is {}", where, wanted,
                                kind_phrase(found.kind())));
}

/// One object may stand in a tree many times over: what is read is bounded by itself.
class Reader {
 public:
  SchedulerStateDict dict_at(const Value& v, const std::string& where, int depth) {
    SchedulerStateDict out;
    for (std::size_t i = 0; i < v.size(); ++i) {
      const Value key = v.key(i);
      if (!key.is(Kind::kStr)) refuse("a key in " + where, "a str", key);
      std::string name(key.as_text());
      SchedulerValue entry = entry_at(v.value(i), fmt::format("{}['{}']", where, name), depth + 1);
      out.add(std::move(name), std::move(entry));
    }
    return out;
  }

 private:
  void count_one() {
    check<LimitError>(left_ > 0, "the scheduler's state has more than {} entries", kMostEntries);
    --left_;
  }

  /// A Counter, or a dict whose keys are ints.
  SchedulerCounts counts_at(const Value& v, const std::string& where) {
    SchedulerCounts out;
    for (std::size_t i = 0; i < v.size(); ++i) {
      count_one();
      if (!v.key(i).is(Kind::kInt)) refuse("a key in " + where, "an int", v.key(i));
      if (!v.value(i).is(Kind::kInt)) refuse(where + "[" + v.key(i).int_text() + "]", "an int", v.value(i));
      out.counts.emplace_back(v.key(i).as_int(), v.value(i).as_int());
    }
    return out;
  }

  SchedulerValue entry_at(const Value& v, const std::string& where, int depth) {
    count_one();
    if (depth > kDeepest) throw FormatError(fmt::format("{} of the scheduler's state is too deep", where));
    switch (v.kind()) {
      case Kind::kNone:
        return {};
      case Kind::kBool:
        return v.as_bool();
      case Kind::kInt:
        return v.as_int();
      case Kind::kFloat:
        return v.as_float();
      case Kind::kStr:
        return std::string(v.as_text());
      case Kind::kTensor: {
        const TensorValue& t = v.tensor();
        if (t.layout != Layout::kStrided || t.tensor.is_meta() || t.tensor.is_complex() || t.numel() != 1) {
          refuse(where, "plain data or a tensor of one number", v);
        }
        return t.resolved().item().to<double>();
      }
      case Kind::kList:
      case Kind::kTuple: {
        SchedulerList out;
        for (std::size_t i = 0; i < v.size(); ++i) {
          out.items.push_back(entry_at(v.item(i), fmt::format("{}[{}]", where, i), depth + 1));
        }
        return out;
      }
      case Kind::kCounter:
        return counts_at(v, where);
      case Kind::kDict:
      case Kind::kOrderedDict:
        if (v.size() > 0 && v.key(0).is(Kind::kInt)) return counts_at(v, where);
        return dict_at(v, where, depth);
      default:
        refuse(where, "plain data", v);
    }
  }

  static constexpr std::size_t kMostEntries = std::size_t{1} << 20;
  std::size_t left_ = kMostEntries;
};

}  // namespace

Value to_value(const SchedulerStateDict& dict) {
  Value out = Value::dict();
  for (const auto& [name, entry] : dict.entries) out.set(name, value_of(entry));
  return out;
}

SchedulerStateDict to_scheduler_state(const Value& root) {
  if (!root.is_mapping()) refuse("the root", "a dict", root);
  return Reader().dict_at(root, "state", 0);
}

}  // namespace ballast::checkpoint
