#include "ballast/autograd/accumulate_grad.h"

#include "ballast/autograd/variable.h"

namespace ballast::autograd {
namespace {

/// Whether only `t` leads to its elements, in an order a gradient may have.
bool is_own(const Tensor& t) {
  return t.use_count() == 1 && t.storage().use_count() == 1 &&
         is_non_overlapping_and_dense(t.sizes(), t.strides());
}

}  // namespace

void accumulate(Tensor& grad, Tensor more) {
  if (!grad.defined()) {
    grad = std::move(more);
  } else if (!GradMode::is_enabled() && is_own(grad)) {
    grad.add_(more);
  } else if (!GradMode::is_enabled() && is_own(more) && more.sizes() == grad.sizes()) {
    more.add_(grad);
    grad = std::move(more);
  } else {
    grad = grad.add(more);
  }
}

AccumulateGrad::AccumulateGrad(const Tensor& leaf) : leaf_(&leaf.impl()) { add_output(leaf); }

void AccumulateGrad::backward(Gradients& grads, Gradients& /*to*/) {
  if (grads[0].defined()) add(std::move(grads[0]));
}

void AccumulateGrad::add(Tensor grad) {
  {
    const std::lock_guard lock(mutex_);
    if (leaf_ == nullptr) return;
    Tensor& total = static_cast<VariableMeta*>(leaf_->autograd.get())->grad;
    if (!total.defined()) {
      // A gradient that others can see, or that is laid out in no order of its own, is copied. One that is to be
      // differentiated again stays what it is.
      total = GradMode::is_enabled() || is_own(grad) ? std::move(grad) : grad.clone();
    } else if (GradMode::is_enabled()) {
      total = total.add(grad);
    } else {
      total.add_(grad);
    }
  }
  if (NodeHooks* const h = hooks(); h != nullptr && !h->after_accumulation.empty()) {
    if (const Tensor t = leaf(); t.defined()) {
      for (const auto& hook : h->after_accumulation) hook(t);
    }
  }
}

void AccumulateGrad::forget_leaf() {
  const std::lock_guard lock(mutex_);
  leaf_ = nullptr;
}

Tensor AccumulateGrad::leaf() {
  const std::lock_guard lock(mutex_);
  if (leaf_ == nullptr || !leaf_->try_retain()) return {};
  return Tensor(IntrusivePtr<TensorImpl>::adopt(leaf_));
}

}  // namespace ballast::autograd
