#include "ballast/autograd/saved_tensor.h"

#include "ballast/autograd/grad_mode.h"
#include "ballast/autograd/variable.h"
#include "ballast/core/print.h"

namespace ballast::autograd {

void check_may_be_saved(const Tensor& t) {
  check(
      !t.defined() || !t.is_inference(),
      "Inference tensors cannot be saved for backward. Please do not use Tensors created in inference mode "
      "in "
      "computation tracked by autograd. To work around this, you can make a clone to get a normal tensor and "
      "use it in autograd, or use a NoGradGuard in place of the InferenceMode.");
}

SavedTensor::SavedTensor(const Tensor& t, bool as_output) {
  if (!t.defined()) return;
  check_may_be_saved(t);
  is_output_ = as_output;
  tensor_ = as_output ? t.detach() : t;
  version_ = version_of(t);
  if (as_output) output_nr_ = t.output_nr();
}

void SavedTensor::throw_modified(const Node& node, std::uint32_t now) const {
  const IntrusivePtr<Node> made_by = is_output_ ? nullptr : tensor_.grad_fn();
  throw Error(
      fmt::format("one of the variables needed for gradient computation has been modified by an inplace "
                  "operation: [{} {}], which is output {} of {}, is at version {}; expected version {} "
                  "instead. Hint: enable anomaly detection to find the operation that failed to compute its "
                  "gradient, with autograd::AnomalyMode::set_enabled(true).",
                  dtype_error_name(tensor_.dtype()), shape_text(tensor_.sizes()),
                  is_output_ ? output_nr_ : tensor_.output_nr(),
                  is_output_ ? node.name()
                  : made_by  ? made_by->name()
                             : "a leaf",
                  now, version_));
}

Tensor SavedTensor::unpack(Node& node) const {
  if (!tensor_.defined()) return {};
  const std::uint32_t now = version_of(tensor_);
  if (now != version_) [[unlikely]] {
    throw_modified(node, now);
  }
  if (!is_output_ || !GradMode::is_enabled()) return tensor_;
  // To be differentiated again, an output must lead back to the node that made it.
  Tensor out = tensor_.detach();
  VariableMeta& meta = meta_of(out);
  node.retain();
  meta.grad_fn = IntrusivePtr<Node>::adopt(&node);
  meta.output_nr = output_nr_;
  out.impl().requires_grad = true;
  return out;
}

}  // namespace ballast::autograd
