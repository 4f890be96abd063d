// What the tape keeps beside a tensor: which node takes its gradient, the gradient itself, and whose view it is.
//
// For the rooms of the library; programs use the members of Tensor (core/tensor.h) and autograd/autograd.h.
#pragma once

#include <cstdint>

#include "ballast/autograd/grad_mode.h"
#include "ballast/autograd/node.h"
#include "ballast/core/block_cache.h"
#include "ballast/core/tensor.h"

namespace ballast::autograd {

class AccumulateGrad;

/// How a view was made. Gradients end at one that was not recorded, and once its base is changed it cannot be told whether they
/// should have: then it is of no use.
enum class ViewMade : std::uint8_t { kRecorded, kWithoutGrad, kInInference };

/// The AutogradMeta of every tensor that has one.
class VariableMeta final : public AutogradMeta {
 public:
  IntrusivePtr<Node> grad_fn;                         ///< of a result; null for leaves
  std::atomic<AccumulateGrad*> accumulator{nullptr};  ///< of a leaf, once it has been used; owned
  Tensor grad;
  std::shared_ptr<Tensor>
      retained;  ///< of a result after retain_grad: in place of `grad`, shared with its node
  Tensor base;   ///< of a view: the tensor that is no view
  std::uint32_t output_nr = 0;
  std::uint32_t seen_version = 0;  ///< of a view: the version that grad_fn belongs to
  ViewMade made = ViewMade::kRecorded;

  ~VariableMeta() override;
  [[nodiscard]] Tensor& own_grad() { return retained ? *retained : grad; }
  [[nodiscard]] const Tensor& own_grad() const { return retained ? *retained : grad; }
  [[nodiscard]] bool inherits_grad() const noexcept override {
    return base.defined() && base.requires_grad();
  }
  /// Whether gradients pass from a view to its base.
  [[nodiscard]] bool follows_base() const noexcept { return made == ViewMade::kRecorded && inherits_grad(); }
  [[nodiscard]] bool has_function() const noexcept override;
  [[nodiscard]] const char* function_name(const TensorImpl& self) const override;

  static void* operator new(std::size_t /*size*/) { return BlockCache<sizeof(VariableMeta)>::allocate(); }
  static void operator delete(void* p) noexcept { BlockCache<sizeof(VariableMeta)>::release(p); }
};

/// The meta of a tensor, or null.
[[nodiscard]] inline VariableMeta* find_meta(const Tensor& t) {
  return static_cast<VariableMeta*>(t.impl().autograd.get());
}
/// The meta of a tensor, made if there is none.
[[nodiscard]] VariableMeta& meta_of(const Tensor& t);

/// Whether an operation on `t` must be recorded, if the mode is on. Undefined tensors need nothing.
[[nodiscard]] inline bool needs_grad(const Tensor& t) { return t.defined() && t.requires_grad(); }
/// Of inference tensors alone nothing is recorded.
[[nodiscard]] inline bool is_normal(const Tensor& t) { return t.defined() && !t.is_inference(); }

/// The node that takes the gradient of a leaf, made if there is none.
[[nodiscard]] AccumulateGrad& accumulator_of(const Tensor& leaf);
/// Where the gradient of `t` goes; an empty edge if it needs none.
[[nodiscard]] Edge gradient_edge(const Tensor& t);

/// The node that made `t`; null for leaves. For a view that was changed through its base since, a node is made anew.
[[nodiscard]] const IntrusivePtr<Node>& current_grad_fn(const Tensor& t);

/// Makes `node` the one that made `t`.
void set_history(const Tensor& t, IntrusivePtr<Node> node);

/// The same after `t` was written in place: a view passes it on to its base.
void rebase_history(const Tensor& t, IntrusivePtr<Node> node);

/// Checks that writing `self` in place may be recorded, and counts the change in its version; `others_need`: what is written
/// needs grad. Throws Error "a leaf Variable that requires grad is being used in an in-place operation." and the like.
void begin_inplace(const Tensor& self, bool others_need = false);

/// Counts a change of the elements that is not recorded. Error for an inference tensor outside of InferenceMode.
void bump_version(const Tensor& self);
[[nodiscard]] std::uint32_t version_of(const Tensor& self);

}  // namespace ballast::autograd
