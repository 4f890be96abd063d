#include "ballast/data/tensor_dataset.h"

#include <algorithm>

#include "ballast/core/error.h"
#include "ballast/ops/indexing.h"

namespace ballast::data::detail {

std::int64_t common_rows(std::span<const Tensor> tensors) {
  for (const Tensor& t : tensors) {
    check<ShapeError>(t.dim() > 0,
                      "a dataset of tensors needs examples in dimension 0, but one tensor has no dimensions");
    check<ShapeError>(t.size(0) == tensors.front().size(0),
                      "Size mismatch between tensors: {} and {} in dimension 0", tensors.front().size(0),
                      t.size(0));
  }
  return tensors.front().size(0);
}

void select_rows(std::span<const Tensor> tensors, std::span<const std::int64_t> indices,
                 std::span<Tensor> out) {
  const Tensor index = empty({static_cast<std::int64_t>(indices.size())}, TensorOptions(kInt64));
  std::ranges::copy(indices, index.data_ptr<std::int64_t>());
  for (std::size_t i = 0; i < tensors.size(); ++i) out[i] = index_select(tensors[i], 0, index);
}

}  // namespace ballast::data::detail
