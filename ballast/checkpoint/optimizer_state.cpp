#include "ballast/checkpoint/optimizer_state.h"

#include <cstddef>
#include <optional>
#include <string>
#include <type_traits>
#include <utility>
#include <variant>
#include <vector>

#include "ballast/core/error.h"

namespace ballast::checkpoint {

namespace {

/// Lists inside lists: betas have one level, what LBFGS remembers has one.
constexpr int kDeepest = 8;

Value value_of(const OptimizerValue& entry) {
  return std::visit(
      [](const auto& v) -> Value {
        using T = std::remove_cvref_t<decltype(v)>;
        if constexpr (std::is_same_v<T, std::monostate>) {
          return {};
        } else if constexpr (std::is_same_v<T, OptimizerSequence>) {
          std::vector<Value> items;
          for (const OptimizerValue& item : v.items) items.push_back(value_of(item));
          return v.is_tuple ? Value::tuple(items) : Value::list(items);
        } else if constexpr (std::is_same_v<T, Tensor>) {
          return v.defined() ? Value(v) : Value();
        } else {
          return Value(v);
        }
      },
      static_cast<const OptimizerValue::variant&>(entry));
}

Value dict_of(const OptimizerStateDict::Entries& entries) {
  Value out = Value::dict();
  for (const auto& [name, entry] : entries) out.set(name, value_of(entry));
  return out;
}

[[noreturn]] void refuse(const std::string& where, const std::string& wanted, const Value& found) {
  throw FormatError(fmt::format("{} of the optimizer's state must be {}, but is {}", where, wanted,
                                kind_phrase(found.kind())));
}

Value part(const Value& root, const char* key) {
  const std::optional<Value> found = root.find(key);
  if (!found) throw FormatError(fmt::format("not the state of an optimizer: it has no '{}'", key));
  return *found;
}

OptimizerValue entry_of(const Value& v, const std::string& where, int depth = 0) {
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
      check<NotImplementedError>(v.tensor().layout == Layout::kStrided,
                                 "{} of the optimizer's state is a {} tensor", where,
                                 layout_name(v.tensor().layout));
      return v.tensor().resolved();
    }
    case Kind::kList:
    case Kind::kTuple: {
      if (depth == kDeepest) throw FormatError(fmt::format("{} of the optimizer's state is too deep", where));
      OptimizerSequence out{{}, v.is(Kind::kTuple)};
      for (std::size_t i = 0; i < v.size(); ++i) {
        out.items.push_back(entry_of(v.item(i), fmt::format("{}[{}]", where, i), depth + 1));
      }
      return out;
    }
    default:
      refuse(where, "a number, text, tensor, list or None", v);
  }
}

std::string name_at(const Value& mapping, std::size_t i, const std::string& where) {
  const Value key = mapping.key(i);
  if (!key.is(Kind::kStr)) refuse("a key in " + where, "a str", key);
  return std::string(key.as_text());
}

OptimizerStateDict::Group group_of(const Value& v, const std::string& where) {
  if (!v.is_mapping()) refuse(where, "a dict", v);
  OptimizerStateDict::Group out;
  bool has_params = false;
  for (std::size_t i = 0; i < v.size(); ++i) {
    const std::string name = name_at(v, i, where);
    const std::string at = fmt::format("{}['{}']", where, name);
    if (name != "params") {
      out.options.insert(name, entry_of(v.value(i), at));
      continue;
    }
    const Value numbers = v.value(i);
    if (!numbers.is_sequence()) refuse(at, "a list of ints", numbers);
    for (std::size_t j = 0; j < numbers.size(); ++j) {
      if (!numbers.item(j).is(Kind::kInt)) refuse(at, "a list of ints", numbers.item(j));
      out.params.push_back(numbers.item(j).as_int());
    }
    has_params = true;
  }
  if (!has_params) throw FormatError(fmt::format("{} of the optimizer's state has no 'params'", where));
  return out;
}

}  // namespace

Value to_value(const OptimizerStateDict& dict) {
  Value state = Value::dict();
  for (const auto& [number, entries] : dict.state) state.set(number, dict_of(entries));
  Value groups = Value::list();
  for (const OptimizerStateDict::Group& g : dict.param_groups) {
    Value group = dict_of(g.options);
    std::vector<Value> numbers;
    for (const std::int64_t n : g.params) numbers.emplace_back(n);
    group.set("params", Value::list(numbers));
    groups.append(group);
  }
  Value out = Value::dict();
  out.set("state", state);
  out.set("param_groups", groups);
  return out;
}

void save(const OptimizerStateDict& dict, const std::filesystem::path& path, const SaveOptions& options) {
  save(to_value(dict), path, options);
}

OptimizerStateDict to_optimizer_state(const Value& root) {
  if (!root.is_mapping()) refuse("the root", "a dict", root);
  OptimizerStateDict out;
  const Value state = part(root, "state");
  if (!state.is_mapping()) refuse("'state'", "a dict", state);
  for (std::size_t i = 0; i < state.size(); ++i) {
    const Value key = state.key(i);
    check<NotImplementedError>(
        key.is(Kind::kInt), "a state of the optimizer stands under {}, not under the number of a parameter",
        kind_phrase(key.kind()));
    const std::string where = fmt::format("state[{}]", key.int_text());
    const Value entries = state.value(i);
    if (!entries.is_mapping()) refuse(where, "a dict", entries);
    auto& taken = out.state.emplace_back(key.as_int(), OptimizerStateDict::Entries());
    for (std::size_t j = 0; j < entries.size(); ++j) {
      std::string name = name_at(entries, j, where);
      OptimizerValue entry = entry_of(entries.value(j), fmt::format("{}['{}']", where, name));
      taken.second.insert(std::move(name), std::move(entry));
    }
  }
  const Value groups = part(root, "param_groups");
  if (!groups.is_sequence()) refuse("'param_groups'", "a list", groups);
  for (std::size_t i = 0; i < groups.size(); ++i) {
    out.param_groups.push_back(group_of(groups.item(i), fmt::format("param_groups[{}]", i)));
  }
  return out;
}

}  // namespace ballast::checkpoint
