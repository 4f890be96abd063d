// A tensor kept for the backward pass, with the check that nobody wrote into it since.
#pragma once

#include <cstdint>

#include "ballast/autograd/node.h"
#include "ballast/core/tensor.h"

namespace ballast::autograd {

/// Error "Inference tensors cannot be saved for backward." where InferenceMode made `t`.
void check_may_be_saved(const Tensor& t);

class SavedTensor {
 public:
  SavedTensor() = default;
  /// Saves `t`; `as_output` if `t` is made by the node that saves it, which must then not hold itself through it.
  SavedTensor(const Tensor& t, bool as_output);

  /// The tensor as it was saved. Error "one of the variables needed for gradient computation has been modified by an inplace
  /// operation" if it was written since. `node` is the one that saved it.
  [[nodiscard]] Tensor unpack(Node& node) const;
  [[nodiscard]] bool defined() const noexcept { return tensor_.defined(); }

 private:
  [[noreturn]] void throw_modified(const Node& node, std::uint32_t now) const;

  Tensor tensor_;  // of an output: its elements without its history
  std::uint32_t version_ = 0;
  std::uint32_t output_nr_ = 0;
  bool is_output_ = false;
};

}  // namespace ballast::autograd
