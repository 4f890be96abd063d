#include "ballast/optim/optimizer.h"

#include <algorithm>
#include <typeinfo>
#include <unordered_set>
#include <utility>

#include "ballast/autograd/grad_mode.h"
#include "ballast/autograd/variable.h"
#include "ballast/core/error.h"
#include "ballast/core/warning.h"

namespace ballast::optim {

namespace {

Fields fields_of(const OptimizerParamState& state) {
  return const_cast<OptimizerParamState&>(state).fields();
}

}  // namespace

bool operator==(const OptimizerParamState& a, const OptimizerParamState& b) {
  return typeid(a) == typeid(b) && equal_fields(fields_of(a), fields_of(b));
}

Optimizer::Optimizer(std::vector<OptimizerParamGroup> groups, std::unique_ptr<OptimizerOptions> defaults)
    : defaults_(std::move(defaults)) {
  check<ValueError>(defaults_ != nullptr, "an optimizer needs options");
  groups_.reserve(groups.size());
  for (OptimizerParamGroup& g : groups) Optimizer::add_param_group(std::move(g));
}

Optimizer::Optimizer(std::vector<Tensor> params, std::unique_ptr<OptimizerOptions> defaults)
    : Optimizer(std::vector<OptimizerParamGroup>{OptimizerParamGroup(std::move(params))},
                std::move(defaults)) {}

void Optimizer::add_unique(OptimizerParamGroup& group, const std::vector<Tensor>& params) const {
  std::unordered_set<const TensorImpl*> others;
  for (const OptimizerParamGroup& g : groups_) {
    if (&g == &group) continue;
    for (const Tensor& p : g.params()) others.insert(p.unsafeGetTensorImpl());
  }
  std::unordered_set<const TensorImpl*> own;
  for (const Tensor& p : group.params()) own.insert(p.unsafeGetTensorImpl());
  std::vector<Tensor> added;
  added.reserve(params.size());
  for (const Tensor& p : params) {
    check<ValueError>(p.defined(), "can't optimize an undefined Tensor");
    check<ValueError>(p.is_leaf() || p.retains_grad(), "can't optimize a non-leaf Tensor");
    check<ValueError>(!others.contains(p.unsafeGetTensorImpl()),
                      "some parameters appear in more than one parameter group");
    if (own.insert(p.unsafeGetTensorImpl()).second) added.push_back(p);
  }
  if (added.size() != params.size()) {
    warn("optimizer contains a parameter group with duplicate parameters; each of them is stepped once");
  }
  std::vector<Tensor>& list = group.params();
  list.insert(list.end(), std::make_move_iterator(added.begin()), std::make_move_iterator(added.end()));
}

void Optimizer::add_param_group(OptimizerParamGroup group) {
  if (group.has_options()) {
    inherit_options(group.options(), *defaults_);
  } else {
    group.set_options(defaults_->clone());
  }
  check_options(group.options());
  const std::vector<Tensor> params = std::exchange(group.params(), {});
  add_unique(group, params);
  on_group_added(group);
  groups_.push_back(std::move(group));
}

void Optimizer::check_options(const OptimizerOptions& /*options*/) const {}

std::unique_ptr<OptimizerParamState> Optimizer::new_state() const {
  throw NotImplementedError("this optimizer cannot load states: override new_state()");
}

void Optimizer::zero_grad(bool set_to_none) {
  const NoGradGuard no_grad;
  for (const OptimizerParamGroup& g : groups_) {
    for (const Tensor& p : g.params()) {
      autograd::VariableMeta* const meta = autograd::find_meta(p);
      if (meta == nullptr || !meta->own_grad().defined()) continue;
      if (set_to_none) {
        meta->own_grad() = Tensor();
      } else {
        if (!meta->own_grad().is_leaf()) meta->own_grad() = meta->own_grad().detach();
        meta->own_grad().zero_();
      }
    }
  }
}

Tensor Optimizer::evaluate(const LossClosure& closure) {
  if (!closure) return {};
  const AutoGradMode recording(true);
  return closure();
}

const std::vector<Tensor>& Optimizer::parameters() const {
  warn("Optimizer::parameters() will be removed; use param_groups()[0].params()");
  check<IndexError>(!groups_.empty(), "the optimizer has no parameter group");
  return groups_.front().params();
}

std::size_t Optimizer::size() const {
  warn("Optimizer::size() will be removed; add up the sizes of param_groups()");
  std::size_t n = 0;
  for (const OptimizerParamGroup& g : groups_) n += g.params().size();
  return n;
}

void Optimizer::add_parameters(const std::vector<Tensor>& params) {
  warn("Optimizer::add_parameters() will be removed; use add_param_group()");
  if (groups_.empty()) return add_param_group(OptimizerParamGroup(params));
  add_unique(groups_.front(), params);
  on_group_added(groups_.front());
}

}  // namespace ballast::optim
