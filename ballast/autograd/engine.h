// The backward pass: from tensors to the gradients of what they were computed from.
#pragma once

#include <optional>
#include <vector>

#include "ballast/autograd/node.h"
#include "ballast/core/tensor.h"

namespace ballast::autograd {

using Variable = Tensor;
using variable_list = std::vector<Tensor>;

/// Adds the gradients of the sum of `tensors` (each times its entry of `grad_tensors`, which may be left out for tensors of one
/// element) to the `.grad` of the leaves, or of `inputs` if there are any. Options as in Tensor::backward.
/// Errors: "element 0 of tensors does not require grad and does not have a grad_fn", "grad can be implicitly created only for
/// scalar outputs", "Trying to backward through the graph a second time ...".
void backward(const variable_list& tensors, const variable_list& grad_tensors = {},
              std::optional<bool> retain_graph = std::nullopt, bool create_graph = false,
              const variable_list& inputs = {});
/// The same for tensors wherever they are.
void backward(ArrayRef<Tensor> tensors, ArrayRef<Tensor> grad_tensors, std::optional<bool> retain_graph,
              bool create_graph, ArrayRef<Tensor> inputs);

/// The gradients of `outputs` with respect to `inputs`, which may be leaves or not; no `.grad` is touched. An input that the
/// outputs were not computed from is an Error, or undefined in the result with `allow_unused`.
[[nodiscard]] variable_list grad(const variable_list& outputs, const variable_list& inputs,
                                 const variable_list& grad_outputs = {},
                                 std::optional<bool> retain_graph = std::nullopt, bool create_graph = false,
                                 bool allow_unused = false);

}  // namespace ballast::autograd
