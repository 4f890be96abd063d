// Telling tensors of the same bits without keeping or comparing all of them with all. Internal.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "ballast/core/tensor.h"

namespace ballast::inspect::detail {

/// A number of the bytes of the elements in row-major order, the type and the shape. Tensors of the same bits have the same one;
/// others may by chance, or by somebody's intent: `same_bits` has the last word.
[[nodiscard]] std::uint64_t content_hash(const Tensor& tensor);
/// Of many, on all threads.
[[nodiscard]] std::vector<std::uint64_t> content_hashes(std::span<const Tensor> tensors);

/// Whether two tensors of one type have the same bits, element by element in row-major order; their shapes may differ, not
/// their numbers of elements.
[[nodiscard]] bool same_elements(const Tensor& a, const Tensor& b);
/// The same, of one type and shape.
[[nodiscard]] bool same_bits(const Tensor& a, const Tensor& b);

}  // namespace ballast::inspect::detail
