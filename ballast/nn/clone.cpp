#include "ballast/nn/clone.h"

#include <cstring>

#include "ballast/core/error.h"
#include "ballast/nn/pointer_set.h"
#include "ballast/nn/walk.h"

namespace ballast::nn {

/// One deep copy: while it runs on a thread, copying a Tensor or a module slot gives the copy's. What is a copy already
/// is its own.
class Cloner {
 public:
  Cloner() {
    outer_ = current_;
    outer_tensors_ = ballast::detail::tensor_remap;
    outer_modules_ = detail::module_remap;
    current_ = this;
    ballast::detail::tensor_remap = [](TensorImpl* t) { return current_->copy_of(t); };
    detail::module_remap = [](const std::shared_ptr<Module>& m) { return current_->copy_of(*m); };
  }
  ~Cloner() {
    ballast::detail::tensor_remap = outer_tensors_;
    detail::module_remap = outer_modules_;
    current_ = outer_;
  }
  Cloner(const Cloner&) = delete;
  Cloner& operator=(const Cloner&) = delete;

  /// Copies children before parents, so that a module's copy constructor finds its children copied and a deep tree is
  /// no deep recursion.
  std::shared_ptr<Module> run(const Module& root) {
    walk(
        root, {}, [](Module&, const std::string&) {},
        [this](Module& m, const std::string&) { (void)copy_of(m); });
    return copy_of(root);
  }

 private:
  const Storage& copy_of(const Storage& storage) {
    const auto [known, fresh] = storages_.emplace(storage.id());
    if (fresh) {
      known->original = storage;
      if (storage.device().is_meta()) {
        known->copy = Storage::meta(storage.nbytes());
      } else {
        known->copy = Storage::allocate(storage.nbytes());
        if (storage.nbytes() > 0) {
          std::memcpy(known->copy.mutable_data(), storage.data(), storage.nbytes());
        }
      }
    }
    return known->copy;
  }

  /// The copy of a tensor, made when it is first met: the same place in the copy of its storage.
  IntrusivePtr<TensorImpl> copy_of(TensorImpl* t) {
    if (tensors_.find(t) == nullptr) {
      const Paused paused;
      t->retain();
      const Tensor original(IntrusivePtr<TensorImpl>::adopt(t));
      Tensor copy = tensor_on(copy_of(t->storage), t->dtype, t->sizes, t->strides, t->offset);
      copy.impl().requires_grad = t->requires_grad;
      copy.impl().is_parameter = t->is_parameter;
      *tensors_.emplace(copy.unsafeGetTensorImpl()).first = TensorCopy{copy, copy};
      *tensors_.emplace(t).first = TensorCopy{original, std::move(copy)};
    }
    TensorImpl* copy = tensors_.find(t)->copy.unsafeGetTensorImpl();
    copy->retain();
    return IntrusivePtr<TensorImpl>::adopt(copy);
  }

  std::shared_ptr<Module> copy_of(const Module& m) {
    {
      const auto [copy, fresh] = modules_.emplace(&m);
      if (!fresh) {
        check(copy->second, "a module tree that contains itself cannot be copied ({})", m.class_name());
        return copy->first;
      }
    }
    std::shared_ptr<Module> made = m.copy_this();
    *modules_.emplace(made.get()).first = {made, true};
    *modules_.find(&m) = {made, true};
    return made;
  }

  /// Inside, tensors are copied as handles again.
  struct Paused {
    ballast::detail::TensorRemap tensors = std::exchange(ballast::detail::tensor_remap, nullptr);
    Paused() = default;
    Paused(const Paused&) = delete;
    Paused& operator=(const Paused&) = delete;
    ~Paused() { ballast::detail::tensor_remap = tensors; }
  };
  // Originals are kept, so that their addresses stay their own.
  struct TensorCopy {
    Tensor original, copy;
  };
  struct StorageCopy {
    Storage original, copy;
  };

  static thread_local constinit Cloner* current_;
  Cloner* outer_ = nullptr;
  ballast::detail::TensorRemap outer_tensors_ = nullptr;
  detail::ModuleRemap outer_modules_ = nullptr;
  PointerMap<TensorCopy> tensors_;
  PointerMap<StorageCopy> storages_;
  PointerMap<std::pair<std::shared_ptr<Module>, bool>> modules_;  // bool: the copy is there
};

thread_local constinit Cloner* Cloner::current_ = nullptr;

std::shared_ptr<Module> clone_module(const Module& module) { return Cloner().run(module); }

std::shared_ptr<Module> Module::clone(const std::optional<Device>& device) const {
  auto copy = clone_module(*this);
  if (device) copy->to(*device);
  return copy;
}

}  // namespace ballast::nn
