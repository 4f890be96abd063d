// Where a pointer to a module is kept: in a holder (nn/module_holder.h) and in a module's own list of
// children. Copying it shares the module, except while a model is being deep-copied on this thread
// (nn/clone.h): then it copies to the copy. Dropping it never recurses deeply, so that a chain of a hundred
// thousand modules can be destroyed.
#pragma once

#include <memory>
#include <utility>

namespace ballast::nn {

class Module;

namespace detail {

/// While a model is deep-copied on this thread: maps a module to its copy. Null otherwise.
using ModuleRemap = std::shared_ptr<Module> (*)(const std::shared_ptr<Module>&);
extern thread_local constinit ModuleRemap module_remap;

/// Drops a module; from a certain depth of nested drops on, later and by the outermost one.
void release_module(std::shared_ptr<Module> module) noexcept;

}  // namespace detail

class ModuleSlot {
 public:
  ModuleSlot() noexcept = default;
  explicit ModuleSlot(std::shared_ptr<Module> module) noexcept : module_(std::move(module)) {}
  ModuleSlot(const ModuleSlot& o)
      : module_(detail::module_remap != nullptr && o.module_ ? detail::module_remap(o.module_) : o.module_) {}
  ModuleSlot(ModuleSlot&& o) noexcept = default;
  // NOLINTNEXTLINE(bugprone-unhandled-self-assignment): the same module is left where it is
  ModuleSlot& operator=(const ModuleSlot& o) noexcept {
    if (module_ != o.module_) detail::release_module(std::exchange(module_, o.module_));
    return *this;
  }
  ModuleSlot& operator=(ModuleSlot&& o) noexcept {
    if (this != &o) detail::release_module(std::exchange(module_, std::move(o.module_)));
    return *this;
  }
  ~ModuleSlot() {
    if (module_) detail::release_module(std::move(module_));
  }

  /// The module, whatever its class; null in an empty slot.
  [[nodiscard]] const std::shared_ptr<Module>& module_ptr() const noexcept { return module_; }

  friend bool operator==(const ModuleSlot& a, const ModuleSlot& b) noexcept { return a.module_ == b.module_; }
  friend bool operator==(const ModuleSlot& a, std::nullptr_t) noexcept { return a.module_ == nullptr; }

 private:
  std::shared_ptr<Module> module_;
};

}  // namespace ballast::nn
