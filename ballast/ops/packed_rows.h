// Sequences of several lengths without padding: the rows of all first steps, then of all second ones, and so
// on.
//
//   // sequences a (3 rows), b (2), c (1): batch sizes 3, 2, 1
//   // packed: a0 b0 c0 a1 b1 a2
//
// Sequences are sorted by falling length, so batch sizes do not grow, and row b of a step belongs to sequence
// b. Padded, they are [steps, sequences, ...]. Batch sizes must fit the tensor: ShapeError.
#pragma once

#include "ballast/core/tensor.h"

namespace ballast {

/// The rows of a padded batch that are no padding.
[[nodiscard]] Tensor pack_rows(const Tensor& padded, IntArrayRef batch_sizes);
/// A batch padded with `value` to so many steps.
[[nodiscard]] Tensor unpack_rows(const Tensor& packed, IntArrayRef batch_sizes, std::int64_t steps,
                                 const Scalar& value = 0);
/// Each sequence turned round: its last row first. Its own inverse.
[[nodiscard]] Tensor turn_sequences(const Tensor& packed, IntArrayRef batch_sizes);

}  // namespace ballast
