// The table of a model's parameters (inspect/parameter_table.h).
//
//   nn::Sequential mlp{nn::Linear(4, 8), nn::ReLU(), nn::Linear(8, 1)};
//   fmt::print("{}", analyze_model_parameters(mlp));
//
//   ==================================================
//   Model Parameter Analysis
//   ==================================================
//   0.weight             | Shape: torch.Size([8, 4])   | Params:       32 | Trainable: True
//   0.bias               | Shape: torch.Size([8])      | Params:        8 | Trainable: True
//   2.weight             | Shape: torch.Size([1, 8])   | Params:        8 | Trainable: True
//   2.bias               | Shape: torch.Size([1])      | Params:        1 | Trainable: True
//   ==================================================
//   Total parameters: 49
//   Trainable parameters: 49
//   Non-trainable parameters: 0
//   ==================================================
#pragma once

#include <concepts>
#include <memory>

#include "ballast/inspect/parameter_table.h"
#include "ballast/nn/module.h"

namespace ballast {

/// What named_parameters() lists, in its order: a shared parameter once, under its first name; no buffers.
[[nodiscard]] ParameterTable analyze_model_parameters(const nn::Module& model);

template <nn::IsModuleHolder H>
[[nodiscard]] ParameterTable analyze_model_parameters(const H& model) {
  return analyze_model_parameters(static_cast<const nn::Module&>(*model));
}

template <std::derived_from<nn::Module> M>
[[nodiscard]] ParameterTable analyze_model_parameters(const std::shared_ptr<M>& model) {
  return analyze_model_parameters(static_cast<const nn::Module&>(*model));
}

}  // namespace ballast
