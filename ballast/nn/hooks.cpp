#include "ballast/nn/hooks.h"

#include "ballast/nn/module_extras.h"

namespace ballast::nn {

RemovableHandle Module::register_forward_pre_hook(ForwardPreHook hook, bool prepend) {
  return extras().forward_pre.add(std::move(hook), prepend);
}
RemovableHandle Module::add_forward_hook(ForwardHook hook, bool prepend) {
  return extras().forward.add(std::move(hook), prepend);
}
RemovableHandle Module::register_state_dict_pre_hook(StateDictPreHook hook) {
  return extras().state_dict_pre.add(std::move(hook));
}
RemovableHandle Module::register_state_dict_post_hook(StateDictHook hook) {
  return extras().state_dict_post.add(std::move(hook));
}
RemovableHandle Module::register_load_state_dict_pre_hook(LoadStateDictPreHook hook) {
  return extras().load_pre.add(std::move(hook));
}
RemovableHandle Module::register_load_state_dict_post_hook(LoadStateDictPostHook hook) {
  return extras().load_post.add(std::move(hook));
}

bool Module::has_forward_hooks() const noexcept {
  return extras_ && (!extras_->forward_pre.empty() || !extras_->forward.empty());
}
void Module::run_forward_pre_hooks(std::vector<Tensor>& inputs) {
  if (extras_) extras_->forward_pre.run(*this, inputs);
}
void Module::run_forward_hooks(const std::vector<Tensor>& inputs, Tensor& output) {
  if (extras_) extras_->forward.run(*this, inputs, output);
}

}  // namespace ballast::nn
