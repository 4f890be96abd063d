#include "ballast/autograd/variable.h"

#include "ballast/autograd/accumulate_grad.h"
#include "ballast/autograd/view.h"

namespace ballast::autograd {

VariableMeta::~VariableMeta() {
  if (AccumulateGrad* const a = accumulator.load(std::memory_order_acquire)) {
    a->forget_leaf();
    a->release();
  }
}

bool VariableMeta::has_function() const noexcept { return grad_fn || inherits_grad(); }

const char* VariableMeta::function_name(const TensorImpl& self) const {
  if (!has_function()) return nullptr;
  self.retain();
  return current_grad_fn(Tensor(IntrusivePtr<TensorImpl>::adopt(const_cast<TensorImpl*>(&self))))->name();
}

VariableMeta& meta_of(const Tensor& t) {
  AutogradSlot& slot = t.impl().autograd;
  AutogradMeta* const there = slot.get();
  return static_cast<VariableMeta&>(there != nullptr ? *there : slot.offer(std::make_unique<VariableMeta>()));
}

const IntrusivePtr<Node>& current_grad_fn(const Tensor& t) {
  static const IntrusivePtr<Node> kNone;
  VariableMeta* const meta = find_meta(t);
  if (meta == nullptr) return kNone;
  if (meta->inherits_grad() && (!meta->grad_fn || meta->seen_version != version_of(t)))
    refresh_view(t, *meta);
  return meta->grad_fn;
}

AccumulateGrad& accumulator_of(const Tensor& leaf) {
  VariableMeta& meta = meta_of(leaf);
  if (AccumulateGrad* const a = meta.accumulator.load(std::memory_order_acquire)) return *a;
  auto* const fresh = new AccumulateGrad(leaf);
  AccumulateGrad* there = nullptr;
  if (meta.accumulator.compare_exchange_strong(there, fresh, std::memory_order_acq_rel)) return *fresh;
  fresh->release();
  return *there;
}

Edge gradient_edge(const Tensor& t) {
  if (!needs_grad(t)) return {};
  VariableMeta& meta = meta_of(t);
  if (const IntrusivePtr<Node>& made_by = current_grad_fn(t)) return {made_by, meta.output_nr};
  AccumulateGrad& accumulator = accumulator_of(t);
  accumulator.retain();
  return {IntrusivePtr<Node>::adopt(&accumulator), 0};
}

void set_history(const Tensor& t, IntrusivePtr<Node> node) {
  VariableMeta& meta = meta_of(t);
  meta.output_nr = node->add_output(t);
  meta.grad_fn = std::move(node);
  t.impl().requires_grad = true;
}

void rebase_history(const Tensor& t, IntrusivePtr<Node> node) {
  VariableMeta& meta = meta_of(t);
  if (meta.base.defined()) {
    write_through_view(t, meta, std::move(node));
    return;
  }
  set_history(t, std::move(node));
}

void begin_inplace(const Tensor& self) {
  if (GradMode::is_enabled() && needs_grad(self)) {
    const VariableMeta* const meta = find_meta(self);
    const bool leaf = meta == nullptr || !meta->has_function();
    check(!leaf, "a leaf Variable that requires grad is being used in an in-place operation.");
    if (meta->base.defined()) {
      const VariableMeta* const base = find_meta(meta->base);
      check(base != nullptr && base->has_function(),
            "a view of a leaf Variable that requires grad is being used in an in-place operation.");
      check(!meta->made_without_grad,
            "A view was created in no_grad mode and is being modified inplace with grad mode enabled. Given "
            "that this use case is ambiguous and error-prone, it is forbidden. You can clarify your code by "
            "moving both the view and the inplace either both inside the no_grad block (if you don't want "
            "the inplace to be tracked) or both outside (if you want the inplace to be tracked).");
    }
  }
  bump_version(self);
}

void bump_version(const Tensor& self) {
  TensorImpl& t = self.impl();
  t.version.bump();
}

std::uint32_t version_of(const Tensor& self) { return self.impl().version.value(); }

}  // namespace ballast::autograd
