#include "ballast/nn/module_slot.h"

#include <vector>

#include "ballast/nn/module.h"

namespace ballast::nn::detail {

thread_local constinit ModuleRemap module_remap = nullptr;

namespace {
constexpr int kDeepestDrop = 64;
thread_local constinit int drops = 0;
// Owned by the outermost drop; a thread_local vector could be gone already when a static model is destroyed.
thread_local constinit std::vector<std::shared_ptr<Module>>* postponed = nullptr;
}  // namespace

void release_module(std::shared_ptr<Module> module) noexcept {
  if (module.use_count() != 1) return;  // someone else keeps it (or it is null): nothing is destroyed here
  if (drops >= kDeepestDrop && postponed != nullptr) {
    try {
      postponed->push_back(std::move(module));
      return;
    } catch (...) {
      // Without memory for the list the stack has to do.
    }
  }
  if (drops > 0) {
    ++drops;
    module.reset();
    --drops;
    return;
  }
  std::vector<std::shared_ptr<Module>> later;
  postponed = &later;
  drops = 1;
  module.reset();
  while (!later.empty()) {
    std::shared_ptr<Module> next = std::move(later.back());
    later.pop_back();
    next.reset();
  }
  drops = 0;
  postponed = nullptr;
}

}  // namespace ballast::nn::detail
