// Runs the cases of tests/data/ops: one operation, its arguments, and what PyTorch gave or how it refused.
#pragma once

#include <string>

#include "ballast/core/tensor.h"

namespace ballast::testing {

/// Runs every case of tests/data/ops/<file>.jsonl, reports each that differs as a test failure, and prints how many there
/// were. Values are compared bit for bit (any NaN equals any other), or closely where the case says so.
void run_op_cases(const std::string& file);

/// The input of that name in tests/data/ops/inputs.json, strides and all.
[[nodiscard]] Tensor op_input(const std::string& name);

/// Bit for bit equal, any NaN to any other; both row-major copies of one type and shape.
[[nodiscard]] bool same_values(const Tensor& a, const Tensor& b);

/// A float32 tensor of distinct values on strides that are neither row-major nor dense.
[[nodiscard]] Tensor scattered(IntArrayRef sizes);

}  // namespace ballast::testing
