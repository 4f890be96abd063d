// NumPy's names of element types, as .npy headers and pickles write them.
//
//   numpy_type("<f4")            kFloat32
//   numpy_type(">i8")            kInt64, with 8 bytes to turn round
//   numpy_type("=", "f8")        kFloat64
//   numpy_strides({2, 3}, true)  {1, 2}: fortran order
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "ballast/core/dims.h"
#include "ballast/core/dtype.h"

namespace ballast::checkpoint {

struct NumpyType {
  DType dtype;
  std::uint8_t swap = 0;  ///< bytes of each number that is big-endian; 0: none is
};

/// None for texts, records, objects, and numbers that have no dtype here ("f16", long double).
[[nodiscard]] std::optional<NumpyType> numpy_type(std::string_view order, std::string_view code);
[[nodiscard]] std::optional<NumpyType> numpy_type(std::string_view descr);
/// "<f4"; none for types that NumPy lacks (bfloat16, float8).
[[nodiscard]] std::optional<std::string> numpy_descr(DType dtype);

/// Of a dense array in C order, or in Fortran's. Of a shape that has passed `numel_of`.
[[nodiscard]] Dims numpy_strides(const Dims& shape, bool fortran);

}  // namespace ballast::checkpoint
