// Loading a StateDict into a module: PyTorch's behaviour and texts, rules for checkpoints that do not quite fit, and a report
// of what became of each name.
//
//   auto result = model->load_state_dict(state, {.strict = false});
//   std::cout << result;       // _IncompatibleKeys(missing_keys=['fc.bias'], unexpected_keys=[])
//
//   fmt::print("{}", nn::match(*model, state));        // how it would load, why not, and what would help (docs/loading.md)
//
//   MatchReport report;
//   model->load_state_dict(state, {.strict = false,
//                                  .rules = {.strip_prefix = "module.", .on_shape_mismatch = OnShapeMismatch::kSkip},
//                                  .report = &report});
//   for (const auto& m : report.loaded) model->get_parameter(m.name).requires_grad_(false);
#pragma once

#include <cstdint>
#include <iosfwd>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include <fmt/format.h>

#include "ballast/core/error.h"
#include "ballast/core/match/match_report.h"
#include "ballast/core/match/match_rules.h"
#include "ballast/core/state_dict.h"

namespace ballast::nn {

struct LoadStateDictOptions {
  /// Missing and unexpected names are errors. (A size that differs always is one, unless a rule says otherwise.)
  bool strict = true;
  /// The module takes over the given tensors instead of copying their values: types and memory become the
  /// given ones, requires_grad stays the module's. Names tied in the module stay tied where the given tensors
  /// are one view.
  bool assign = false;
  /// After an error nothing in the model has changed. False: what fits is copied before the error, as PyTorch
  /// does.
  bool atomic = true;
  /// Which entries take part, under which names, and what happens where shapes or types differ or names are tied
  /// (core/match/match_rules.h). Hooks and modules see the names that the rules give.
  MatchRules rules = {};
  /// Nothing is changed, and what does not fit is no error: it is in the result and in the report. (Hooks run as in a load
  /// that fails: those before it, and those after it, which may forgive names.)
  bool dry_run = false;
  /// Filled in before anything changes and before an error is thrown; left alone where rules or hooks throw. Costs a walk
  /// and some memory for each name, so that loads that need no report make none.
  MatchReport* report = nullptr;
};

/// A load that failed. `what()` is PyTorch's text; the report says why, and what would help.
class LoadStateDictError : public Error {
 public:
  LoadStateDictError(const std::string& text, MatchReport report)
      : Error(text), report_(std::make_shared<const MatchReport>(std::move(report))) {}
  [[nodiscard]] const MatchReport& report() const noexcept { return *report_; }

 private:
  std::shared_ptr<const MatchReport> report_;
};

/// The names that did not match. Prints as in Python: `<All keys matched successfully>` or
/// `_IncompatibleKeys(missing_keys=['a'], unexpected_keys=[])`.
struct IncompatibleKeys {
  std::vector<std::string> missing_keys;     ///< of the module, without a value given
  std::vector<std::string> unexpected_keys;  ///< given, without a place in the module

  [[nodiscard]] bool empty() const noexcept { return missing_keys.empty() && unexpected_keys.empty(); }
  [[nodiscard]] std::string repr() const;
  friend bool operator==(const IncompatibleKeys&, const IncompatibleKeys&) = default;
};
std::ostream& operator<<(std::ostream& os, const IncompatibleKeys& keys);

/// What a module sees of a load when its turn comes, before its own entries are taken (Module::before_load
/// and load pre-hooks). Names without a prefix ("running_mean") are the module's own.
class LoadContext {
 public:
  /// The path of the module with a dot behind it; "" for the root.
  [[nodiscard]] const std::string& prefix() const noexcept { return *prefix_; }
  /// The version of this module's layout that the dictionary was saved with; nullopt if it does not say.
  [[nodiscard]] std::optional<std::int64_t> version() const;
  /// The given tensor for an own name, or null.
  [[nodiscard]] const Tensor* find(std::string_view own_name) const;
  [[nodiscard]] bool contains(std::string_view own_name) const { return find(own_name) != nullptr; }
  /// Acts as if the dictionary had held `value` under an own name.
  void provide(std::string_view own_name, Tensor value);
  /// Adds a line to the error that ends this load.
  void error(std::string text);
  /// The whole dictionary, with full names, to read or to change (the caller's stays as it is).
  [[nodiscard]] const StateDict& state() const noexcept { return *state_; }
  [[nodiscard]] StateDict& mutable_state();
  [[nodiscard]] const LoadStateDictOptions& options() const noexcept { return *options_; }

 private:
  friend class StateDictLoader;
  LoadContext(const StateDict& state, const LoadStateDictOptions& options)
      : state_(&state), options_(&options) {}

  const StateDict* state_;
  std::optional<StateDict> changed_;
  const LoadStateDictOptions* options_;
  const std::string* prefix_ = nullptr;
  std::vector<std::string> errors_;
  mutable std::optional<std::unordered_map<std::string, std::int64_t>>
      versions_;  // made when first asked for
};

class Module;

/// What load_state_dict would do, without doing it: the report of a dry run.
[[nodiscard]] MatchReport match(Module& model, const StateDict& state, LoadStateDictOptions options = {});

}  // namespace ballast::nn

template <>
struct fmt::formatter<ballast::nn::IncompatibleKeys> : fmt::formatter<std::string_view> {
  auto format(const ballast::nn::IncompatibleKeys& k, fmt::format_context& ctx) const {
    return formatter<std::string_view>::format(k.repr(), ctx);
  }
};
