// Padding as a function.
//
//   namespace F = ballast::nn::functional;
//   Tensor y = F::pad(x, F::PadFuncOptions({1, 2}).mode(kReflect));     // the last dimension: one before,
//   two after
#pragma once

#include <cstdint>
#include <utility>
#include <vector>

#include "ballast/core/tensor.h"
#include "ballast/nn/enums.h"
#include "ballast/nn/options.h"

namespace ballast::nn::functional {

using PadMode = Choice<enumtype::kConstant, enumtype::kReflect, enumtype::kReplicate, enumtype::kCircular>;

struct PadFuncOptions {
  PadFuncOptions(std::vector<std::int64_t> pad) : pad_(std::move(pad)) {}  // NOLINT(*-explicit-*)
  BALLAST_ARG(std::vector<std::int64_t>, pad);  ///< pairs, of the last dimension first: before, after
  BALLAST_ARG(PadMode, mode);
  BALLAST_ARG(double, value) = 0;
};

/// See ballast/ops/padding.h.
[[nodiscard]] Tensor pad(const Tensor& input, const PadFuncOptions& options);

}  // namespace ballast::nn::functional
