// What a schedule of learning rates carries from one run to the next, between the schedule and a file: plain data under
// PyTorch's names, in PyTorch's order.
//
//   SchedulerStateDict s = schedule.state_dict();
//   std::get<std::int64_t>(*s.find("last_epoch"));
//   schedule.load_state_dict(s);
//
// `checkpoint::to_value(s)` is the tree that PyTorch's `scheduler.state_dict()` has; checkpoint/scheduler_state.h reads it back.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

namespace ballast {

struct SchedulerValue;

struct SchedulerList {
  std::vector<SchedulerValue> items;
};

/// How often each number stands in a list, in the order in which they first stand there: Python's Counter.
struct SchedulerCounts {
  std::vector<std::pair<std::int64_t, std::int64_t>> counts;
};

struct SchedulerStateDict {
  std::vector<std::pair<std::string, SchedulerValue>> entries;

  /// The first entry of that name, or null.
  [[nodiscard]] const SchedulerValue* find(std::string_view name) const noexcept;
  /// Appends an entry.
  void add(std::string name, SchedulerValue value);
};

/// One entry. std::monostate is Python's None.
struct SchedulerValue : std::variant<std::monostate, bool, std::int64_t, double, std::string, SchedulerList,
                                     SchedulerCounts, SchedulerStateDict> {
  using variant::variant;
  template <class T>
  [[nodiscard]] const T* get_if() const noexcept {
    return std::get_if<T>(this);
  }
};

inline const SchedulerValue* SchedulerStateDict::find(std::string_view name) const noexcept {
  for (const auto& entry : entries) {
    if (entry.first == name) return &entry.second;
  }
  return nullptr;
}
inline void SchedulerStateDict::add(std::string name, SchedulerValue value) {
  entries.emplace_back(std::move(name), std::move(value));
}

}  // namespace ballast
