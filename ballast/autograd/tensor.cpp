// The members of Tensor that speak to the tape.
#include <algorithm>

#include "ballast/autograd/accumulate_grad.h"
#include "ballast/autograd/engine.h"
#include "ballast/autograd/variable.h"
#include "ballast/core/warning.h"

namespace ballast {

using autograd::find_meta;
using autograd::meta_of;
using autograd::VariableMeta;

Tensor Tensor::grad() const {
  const VariableMeta* const meta = find_meta(*this);
  if (meta == nullptr) return {};
  if (!meta->own_grad().defined() && meta->has_function() && !meta->retained) {
    warn(
        "The .grad attribute of a Tensor that is not a leaf Tensor is being accessed. Its .grad attribute "
        "won't be populated during autograd.backward(). If you indeed want the .grad field to be populated "
        "for a non-leaf Tensor, use .retain_grad() on the non-leaf Tensor. If you access the non-leaf "
        "Tensor by mistake, make sure you access the leaf Tensor instead.");
  }
  return meta->own_grad();
}

Tensor& Tensor::mutable_grad() const { return meta_of(*this).own_grad(); }

IntrusivePtr<autograd::Node> Tensor::grad_fn() const { return autograd::current_grad_fn(*this); }

std::uint32_t Tensor::output_nr() const {
  const VariableMeta* const meta = find_meta(*this);
  return meta != nullptr ? meta->output_nr : 0;
}

bool Tensor::is_view() const {
  const VariableMeta* const meta = find_meta(*this);
  return meta != nullptr && meta->base.defined();
}

void Tensor::backward(const Tensor& gradient, std::optional<bool> retain_graph, bool create_graph,
                      std::optional<ArrayRef<Tensor>> inputs) const {
  check<ValueError>(!inputs || !inputs->empty(), "'inputs' argument to backward cannot be empty");
  autograd::backward(ArrayRef<Tensor>(*this), ArrayRef<Tensor>(gradient), retain_graph, create_graph,
                     inputs.value_or(ArrayRef<Tensor>()));
}

void Tensor::retain_grad() const {
  check(requires_grad(), "can't retain_grad on Tensor that has requires_grad=False");
  if (is_leaf()) return;
  VariableMeta& meta = meta_of(*this);
  if (meta.retained) return;
  const IntrusivePtr<autograd::Node>& node = autograd::current_grad_fn(*this);
  autograd::NodeHooks& hooks = node->own_hooks();
  // The node must not hold the tensor that holds it: they share the gradient.
  meta.retained = std::make_shared<Tensor>(meta.grad);
  hooks.tensors.push_back({meta.output_nr, hooks.next_id++,
                           [cell = meta.retained](const Tensor& grad) {
                             *cell = GradMode::is_enabled() ? grad : grad.detach();
                             return Tensor();
                           },
                           true});
}

bool Tensor::retains_grad() const {
  const VariableMeta* const meta = find_meta(*this);
  return meta != nullptr && meta->retained;
}

std::uint32_t Tensor::add_hook(std::function<Tensor(const Tensor&)> hook) const {
  check(requires_grad(), "cannot register a hook on a tensor that doesn't require gradient");
  const autograd::Edge edge = autograd::gradient_edge(*this);
  autograd::NodeHooks& hooks = edge.function->own_hooks();
  const std::uint32_t id = hooks.next_id++;
  hooks.tensors.push_back({edge.input_nr, id, std::move(hook)});
  return id;
}

void Tensor::remove_hook(std::uint32_t id) const {
  const autograd::Edge edge = autograd::gradient_edge(*this);
  autograd::NodeHooks* const hooks = edge.function ? edge.function->hooks() : nullptr;
  const std::size_t removed = hooks == nullptr ? 0 : std::erase_if(hooks->tensors, [id](const auto& h) {
    return h.id == id && !h.retains_grad;
  });
  check<IndexError>(removed == 1, "Invalid index: no hook {} is registered on this tensor", id);
}

void Tensor::register_post_accumulate_grad_hook(std::function<void(const Tensor&)> hook) const {
  check(requires_grad() && is_leaf(), "post accumulate grad hooks cannot be registered on non-leaf tensors");
  autograd::accumulator_of(*this).own_hooks().after_accumulation.push_back(std::move(hook));
}

void Tensor::set_data(const Tensor& value) const {
  TensorImpl& t = impl();
  const TensorImpl& v = value.impl();
  check<DTypeError>(!t.requires_grad || ballast::is_floating_point(v.dtype) || ballast::is_complex(v.dtype),
                    "data set to a tensor that requires gradients must be floating point or complex dtype");
  t.storage = v.storage;
  t.sizes = v.sizes;
  t.strides = v.strides;
  t.offset = v.offset;
  t.numel = v.numel;
  t.dtype = v.dtype;
  t.is_inference = v.is_inference;
  if (const VariableMeta* const meta = find_meta(*this)) {
    if (autograd::AccumulateGrad* const a = meta->accumulator.load()) a->set_output_info(0, *this);
  }
}

const Tensor& Tensor::detach_() const {
  VariableMeta* const meta = find_meta(*this);
  check(meta == nullptr || !meta->base.defined(),
        "Can't detach views in-place. Use detach() instead. If you are trying to detach a view that is not "
        "used any more, let it go.");
  if (meta != nullptr) meta->grad_fn = {};
  impl().requires_grad = false;
  return *this;
}

}  // namespace ballast
