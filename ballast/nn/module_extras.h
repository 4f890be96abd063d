// What only few modules have, kept apart so that the others are small: a given name, hooks, and which members
// were bound to names that are gone.
#pragma once

#include <string>
#include <vector>

#include "ballast/nn/module.h"

namespace ballast::nn {

struct Module::Extras {
  // What unregister_* took off a bound member: registering the name again binds it again, so that forward sees the
  // value.
  std::vector<TensorEntry> former_tensors;
  std::vector<ChildEntry> former_children;

  std::string name;
  HookList<ForwardPreHook> forward_pre;
  HookList<ForwardHook> forward;
  HookList<StateDictPreHook> state_dict_pre;
  HookList<StateDictHook> state_dict_post;
  HookList<LoadStateDictPreHook> load_pre;
  HookList<LoadStateDictPostHook> load_post;
};

}  // namespace ballast::nn
