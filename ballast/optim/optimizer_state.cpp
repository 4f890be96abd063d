// What an optimiser saves and takes back: PyTorch's state dict.
#include <algorithm>
#include <string_view>
#include <utility>

#include "ballast/core/error.h"
#include "ballast/core/shape.h"
#include "ballast/optim/optimizer.h"

namespace ballast::optim {

namespace {

using Entries = OptimizerStateDict::Entries;

const Field* find_field(const Fields& fields, std::string_view name) {
  const auto at = std::ranges::find(fields, name, [](const Field& f) { return std::string_view(f.name); });
  return at != fields.end() ? &*at : nullptr;
}

Entries option_entries(OptimizerParamGroup& group) {
  Entries out;
  for (const Field& f : group.options().fields()) {
    const bool said = std::holds_alternative<Fixed>(f.place) && group.extras().contains(f.name);
    out.insert(f.name, said ? group.extras()[f.name] : read_field(f));
  }
  for (const auto& [name, value] : group.extras()) {
    if (!out.contains(name)) out.insert(name, value);
  }
  return out;
}

Entries state_entries(OptimizerParamState& state) {
  Entries out;
  for (const Field& f : state.fields()) {
    OptimizerValue value = read_field(f);
    if (!value.is_none()) out.insert(f.name, std::move(value));
  }
  return out;
}

/// The options and extras that a saved group stands for.
struct TakenGroup {
  std::unique_ptr<OptimizerOptions> options;
  Entries extras;
};

TakenGroup take_group(const OptimizerOptions& current, const Entries& saved, std::size_t index) {
  TakenGroup out;
  out.options = current.fresh();
  if (!out.options) out.options = current.clone();
  const Fields fields = out.options->fields();
  for (const Field& f : fields) {
    check<KeyError>(std::string_view(f.name) != "lr" || saved.contains(f.name),
                    "parameter group {} of the loaded state dict has no 'lr'", index);
  }
  for (const auto& [name, value] : saved) {
    const Field* const f = find_field(fields, name);
    const Fixed* const fixed = f != nullptr ? std::get_if<Fixed>(&f->place) : nullptr;
    if (f == nullptr || fixed != nullptr) {
      check<ValueError>(
          fixed == nullptr || !fixed->binding || equal_values(fixed->value, value),
          "parameter group {} of the loaded state dict is of another kind of optimizer: its '{}' differs",
          index, name);
      out.extras.insert(name, value);
    } else {
      write_field(*f, value);
    }
  }
  return out;
}

/// A copy of a saved tensor for the state of `param`.
OptimizerValue adopt(const OptimizerValue& value, const Tensor& param, bool follows, std::int64_t index,
                     const std::string& name) {
  if (const auto* const list = value.get_if<OptimizerSequence>()) {
    OptimizerSequence copy{{}, list->is_tuple};
    for (const OptimizerValue& v : list->items) copy.items.push_back(adopt(v, param, follows, index, name));
    return copy;
  }
  const auto* const t = value.get_if<Tensor>();
  if (t == nullptr || !t->defined()) return value;
  check<ShapeError>(!follows || t->sizes() == param.sizes(),
                    "the loaded state of parameter {} does not fit: '{}' has shape {} and the parameter {}",
                    index, name, shape_text(t->sizes()), shape_text(param.sizes()));
  const bool cast = param.is_floating_point() || param.is_complex();
  const Tensor plain = t->detach();
  return plain.to(param.device(), cast ? param.dtype() : t->dtype(), false, true);
}

void take_state(OptimizerParamState& state, const Entries& saved, const Tensor& param, std::int64_t index) {
  const Fields fields = state.fields();
  for (const auto& [name, value] : saved) {
    if (value.is_none()) continue;
    const Field* const f = find_field(fields, name);
    check<KeyError>(f != nullptr,
                    "the loaded state of parameter {} has '{}', which this kind of optimizer does not keep",
                    index, name);
    const bool tensors =
        std::holds_alternative<Tensor*>(f->place) || std::holds_alternative<std::vector<Tensor>*>(f->place);
    write_field(*f, tensors ? adopt(value, param, state.follows_parameter(), index, name) : value);
  }
}

}  // namespace

OptimizerStateDict Optimizer::state_dict() {
  OptimizerStateDict out;
  std::int64_t number = 0;
  for (OptimizerParamGroup& g : groups_) {
    OptimizerStateDict::Group& packed = out.param_groups.emplace_back();
    packed.options = option_entries(g);
    for (const Tensor& p : g.params()) {
      if (const auto at = state_.find(p.unsafeGetTensorImpl()); at != state_.end()) {
        out.state.emplace_back(number, state_entries(*at->second));
      }
      packed.params.push_back(number++);
    }
  }
  return out;
}

void Optimizer::load_state_dict(const OptimizerStateDict& dict) {
  check<ValueError>(dict.param_groups.size() == groups_.size(),
                    "loaded state dict has a different number of parameter groups: {} instead of {}",
                    dict.param_groups.size(), groups_.size());
  std::unordered_map<std::int64_t, Tensor> by_number;
  std::vector<TakenGroup> groups;
  for (std::size_t i = 0; i < groups_.size(); ++i) {
    const OptimizerStateDict::Group& saved = dict.param_groups[i];
    const std::vector<Tensor>& own = groups_[i].params();
    check<ValueError>(saved.params.size() == own.size(),
                      "loaded state dict contains a parameter group that has a different size than the "
                      "optimizer's parameter group: {} instead of {} parameters in group {}",
                      saved.params.size(), own.size(), i);
    for (std::size_t j = 0; j < own.size(); ++j) by_number[saved.params[j]] = own[j];
    groups.push_back(take_group(groups_[i].options(), saved.options, i));
    check_options(*groups.back().options);
  }
  StateMap states;
  for (const auto& [number, saved] : dict.state) {
    const auto param = by_number.find(number);
    check<KeyError>(param != by_number.end(),
                    "the loaded state dict has a state for parameter {}, which is in none of its groups",
                    number);
    std::unique_ptr<OptimizerParamState> state = new_state();
    take_state(*state, saved, param->second, number);
    states[param->second.unsafeGetTensorImpl()] = std::move(state);
  }
  for (std::size_t i = 0; i < groups_.size(); ++i) {
    groups_[i].set_options(std::move(groups[i].options));
    groups_[i].extras() = std::move(groups[i].extras);
  }
  state_ = std::move(states);
}

}  // namespace ballast::optim
