// A strided view of a storage that stands in a file, read into memory: of the file, only the bytes under the view.
//
//   const StridedView rows{{10, 4}, {4, 1}, 40};                  // ten rows of a matrix, from row 10 on
//   Tensor t = read_view(source, kFloat32, rows);
//
// Elements that follow each other in the file are read at once, and so are those with a few unwanted bytes between them.
#pragma once

#include "ballast/checkpoint/bytes/storage_source.h"
#include "ballast/core/tensor.h"

namespace ballast::checkpoint {

/// As of a tensor: in elements. It lies in the storage.
struct StridedView {
  Dims sizes, strides;
  std::int64_t offset = 0;
};

/// Row-major, or, where the view repeats elements, with its strides on what it shows, once.
[[nodiscard]] Tensor read_view(const StorageSource& source, DType dtype, const StridedView& view);
/// Into row-major memory. False, and nothing is read, if the view is not one whose elements come in that order and once.
[[nodiscard]] bool read_view_into(const StorageSource& source, DType dtype, const StridedView& view,
                                  std::byte* out);

}  // namespace ballast::checkpoint
