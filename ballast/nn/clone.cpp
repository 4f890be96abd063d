#include "ballast/nn/clone.h"

#include <algorithm>
#include <cstddef>
#include <cstring>
#include <utility>
#include <vector>

#include "ballast/core/error.h"
#include "ballast/core/shape.h"
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
    for (const EntryKind kind : {EntryKind::kParameter, EntryKind::kBuffer}) {
      walk_tensors(root, kind, {},
                   [this](Module&, const TensorEntry&, Tensor& t, const std::string&) { cover(t.impl()); });
    }
    walk(
        root, {}, [](Module&, const std::string&) {},
        [this](Module& m, const std::string&) { (void)copy_of(m); });
    return copy_of(root);
  }

 private:
  /// The part of a storage that tensors of the model lie on, and its copy.
  struct Part {
    Storage original, copy;
    std::int64_t begin = 0, end = 0;  // in bytes, begin a multiple of 64: what was aligned is aligned
    std::vector<Tensor> copies;
  };

  /// Makes the part of the storage that is to be copied hold `t`.
  Part& cover(const TensorImpl& t) {
    Part& part = *parts_.emplace(t.storage.id()).first;
    part.original = t.storage;
    const std::int64_t begin = t.offset * itemsize(t.dtype) / 64 * 64;
    const std::int64_t end = storage_extent(t.sizes, t.strides, t.offset).value_or(0) * itemsize(t.dtype);
    if (t.numel > 0) {
      part.begin = part.end == 0 ? begin : std::min(part.begin, begin);
      part.end = std::max(part.end, end);
    }
    return part;
  }

  std::pair<std::int64_t, std::int64_t> range_of(const Storage& storage) {
    const Part& part = *parts_.emplace(storage.id()).first;
    return {part.begin, part.end};
  }

  /// Copies the part anew after it has grown; the copies that lie on the old one move over, with the values they have.
  static void copy_bytes(Part& part, std::int64_t old_begin, std::int64_t old_end) {
    const Storage old = part.copy;
    const auto size = [](std::int64_t from, std::int64_t to) { return static_cast<std::size_t>(to - from); };
    const bool meta = part.original.device().is_meta();
    part.copy =
        meta ? Storage::meta(size(part.begin, part.end)) : Storage::allocate(size(part.begin, part.end));
    if (!meta && part.end > part.begin) {
      std::byte* const to = part.copy.mutable_data();
      std::memcpy(to, part.original.data() + part.begin, size(part.begin, part.end));
      if (old.defined() && old_end > old_begin) {
        std::memcpy(to + (old_begin - part.begin), old.data(), size(old_begin, old_end));
      }
    }
    for (const Tensor& t : part.copies) {
      if (!t.storage().is_same(old)) continue;  // a copy constructor gave it other memory
      const std::int64_t moved = t.numel() == 0 ? 0 : (old_begin - part.begin) / t.itemsize();
      t.set_data(tensor_on(part.copy, t.dtype(), t.sizes(), t.strides(), t.storage_offset() + moved));
    }
  }

  /// The copy of a tensor, made when it is first met: the same place in the copy of its storage.
  IntrusivePtr<TensorImpl> copy_of(TensorImpl* t) {
    if (tensors_.find(t) == nullptr) {
      const Paused paused;
      t->retain();
      const Tensor original(IntrusivePtr<TensorImpl>::adopt(t));
      const auto [begin, end] = range_of(t->storage);
      Part& part = cover(*t);
      if (!part.copy.defined() || part.begin != begin || part.end != end) copy_bytes(part, begin, end);
      const std::int64_t offset = t->numel == 0 ? 0 : t->offset - part.begin / itemsize(t->dtype);
      Tensor copy = tensor_on(part.copy, t->dtype, t->sizes, t->strides, offset);
      copy.impl().requires_grad = t->requires_grad;
      copy.impl().is_parameter = t->is_parameter;
      part.copies.push_back(copy);
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

  static thread_local constinit Cloner* current_;
  Cloner* outer_ = nullptr;
  ballast::detail::TensorRemap outer_tensors_ = nullptr;
  detail::ModuleRemap outer_modules_ = nullptr;
  PointerMap<TensorCopy> tensors_;
  PointerMap<Part> parts_;                                        // by storage
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
