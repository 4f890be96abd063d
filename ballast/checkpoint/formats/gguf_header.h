// What stands before the tensors of a GGUF file: their names, types, shapes and places, and the keys.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "ballast/checkpoint/bytes/input_file.h"
#include "ballast/checkpoint/formats/gguf_metadata.h"
#include "ballast/checkpoint/formats/gguf_types.h"
#include "ballast/checkpoint/load.h"

namespace ballast::checkpoint {

struct GgufTensor {
  std::string name;
  const GgmlType* type = nullptr;
  Dims sizes;                ///< row-major: the file has them the other way round
  std::uint64_t offset = 0;  ///< in the file
  std::uint64_t nbytes = 0;
};

struct GgufHeader {
  Value metadata;
  std::vector<GgufTensor> tensors;
  std::uint64_t length = 0;  ///< of what stands before the tensors
};

/// Every tensor lies in the file, at a multiple of the alignment, over no other one.
[[nodiscard]] GgufHeader read_gguf_header(const std::shared_ptr<InputFile>& file, const LoadLimits& limits);

/// Bytes of a tensor, or nullopt where they cannot be counted. The last size must be a multiple of the type's block.
[[nodiscard]] std::optional<std::uint64_t> gguf_nbytes(const GgmlType& type, IntArrayRef sizes) noexcept;
/// The sizes of the same blocks as bytes: [rows ..., bytes of a row].
[[nodiscard]] Dims gguf_byte_sizes(const GgmlType& type, IntArrayRef sizes);

}  // namespace ballast::checkpoint
