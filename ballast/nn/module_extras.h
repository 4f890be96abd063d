// What only few modules have, kept apart so that the others are small: a given name, and hooks.
#pragma once

#include <string>

#include "ballast/nn/module.h"

namespace ballast::nn {

struct Module::Extras {
  std::string name;
  HookList<ForwardPreHook> forward_pre;
  HookList<ForwardHook> forward;
  HookList<StateDictPreHook> state_dict_pre;
  HookList<StateDictHook> state_dict_post;
  HookList<LoadStateDictPreHook> load_pre;
  HookList<LoadStateDictPostHook> load_post;
};

}  // namespace ballast::nn
