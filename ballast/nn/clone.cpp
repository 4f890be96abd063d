#include "ballast/nn/clone.h"

#include "ballast/core/error.h"
#include "ballast/nn/pointer_set.h"
#include "ballast/nn/storage_groups.h"
#include "ballast/nn/walk.h"

namespace ballast::nn {

/// One deep copy: while it runs on a thread, copying a Tensor or a module slot gives the copy's.
class Cloner {
 public:
  explicit Cloner(const Module& root) {
    copy_known_tensors(root);
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
  void copy_known_tensors(const Module& root) {
    const Paused paused;
    std::vector<Tensor> tensors;
    for (const EntryKind kind : {EntryKind::kParameter, EntryKind::kBuffer}) {
      walk_tensors(root, kind, {},
                   [&](Module&, const TensorEntry&, Tensor& t, const std::string&) { tensors.push_back(t); });
    }
    for (const StorageGroup& g : group_by_storage(tensors, Grouping::kStorage)) {
      const Tensor range = range_of(g);
      Tensor copy = empty(range.sizes(), range.options());
      if (!copy.is_meta()) copy_elements(copy, range);
      for (const Tensor& t : g.members) remember(t, view_in(copy, g, t));
    }
  }

  static void take_flags(const Tensor& copy, const TensorImpl& from) {
    copy.impl().requires_grad = from.requires_grad;
    copy.impl().is_parameter = from.is_parameter;
  }
  void remember(const Tensor& t, Tensor copy) {
    take_flags(copy, t.impl());
    auto* const slot = tensors_.emplace(t.unsafeGetTensorImpl()).first;
    slot->original = t;
    slot->copy = std::move(copy);
  }

  /// The copy of a tensor; one that no module has registered (a member of its own) is copied when it is met.
  IntrusivePtr<TensorImpl> copy_of(TensorImpl* t) {
    TensorCopy* known = tensors_.find(t);
    if (known == nullptr) {
      const Paused paused;
      t->retain();
      const Tensor original(IntrusivePtr<TensorImpl>::adopt(t));
      const std::vector<Tensor> one{original};
      const StorageGroup g = group_by_storage(one, Grouping::kStorage).front();
      const Tensor range = range_of(g);
      Tensor copy = empty(range.sizes(), range.options());
      if (!copy.is_meta()) copy_elements(copy, range);
      remember(original, view_in(copy, g, original));
      known = tensors_.find(t);
    }
    TensorImpl* copy = known->copy.unsafeGetTensorImpl();
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
    auto* const copy = modules_.find(&m);  // the map may have moved meanwhile
    copy->first = made;
    copy->second = true;
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
  struct TensorCopy {
    Tensor original;  // kept, so that its address stays its own
    Tensor copy;
  };

  static thread_local constinit Cloner* current_;
  Cloner* outer_ = nullptr;
  ballast::detail::TensorRemap outer_tensors_ = nullptr;
  detail::ModuleRemap outer_modules_ = nullptr;
  PointerMap<TensorCopy> tensors_;
  PointerMap<std::pair<std::shared_ptr<Module>, bool>> modules_;  // bool: the copy is there
};

thread_local constinit Cloner* Cloner::current_ = nullptr;

std::shared_ptr<Module> clone_module(const Module& module) { return Cloner(module).run(module); }

std::shared_ptr<Module> Module::clone(const std::optional<Device>& device) const {
  auto copy = clone_module(*this);
  if (device) copy->to(*device);
  return copy;
}

}  // namespace ballast::nn
