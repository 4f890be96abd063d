// Where gradients end: the node of a leaf, which adds what arrives to its `.grad`.
#pragma once

#include <mutex>

#include "ballast/autograd/node.h"

namespace ballast::autograd {

class AccumulateGrad final : public Node {
 public:
  explicit AccumulateGrad(const Tensor& leaf);

  [[nodiscard]] const char* name() const noexcept override { return "AccumulateGrad"; }
  void backward(Gradients& grads, Gradients& to) override;

  /// Adds `grad`, which has the leaf's shape and type; nothing if the leaf is gone. Threads may do so at the same time.
  void add(Tensor grad);
  /// Called by the leaf's end.
  void forget_leaf();
  /// The leaf, if there still is one.
  [[nodiscard]] Tensor leaf();

 private:
  std::mutex mutex_;
  TensorImpl* leaf_;  // not owned: a leaf that nobody holds any more needs no gradient
};

/// The gradient that `grad` becomes when `more` is added: in place where nobody else can see it.
void accumulate(Tensor& grad, Tensor more);

}  // namespace ballast::autograd
