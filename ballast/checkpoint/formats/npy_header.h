// What stands before the elements of a .npy file, and before those of each member of a .npz archive.
//
//   "\x93NUMPY", version (two bytes), length of the text (2 bytes; from version 2 on 4), a dictionary, blanks, a line feed
//
// (numpy.lib.format; NEP 1.) Written so that the elements begin at a multiple of 64.
#pragma once

#include <cstdint>
#include <functional>
#include <string>

#include "ballast/checkpoint/bytes/byte_reader.h"
#include "ballast/checkpoint/load.h"
#include "ballast/checkpoint/pickle/numpy_type.h"
#include "ballast/core/tensor.h"

namespace ballast::checkpoint {

struct NpyHeader {
  NumpyType type;
  Dims shape;
  Dims strides;
  std::uint64_t length = 0;  ///< of all that stands before the elements
  std::uint64_t nbytes = 0;  ///< of the elements
};

/// Reads the header of an array of `size` bytes, header included. `start(n)` gives the first n of them, or fewer if they
/// cannot be had at once (a compressed member): then, and where elements are missing or bytes follow them, FormatError.
[[nodiscard]] NpyHeader read_npy_header(std::uint64_t size,
                                        const std::function<std::string(std::uint64_t n)>& start,
                                        const Place& place, const LoadLimits& limits);

/// The same bytes as `numpy.save` writes. DTypeError for types that NumPy lacks.
[[nodiscard]] std::string npy_header_of(DType dtype, IntArrayRef shape, bool fortran);

/// A tensor as a writer takes it: its elements in the order in which they are written, row-major.
struct NpyArray {
  std::string header;
  Tensor elements;  ///< in Fortran's order: with dimensions turned round, so that it is row-major
};
/// Fortran's order where the tensor has it and is not row-major as well. DTypeError that names the tensor.
[[nodiscard]] NpyArray npy_array_of(const Tensor& t, std::string_view name);

}  // namespace ballast::checkpoint
