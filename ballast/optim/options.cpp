#include "ballast/optim/options.h"

#include <cstddef>
#include <typeinfo>

namespace ballast::optim {

namespace {

/// Reading fields changes nothing.
Fields fields_of(const OptimizerOptions& options) { return const_cast<OptimizerOptions&>(options).fields(); }

}  // namespace

double OptimizerOptions::get_lr() const {
  throw NotImplementedError("these options have no lr: override get_lr() to let schedulers read one");
}

void OptimizerOptions::set_lr(double /*lr*/) {
  throw NotImplementedError("these options have no lr: override set_lr() to let schedulers set one");
}

bool operator==(const OptimizerOptions& a, const OptimizerOptions& b) {
  return typeid(a) == typeid(b) && equal_fields(fields_of(a), fields_of(b));
}

void inherit_options(OptimizerOptions& group, const OptimizerOptions& defaults) {
  check<ValueError>(typeid(group) == typeid(defaults),
                    "the options of a parameter group must be of the same type as the optimizer's");
  const std::unique_ptr<OptimizerOptions> untouched = group.fresh();
  if (!untouched) return;
  const Fields own = group.fields();
  const Fields taken = fields_of(defaults);
  const Fields initial = untouched->fields();
  for (std::size_t i = 0; i < own.size(); ++i) {
    if (equal_fields({own[i]}, {initial[i]})) write_field(own[i], read_field(taken[i]));
  }
}

OptimizerOptions& OptimizerParamGroup::options() {
  check(options_ != nullptr, "the parameter group has no options");
  return *options_;
}

const OptimizerOptions& OptimizerParamGroup::options() const {
  check(options_ != nullptr, "the parameter group has no options");
  return *options_;
}

}  // namespace ballast::optim
