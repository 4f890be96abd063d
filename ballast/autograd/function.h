// Operations with a forward and a backward of one's own.
//
//   struct Cube : autograd::Function<Cube> {
//     static Tensor forward(autograd::AutogradContext* ctx, const Tensor& x) {
//       ctx->save_for_backward({x});
//       return x * x * x;
//     }
//     static autograd::variable_list backward(autograd::AutogradContext* ctx, autograd::variable_list grads) {
//       const Tensor x = ctx->get_saved_variables()[0];
//       return {grads[0] * 3 * x * x};
//     }
//   };
//   Tensor y = Cube::apply(x);
//
// forward takes tensors, lists of tensors and any other values, and gives a Tensor or a list; it runs without recording.
// backward gives one gradient for each argument of forward (and each tensor of a list), undefined where there is none.
#pragma once

#include <any>
#include <string>
#include <type_traits>
#include <typeinfo>
#include <unordered_map>
#include <unordered_set>
#include <vector>

#include "ballast/autograd/engine.h"
#include "ballast/autograd/saved_tensor.h"
#include "ballast/autograd/variable.h"

namespace ballast::autograd {

/// What forward hands to backward.
class AutogradContext {
 public:
  AutogradContext() = default;
  AutogradContext(const AutogradContext&) = delete;
  AutogradContext& operator=(const AutogradContext&) = delete;

  /// Keeps inputs or outputs of forward; to be called in forward.
  void save_for_backward(variable_list to_save) { to_save_ = std::move(to_save); }
  /// What was saved, in backward. Error "Trying to backward through the graph a second time" once it was given up.
  [[nodiscard]] variable_list get_saved_variables() const;
  /// Any other values.
  std::unordered_map<std::string, std::any> saved_data;

  /// Says in forward that inputs were written in place; they are then outputs too.
  void mark_dirty(const variable_list& inputs);
  /// Says in forward that outputs have no gradient.
  void mark_non_differentiable(const variable_list& outputs);
  /// Whether gradients that did not arrive come to backward as zeros (the default) or undefined.
  void set_materialize_grads(bool on) { materialize_grads_ = on; }
  /// In backward: whether the gradient of argument `i` is asked for.
  [[nodiscard]] bool needs_input_grad(std::size_t i) const;

 private:
  friend class FunctionNode;
  variable_list to_save_;
  std::vector<SavedTensor> saved_;
  std::unordered_set<const TensorImpl*> dirty_, non_differentiable_;
  bool materialize_grads_ = true;
  bool released_ = false;
  Node* node_ = nullptr;
};

/// The node of a user's operation.
class FunctionNode : public Node {
 public:
  explicit FunctionNode(std::string name) : name_(std::move(name)) { context.node_ = this; }
  [[nodiscard]] const char* name() const noexcept override { return name_.c_str(); }
  void backward(Gradients& grads, Gradients& to) override;
  void release_saved() noexcept override;

  AutogradContext context;

 protected:
  [[nodiscard]] virtual variable_list call_backward(variable_list grads) = 0;
  /// Adds the edges of the tensors among the arguments; others get an empty one, as backward has a place for them.
  void connect(const std::vector<const Tensor*>& arguments);
  /// Makes `outputs` those of this node, or leaves them alone if nothing needs a gradient.
  void finish(const std::vector<Tensor>& inputs, std::vector<Tensor>& outputs, bool recording);

 private:
  std::string name_;
};

namespace detail {

[[nodiscard]] std::string function_name(const char* mangled);

inline void collect(std::vector<const Tensor*>& out, const Tensor& t) { out.push_back(&t); }
inline void collect(std::vector<const Tensor*>& out, const std::vector<Tensor>& list) {
  for (const Tensor& t : list) out.push_back(&t);
}
inline void collect(std::vector<const Tensor*>& out, const ArrayRef<Tensor>& list) {
  for (const Tensor& t : list) out.push_back(&t);
}
template <class T>
void collect(std::vector<const Tensor*>& out, const T& /*value*/) {
  out.push_back(nullptr);
}

}  // namespace detail

template <class Derived>
class Function {
 public:
  template <class... Args>
  static auto apply(Args&&... args) {
    class Recorded final : public FunctionNode {
     public:
      Recorded() : FunctionNode(detail::function_name(typeid(Derived).name())) {}
      using FunctionNode::connect;
      using FunctionNode::finish;

     protected:
      variable_list call_backward(variable_list grads) override {
        return Derived::backward(&context, std::move(grads));
      }
    };
    auto* const node = new Recorded;
    const IntrusivePtr<Node> held = IntrusivePtr<Node>::adopt(node);
    std::vector<const Tensor*> arguments;
    (detail::collect(arguments, args), ...);
    bool recording = false;
    std::vector<Tensor> inputs;
    for (const Tensor* const t : arguments) {
      if (t == nullptr) continue;
      inputs.push_back(*t);
      recording = recording || needs_grad(*t);
    }
    recording = recording && is_recording();
    if (recording) node->connect(arguments);
    auto result = [&] {
      const NoGradGuard no_grad;
      return Derived::forward(&node->context, std::forward<Args>(args)...);
    }();
    if constexpr (std::is_same_v<decltype(result), Tensor>) {
      std::vector<Tensor> outputs{std::move(result)};
      node->finish(inputs, outputs, recording);
      return std::move(outputs[0]);
    } else {
      node->finish(inputs, result, recording);
      return result;
    }
  }
};

}  // namespace ballast::autograd
