// SHA-256 of what tensors and files hold, in pieces.
//
//   tensor_sha256(value)        "8d52fb13def0..."
//   file_sha256("model.pth")    "1f3a77c29b50..."
#pragma once

#include <filesystem>
#include <optional>
#include <string>

#include "ballast/checkpoint/value.h"

namespace ballast::tool {

/// 64 hexadecimal digits: the hash of the elements in row-major order, little-endian, with conjugation and negation
/// applied; of a quantised tensor, of its integers. A view is read through a small buffer, not copied.
/// None for sparse tensors, tensors without memory, and views that repeat their elements without measure: more than 64
/// times what is stored, beyond 1 GiB.
[[nodiscard]] std::optional<std::string> tensor_sha256(const checkpoint::TensorValue& value);

/// Of the bytes of a file. IoError if it cannot be read; FormatError if it is no regular file, or shrinks meanwhile.
[[nodiscard]] std::string file_sha256(const std::filesystem::path& file);

}  // namespace ballast::tool
