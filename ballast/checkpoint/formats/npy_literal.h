// The header of a .npy file is a Python dictionary, written as Python writes one. It is taken apart letter by letter, never
// evaluated: exactly the keys `descr`, `fortran_order` and `shape`, each once.
//
//   read_npy_literal("{'descr': '<f4', 'fortran_order': False, 'shape': (3, 4), }\n", fail)
//
// Blanks, trailing commas, either kind of quotes, and the sizes of Python 2 ("4L") are read as Python reads them.
#pragma once

#include <functional>
#include <string>
#include <string_view>

#include "ballast/core/dims.h"

namespace ballast::checkpoint {

struct NpyLiteral {
  std::string descr;
  bool fortran = false;
  Dims shape;
};

/// Ends reading: throws an error that says where the byte stands in the file.
using NpyFail = std::function<void(std::size_t at, const std::string& reason)>;

[[nodiscard]] NpyLiteral read_npy_literal(std::string_view text, std::uint64_t most_dimensions,
                                          const NpyFail& fail);

}  // namespace ballast::checkpoint
