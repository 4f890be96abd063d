#include "ballast/optim/schedulers/state_fields.h"

#include <array>
#include <utility>
#include <variant>

#include "ballast/core/error.h"

namespace ballast::optim {

namespace {

/// In the order of SchedulerValue's alternatives.
constexpr std::array kKinds{"None",  "a bool", "an int", "a float", "a str", "a list", "a Counter of ints",
                            "a dict"};
static_assert(kKinds.size() == std::variant_size_v<SchedulerValue::variant>);

[[noreturn]] void refuse(const SchedulerValue& v, const std::string& where, const char* wanted) {
  throw DTypeError(
      fmt::format("{} of the loaded state must be {}, but is {}", where, wanted, kKinds.at(v.index())));
}

}  // namespace

double taken_number(const SchedulerValue& v, const std::string& where) {
  if (const auto* const d = v.get_if<double>()) return *d;
  if (const auto* const i = v.get_if<std::int64_t>()) return static_cast<double>(*i);
  refuse(v, where, "a number");
}

std::int64_t taken_count(const SchedulerValue& v, const std::string& where, Bounds bounds) {
  const auto* const i = v.get_if<std::int64_t>();
  if (i == nullptr) refuse(v, where, "an int");
  check<ValueError>(*i >= bounds.least && *i <= bounds.most,
                    "{} of the loaded state must be between {} and {}, but is {}", where, bounds.least,
                    bounds.most, *i);
  return *i;
}

const std::string& taken_text(const SchedulerValue& v, const std::string& where) {
  const auto* const s = v.get_if<std::string>();
  if (s == nullptr) refuse(v, where, "a str");
  return *s;
}

const std::vector<SchedulerValue>& taken_items(const SchedulerValue& v, const std::string& where) {
  const auto* const list = v.get_if<SchedulerList>();
  if (list == nullptr) refuse(v, where, "a list");
  return list->items;
}

const SchedulerStateDict& taken_dict(const SchedulerValue& v, const std::string& where) {
  const auto* const dict = v.get_if<SchedulerStateDict>();
  if (dict == nullptr) refuse(v, where, "a dict");
  return *dict;
}

const SchedulerValue& taken_entry(const SchedulerStateDict& dict, const char* name,
                                  const std::string& where) {
  const SchedulerValue* const found = dict.find(name);
  check<KeyError>(found != nullptr, "{} has no '{}': is it of another kind of schedule?", where, name);
  return *found;
}

SchedulerValue number_list(const std::vector<double>& numbers) {
  SchedulerList out;
  for (const double n : numbers) out.items.emplace_back(n);
  return out;
}

StateField number_field(const char* name, double& place) {
  return {name, [&place] { return SchedulerValue(place); },
          [&place](const SchedulerValue& v, const std::string& where) -> std::function<void()> {
            return [&place, taken = taken_number(v, where)] { place = taken; };
          }};
}

StateField flag_field(const char* name, bool& place) {
  return {name, [&place] { return SchedulerValue(place); },
          [&place](const SchedulerValue& v, const std::string& where) -> std::function<void()> {
            const auto* const flag = v.get_if<bool>();
            if (flag == nullptr) refuse(v, where, "a bool");
            return [&place, taken = *flag] { place = taken; };
          }};
}

StateField numbers_field(const char* name, std::vector<double>& place, std::size_t count) {
  return {name, [&place] { return number_list(place); },
          [&place, count](const SchedulerValue& v, const std::string& where) -> std::function<void()> {
            std::vector<double> taken;
            for (const SchedulerValue& item : taken_items(v, where))
              taken.push_back(taken_number(item, where));
            check<ValueError>(
                taken.size() == count,
                "{} of the loaded state has {} numbers, but the optimizer has {} parameter groups", where,
                taken.size(), count);
            return [&place, taken = std::move(taken)] { place = taken; };
          }};
}

StateField fixed_field(const char* name, SchedulerValue value) {
  return optional_field(
      {name, [value = std::move(value)] { return value; },
       [](const SchedulerValue&, const std::string&) -> std::function<void()> { return [] {}; }});
}

StateField optional_field(StateField field) {
  field.required = false;
  return field;
}

std::vector<StateField> joined_fields(std::vector<StateField> first, std::vector<StateField> rest) {
  for (StateField& f : rest) first.push_back(std::move(f));
  return first;
}

SchedulerStateDict save_fields(const std::vector<StateField>& fields) {
  SchedulerStateDict out;
  for (const StateField& f : fields) out.add(f.name, f.save());
  return out;
}

std::function<void()> take_fields(const std::vector<StateField>& fields, const SchedulerStateDict& dict,
                                  const std::string& where) {
  std::vector<std::function<void()>> steps;
  for (const StateField& f : fields) {
    if (!f.required && dict.find(f.name) == nullptr) continue;
    steps.push_back(f.take(taken_entry(dict, f.name, where), fmt::format("{}['{}']", where, f.name)));
  }
  return [steps = std::move(steps)] {
    for (const auto& step : steps) step();
  };
}

}  // namespace ballast::optim
