#include "ballast/autograd/function.h"

#include <algorithm>
#include <cstdlib>
#include <memory>

#include <cxxabi.h>

#include "ballast/autograd/tape.h"

namespace ballast::autograd {

variable_list AutogradContext::get_saved_variables() const {
  if (released_) throw_released();
  variable_list out;
  for (const SavedTensor& s : saved_) out.push_back(s.unpack(*node_));
  return out;
}

void AutogradContext::mark_dirty(const variable_list& inputs) {
  for (const Tensor& t : inputs) dirty_.insert(t.unsafeGetTensorImpl());
}
void AutogradContext::mark_non_differentiable(const variable_list& outputs) {
  for (const Tensor& t : outputs) non_differentiable_.insert(t.unsafeGetTensorImpl());
}
bool AutogradContext::needs_input_grad(std::size_t i) const {
  return i < node_->next_edges().size() && node_->next_edges()[i].function;
}

void FunctionNode::connect(const std::vector<const Tensor*>& arguments) {
  for (const Tensor* const t : arguments) {
    if (t == nullptr) {
      add_edge(Edge());
    } else {
      add_edge(*t);
    }
  }
  take_sequence();
}

void FunctionNode::finish(const std::vector<Tensor>& inputs, std::vector<Tensor>& outputs, bool recording) {
  for (Tensor& out : outputs) {
    if (!out.defined()) {
      if (recording) add_output(empty({0}));
      continue;
    }
    const bool dirty = context.dirty_.contains(out.unsafeGetTensorImpl());
    const bool differentiable = !context.non_differentiable_.contains(out.unsafeGetTensorImpl()) &&
                                (out.is_floating_point() || out.is_complex());
    if (dirty) begin_inplace(out);
    if (!recording) continue;
    const auto is_out = [&](const Tensor& t) { return t.defined() && t.is_same(out); };
    // An input given back as it is must not become the result of this node under the caller's own handle.
    if (!dirty && std::any_of(inputs.begin(), inputs.end(), is_out)) out = out.detach();
    if (!differentiable) {
      add_output(out);
      continue;
    }
    retain();
    IntrusivePtr<Node> self = IntrusivePtr<Node>::adopt(this);
    if (dirty) {
      rebase_history(out, std::move(self));
    } else {
      set_history(out, std::move(self));
    }
  }
  if (recording) {
    for (const Tensor& t : context.to_save_) {
      const auto is_t = [&](const Tensor& out) { return out.defined() && t.defined() && out.is_same(t); };
      context.saved_.emplace_back(t, std::any_of(outputs.begin(), outputs.end(), is_t));
    }
  }
  context.to_save_.clear();
}

void FunctionNode::backward(Gradients& grads, Gradients& to) {
  variable_list in;
  for (std::size_t i = 0; i < grads.size(); ++i) {
    if (!grads[i].defined() && context.materialize_grads_) {
      const TensorInfo& like = output_info(i);
      grads[i] = empty(like.sizes, TensorOptions(like.dtype).device(like.device)).zero_();
    }
    in.push_back(std::move(grads[i]));
  }
  variable_list out = call_backward(std::move(in));
  check(out.size() <= to.size() || std::all_of(out.begin() + static_cast<std::ptrdiff_t>(to.size()),
                                               out.end(), [](const Tensor& t) { return !t.defined(); }),
        "function {} returned an incorrect number of gradients (expected {}, got {})", name(), to.size(),
        out.size());
  check(out.size() >= to.size(),
        "function {} returned an incorrect number of gradients (expected {}, got {})", name(), to.size(),
        out.size());
  for (std::size_t i = 0; i < to.size(); ++i) to[i] = std::move(out[i]);
}

void FunctionNode::release_saved() noexcept {
  if (context.saved_.empty()) return;
  context.saved_.clear();
  context.released_ = true;
}

namespace detail {

std::string function_name(const char* mangled) {
  int status = 0;
  const std::unique_ptr<char, decltype(&std::free)> text(
      abi::__cxa_demangle(mangled, nullptr, nullptr, &status), &std::free);
  std::string name = status == 0 ? text.get() : mangled;
  if (const auto colon = name.rfind(':'); colon != std::string::npos) name.erase(0, colon + 1);
  return name + "Backward";
}

}  // namespace detail

}  // namespace ballast::autograd
