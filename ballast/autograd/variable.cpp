#include "ballast/autograd/variable.h"

#include <string>
#include <string_view>

#include "ballast/autograd/accumulate_grad.h"
#include "ballast/autograd/view.h"

namespace ballast::autograd {

namespace {

/// `through_base`: the view's base was changed, not the view itself.
[[noreturn]] void throw_view_misused(const VariableMeta& view, bool through_base) {
  std::string which = "A view was";
  if (view.grad_fn) {
    const std::string_view name = view.grad_fn->name();
    which = fmt::format("Output {} of {} is a view of a view which was", view.output_nr,
                        name.substr(0, name.find("Backward")));
  }
  const bool inference = view.made == ViewMade::kInInference;
  throw Error(fmt::format(
      "{} created in {} mode and {} modified inplace {}. Given that this use case is ambiguous and "
      "error-prone, it is forbidden. You can clarify your code by moving both the view and the inplace "
      "either both inside the {} block (if you don't want the inplace to be tracked) or both outside (if you "
      "want the inplace to be tracked).",
      which, inference ? "inference" : "no_grad",
      through_base ? "its base or another view of its base has been" : "is being",
      inference ? "in normal mode" : "with grad mode enabled", inference ? "inference_mode" : "no_grad"));
}

}  // namespace

VariableMeta::~VariableMeta() {
  if (AccumulateGrad* const a = accumulator.load(std::memory_order_acquire)) {
    a->forget_leaf();
    a->release();
  }
}

bool VariableMeta::has_function() const noexcept { return grad_fn || follows_base(); }

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
  if (!meta->inherits_grad()) return meta->grad_fn;
  const bool changed = meta->seen_version != version_of(t);
  if (changed && meta->made != ViewMade::kRecorded) throw_view_misused(*meta, true);
  if (changed || (!meta->grad_fn && meta->follows_base())) refresh_view(t, *meta);
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
  // A view that was not recorded takes no gradients unless it was told to.
  if (!t.impl().requires_grad) return {};
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

void begin_inplace(const Tensor& self, bool others_need) {
  const bool needs = needs_grad(self);
  if (is_recording() && (needs || others_need)) {
    const VariableMeta* const meta = find_meta(self);
    if (meta != nullptr && meta->base.defined()) {
      if (meta->made != ViewMade::kRecorded) throw_view_misused(*meta, false);
      const VariableMeta* const base = find_meta(meta->base);
      check(!needs || (base != nullptr && base->has_function()),
            "a view of a leaf Variable that requires grad is being used in an in-place operation.");
    }
    check(!needs || (meta != nullptr && meta->has_function()),
          "a leaf Variable that requires grad is being used in an in-place operation.");
  }
  bump_version(self);
}

void bump_version(const Tensor& self) {
  TensorImpl& t = self.impl();
  if (t.is_inference) [[unlikely]] {
    check(
        InferenceMode::is_enabled(),
        "Inplace update to inference tensor outside InferenceMode is not allowed.You can make a clone to get "
        "a normal tensor before doing inplace update.See https://github.com/pytorch/rfcs/pull/17 for more "
        "details.");
    return;
  }
  t.version.bump();
}

std::uint32_t version_of(const Tensor& self) { return self.impl().version.value(); }

}  // namespace ballast::autograd
