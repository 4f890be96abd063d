// Picking single elements out of the planes of a tensor, and putting them back: what maximum pooling does.
// The index of an element
// counts from the beginning of its plane, row by row. Not installed.
#pragma once

#include "ballast/core/tensor.h"

namespace ballast::detail {

/// out[plane, o] = x[plane, index[plane, o]]. Planes are the last `rank` dimensions; `index` (int64 or
/// int32) has the same ones
/// before. IndexError for an index outside the plane. `name` is that of the node.
[[nodiscard]] Tensor gather_planes(const Tensor& x, const Tensor& index, std::size_t rank, const char* name);

/// Zeros with planes of `sizes` in which y[plane, o] is added at index[plane, o].
[[nodiscard]] Tensor scatter_planes(const Tensor& y, const Tensor& index, IntArrayRef sizes,
                                    const char* name);

}  // namespace ballast::detail
