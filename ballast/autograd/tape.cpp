#include "ballast/autograd/tape.h"

#include <algorithm>

namespace ballast::autograd {

Tensor Backward::grad_or_zeros(std::size_t i) const {
  if (grads_[i].defined()) return grads_[i];
  const TensorInfo& like = output(i);
  return empty(like.sizes, TensorOptions(like.dtype).device(like.device)).zero_();
}

void throw_released() {
  throw Error(
      "Trying to backward through the graph a second time (or directly access saved tensors after they have "
      "already been freed). Saved intermediate values of the graph are freed when you call .backward() or "
      "autograd.grad(). Specify retain_graph=True if you need to backward through the graph a second time "
      "or if you need to access saved tensors after calling backward.");
}

ListTape::ListTape(ArrayRef<Tensor> inputs)
    : inputs_(inputs),
      on_(is_recording() &&
          std::any_of(inputs.begin(), inputs.end(), [](const Tensor& t) { return needs_grad(t); }) &&
          std::any_of(inputs.begin(), inputs.end(), [](const Tensor& t) { return is_normal(t); })) {
  if (on_) GradMode::set_enabled(false);
}

}  // namespace ballast::autograd
