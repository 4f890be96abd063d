// Calls a module, hooks and all, with so many tensors as a vector holds. Internal.
#pragma once

#include <cstddef>
#include <utility>
#include <vector>

#include "ballast/core/error.h"
#include "ballast/nn/module_holder.h"

namespace ballast::detail {

/// The most tensors that a forward can be called with.
inline constexpr std::size_t kMostInputs = 8;

/// NotImplementedError that tells what to do.
[[noreturn]] void throw_no_such_forward(const nn::Module& model, std::size_t inputs);
/// As a module of which no more is known: throw_no_such_forward unless there is one tensor, for which it gives one.
void call_as_module(nn::Module& model, const std::vector<Tensor>& inputs);

/// Whether it was called: not if forward does not take as many tensors.
template <nn::IsModuleHolder H, std::size_t... I>
bool call_if_it_takes(const H& model, const std::vector<Tensor>& inputs, std::index_sequence<I...>) {
  if constexpr (requires { model(inputs[I]...); }) {
    static_cast<void>(model(inputs[I]...));
    return true;
  } else if constexpr (sizeof...(I) == 1) {
    call_as_module(*model, inputs);
    return true;
  } else {
    return false;
  }
}

/// NotImplementedError if forward does not take so many.
template <nn::IsModuleHolder H>
void call_with_tensors(const H& model, const std::vector<Tensor>& inputs) {
  const bool called = [&]<std::size_t... N>(std::index_sequence<N...>) {
    return ((inputs.size() == N && call_if_it_takes(model, inputs, std::make_index_sequence<N>())) || ...);
  }
  (std::make_index_sequence<kMostInputs + 1>());
  if (!called) throw_no_such_forward(*model, inputs.size());
}

}  // namespace ballast::detail
