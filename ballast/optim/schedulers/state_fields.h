// How schedules say what they save: a list of names, in PyTorch's order, with how each is written and taken back. Internal.
//
//   std::vector<StateField> ExponentialLR::state_fields() {
//     return joined_fields({number_field("gamma", gamma_)}, EpochScheduler::state_fields());
//   }
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "ballast/core/scheduler_state.h"

namespace ballast::optim {

struct StateField {
  const char* name;
  std::function<SchedulerValue()> save;
  /// Looks at what was loaded, and gives what puts it in place. `where` names it in errors.
  std::function<std::function<void()>(const SchedulerValue&, const std::string& where)> take;
  bool required = true;  ///< whether a state without it is refused; else what is there stays
};

/// What a value may be.
struct Bounds {
  std::int64_t least, most;
};
/// Epochs and counts stay far from where adding to them would wrap.
inline constexpr std::int64_t kMostEpochs = std::int64_t{1} << 53;

[[nodiscard]] StateField number_field(const char* name, double& place);
[[nodiscard]] StateField flag_field(const char* name, bool& place);
[[nodiscard]] StateField numbers_field(const char* name, std::vector<double>& place, std::size_t count);
/// Of any integer type; Error outside of the bounds.
template <class Int>
[[nodiscard]] StateField count_field(const char* name, Int& place, Bounds bounds);
/// Written as `value`; whatever is loaded is left aside.
[[nodiscard]] StateField fixed_field(const char* name, SchedulerValue value);

/// The field, which states of other versions need not have.
[[nodiscard]] StateField optional_field(StateField field);
[[nodiscard]] std::vector<StateField> joined_fields(std::vector<StateField> first,
                                                    std::vector<StateField> rest);

[[nodiscard]] SchedulerValue number_list(const std::vector<double>& numbers);
/// What an entry is, or DTypeError, or ValueError outside of the bounds.
[[nodiscard]] double taken_number(const SchedulerValue& v, const std::string& where);
[[nodiscard]] std::int64_t taken_count(const SchedulerValue& v, const std::string& where, Bounds bounds);
[[nodiscard]] const std::string& taken_text(const SchedulerValue& v, const std::string& where);
[[nodiscard]] const std::vector<SchedulerValue>& taken_items(const SchedulerValue& v,
                                                             const std::string& where);
[[nodiscard]] const SchedulerStateDict& taken_dict(const SchedulerValue& v, const std::string& where);
/// An entry of a dict, or KeyError.
[[nodiscard]] const SchedulerValue& taken_entry(const SchedulerStateDict& dict, const char* name,
                                                const std::string& where);

[[nodiscard]] SchedulerStateDict save_fields(const std::vector<StateField>& fields);
/// Checks all of a state, and gives what puts it in place: nothing is changed unless all of it fits.
[[nodiscard]] std::function<void()> take_fields(const std::vector<StateField>& fields,
                                                const SchedulerStateDict& dict, const std::string& where);

template <class Int>
StateField count_field(const char* name, Int& place, Bounds bounds) {
  return {name, [&place] { return SchedulerValue(static_cast<std::int64_t>(place)); },
          [&place, bounds](const SchedulerValue& v, const std::string& where) -> std::function<void()> {
            return [&place, taken = static_cast<Int>(taken_count(v, where, bounds))] { place = taken; };
          }};
}

}  // namespace ballast::optim
