#include "ballast/nn/load_report.h"

#include <algorithm>
#include <string_view>
#include <unordered_map>
#include <utility>

#include "ballast/core/match/match.h"
#include "ballast/core/match/match_shapes.h"
#include "ballast/nn/walk.h"

namespace ballast::nn {
namespace {

/// What is registered in the tree but takes no value, by its name.
using Silent = std::unordered_map<std::string, std::string_view>;

class ModelNames {
 public:
  ModelNames(const Module& root, const StateDict& state) : state_(state) {
    walk(root, {.remove_duplicate = false}, [this](Module& m, const std::string& prefix) {
      for (const TensorEntry& e : m.parameter_entries()) {
        add(prefix + std::string(e.name), m.slot(e), "a parameter that the model has as None");
      }
      for (const TensorEntry& e : m.buffer_entries()) {
        const Tensor& slot = m.slot(e);
        add(prefix + std::string(e.name), e.persistent ? slot : Tensor(),
            slot.defined() ? "a buffer that the model does not save" : "a buffer that the model has as None");
      }
      if (m.get_extra_state().defined()) add_extra_state(prefix + "_extra_state");
    });
  }

  NamedShapes names;
  Silent silent;

 private:
  void add(std::string name, const Tensor& slot, std::string_view otherwise) {
    if (!slot.defined()) {
      silent.emplace(std::move(name), otherwise);
      return;
    }
    const auto [first, is_new] = by_tensor_.emplace(slot.unsafeGetTensorImpl());
    const std::size_t own = names.size();
    if (is_new) *first = own;
    names.push_back({.name = std::move(name),
                     .shape = Dims(slot.sizes()),
                     .dtype = std::string(dtype_name(slot.dtype()))});
    if (!is_new) names[*first].tie = names[own].tie = *first;
  }

  /// Takes what is given, of whatever shape and type.
  void add_extra_state(std::string name) {
    const Tensor* const given = state_.find(name);
    NamedShape entry{.name = std::move(name)};
    if (given != nullptr && given->defined()) {
      entry.shape = Dims(given->sizes());
      entry.dtype = dtype_name(given->dtype());
    }
    names.push_back(std::move(entry));
  }

  const StateDict& state_;
  PointerMap<std::size_t> by_tensor_;
};

void keep_only(std::vector<MatchedName>& names, const std::vector<std::string>& keys) {
  std::unordered_map<std::string_view, std::size_t> at;
  for (std::size_t i = 0; i < names.size(); ++i) at.emplace(names[i].name, i);
  std::vector<MatchedName> kept;
  for (const std::string& key : keys) {
    const auto place = at.find(key);
    if (place == at.end()) {
      kept.push_back({.name = key});  // a hook has added it
    } else {
      kept.push_back(names[place->second]);
    }
  }
  names = std::move(kept);
}

/// The names that were given, with the values that hooks and modules have left under them. What these have added under other
/// names is not of the file: it would stand in the way of renaming what is.
StateDict with_changed_values(const StateDict& given, const StateDict& state) {
  StateDict out;
  out.reserve(given.size());
  for (const auto& item : given.items()) {
    const Tensor* const now = state.find(item.key());
    out.append(item.key(), now != nullptr ? *now : item.value());
  }
  return out;
}

/// Moves the names that hooks and modules have given a value from the missing ones to the loaded ones.
void take_provided(MatchReport& report, const LoadView& view, const NamedShapes& model) {
  std::vector<MatchedName> missing;
  bool any = false;
  for (MatchedName& m : report.missing) {
    const Tensor* const value = view.given.contains(m.name) ? nullptr : view.state.find(m.name);
    if (value == nullptr || !value->defined() || !same_shape(value->sizes(), m.model_shape)) {
      missing.push_back(std::move(m));
      continue;
    }
    any = true;
    m.file_shape = Dims(value->sizes());
    m.file_dtype = dtype_name(value->dtype());
    m.reason = "given by its module, which reads other layouts too";
    m.is_cured = false;
    m.nearest.clear();
    report.loaded.push_back(std::move(m));
  }
  report.missing = std::move(missing);
  if (!any) return;
  std::unordered_map<std::string_view, std::size_t> order;
  for (std::size_t i = 0; i < model.size(); ++i) order.emplace(model[i].name, i);
  std::ranges::stable_sort(report.loaded, {}, [&](const MatchedName& m) { return order.at(m.name); });
}

}  // namespace

MatchReport report_of(const Module& root, LoadView view) {
  const bool is_changed = &view.given != &view.state;
  NamedShapes file = names_of(is_changed ? with_changed_values(view.given, view.state) : view.given);
  if (view.renamed != nullptr) {
    for (NamedShape& f : file) {
      const std::size_t at = view.renamed->dict.position(f.name);
      if (at != StateDict::kNone) f.name_before = view.renamed->names_before[at];
    }
  }
  const ModelNames model(root, view.state);
  MatchReport report = ballast::match(file, model.names,
                                      {.on_shape_mismatch = view.rules.on_shape_mismatch,
                                       .on_dtype_mismatch = view.rules.on_dtype_mismatch,
                                       .tied_names = view.rules.tied_names});
  if (is_changed) take_provided(report, view, model.names);
  report.rules = view.rules;
  report.errors = std::move(view.errors);
  if (view.renamed != nullptr) {
    report.left_out = view.renamed->left_out;
    report.file_names += report.left_out.size();
  }
  for (MatchedName& m : report.unexpected) {
    const auto at = model.silent.find(m.name);
    if (at != model.silent.end()) m.reason = at->second;
  }
  return report;
}

void keep_only(MatchReport& report, const IncompatibleKeys& keys) {
  keep_only(report.missing, keys.missing_keys);
  keep_only(report.unexpected, keys.unexpected_keys);
}

}  // namespace ballast::nn
