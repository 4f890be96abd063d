// Functions that a module calls at a certain moment, and handles that take them off again.
//
//   auto handle = net->fc->register_forward_hook(
//       [&](nn::Module& m, const std::vector<Tensor>& in, Tensor& out) { seen.push_back(out); });
//   net(x);
//   handle.remove();
//
// Hooks of one moment run in the order of their registration. A copy of a module has the same hooks; removing
// one of the original's leaves the copy's.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "ballast/core/state_dict.h"
#include "ballast/core/tensor.h"

namespace ballast::nn {

class Module;
class LoadContext;
struct IncompatibleKeys;

/// Before forward: may change or replace the tensors given.
using ForwardPreHook = std::function<void(Module&, std::vector<Tensor>& inputs)>;
/// After forward: may change or replace the result. Of a forward that returns no Tensor, `output` is
/// undefined.
using ForwardHook = std::function<void(Module&, const std::vector<Tensor>& inputs, Tensor& output)>;
/// Before a module's part of state_dict() is collected; `prefix` is "" or ends in a dot.
using StateDictPreHook = std::function<void(Module&, const std::string& prefix, bool keep_vars)>;
/// After a module and all below it are in `destination`, which may be changed.
using StateDictHook = std::function<void(Module&, StateDict& destination, const std::string& prefix)>;
/// Before a module takes its own entries in load_state_dict(): may rename, add or remove some
/// (nn/load_state_dict.h).
using LoadStateDictPreHook = std::function<void(Module&, LoadContext&)>;
/// After a module and all below it were loaded: may change the lists of missing and unexpected names.
using LoadStateDictPostHook = std::function<void(Module&, IncompatibleKeys&)>;

namespace detail {
class HookTable {
 public:
  virtual ~HookTable() = default;
  virtual void erase(std::uint64_t id) noexcept = 0;
};
}  // namespace detail

/// Takes a hook off. May outlive the module, be copied, and be used twice.
class RemovableHandle {
 public:
  RemovableHandle() = default;
  RemovableHandle(std::weak_ptr<detail::HookTable> table, std::uint64_t id)
      : table_(std::move(table)), id_(id) {}
  void remove() noexcept {
    if (auto table = table_.lock()) table->erase(id_);
    table_.reset();
  }

 private:
  std::weak_ptr<detail::HookTable> table_;
  std::uint64_t id_ = 0;
};

/// The hooks of one moment.
template <class F>
class HookList {
 public:
  HookList() = default;
  HookList(const HookList& o) : table_(o.table_ ? std::make_shared<Table>(*o.table_) : nullptr) {}
  HookList& operator=(const HookList& o) {
    table_ = o.table_ ? std::make_shared<Table>(*o.table_) : nullptr;
    return *this;
  }
  HookList(HookList&&) noexcept = default;
  HookList& operator=(HookList&&) noexcept = default;
  ~HookList() = default;

  [[nodiscard]] bool empty() const noexcept { return !table_ || table_->hooks.empty(); }
  RemovableHandle add(F hook, bool prepend = false) {
    if (!table_) table_ = std::make_shared<Table>();
    const std::uint64_t id = table_->next++;
    auto& hooks = table_->hooks;
    hooks.emplace(prepend ? hooks.begin() : hooks.end(), id, std::make_shared<const F>(std::move(hook)));
    return {table_, id};
  }
  /// Calls all; a hook may take itself or others off meanwhile.
  template <class... Args>
  void run(Args&&... args) const {
    if (empty()) return;
    const auto hooks = table_->hooks;
    for (const auto& [id, hook] : hooks) (*hook)(args...);
  }

 private:
  struct Table final : detail::HookTable {
    // The functions are shared, not copied, by a deep copy: what they captured stays the caller's.
    std::vector<std::pair<std::uint64_t, std::shared_ptr<const F>>> hooks;
    std::uint64_t next = 1;
    void erase(std::uint64_t id) noexcept override {
      std::erase_if(hooks, [id](const auto& h) { return h.first == id; });
    }
  };
  std::shared_ptr<Table> table_;
};

}  // namespace ballast::nn
