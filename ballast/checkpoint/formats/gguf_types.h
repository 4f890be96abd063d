// The element types of GGUF files (ggml's): plain numbers, and blocks in which a few dozen numbers share a scale.
//
//   const GgmlType* t = ggml_type(2);                  // "q4_0": 32 numbers in 18 bytes
//   t->to_floats(blocks, n, out);                      // n blocks to 32 n floats
//
// docs/formats.md draws the blocks.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

#include "ballast/core/dtype.h"

namespace ballast::checkpoint {

/// What blocks stand for, with the roundings of ggml: `n` of them from `blocks`.
using BlocksToFloats = void (*)(const std::byte* blocks, std::size_t n, float* out);

struct GgmlType {
  std::uint32_t id;
  std::string_view name;                      ///< as ggml writes it: "f32", "q4_0", "q4_K"
  std::uint32_t block;                        ///< elements of a block; rows are made of whole ones
  std::uint32_t block_bytes;                  ///< of a block
  std::optional<DType> dtype = std::nullopt;  ///< of plain numbers
  BlocksToFloats to_floats = nullptr;         ///< of blocks; null: they can only be kept as they are

  [[nodiscard]] bool is_quantized() const noexcept { return !dtype; }
};

/// The numbers of `n` blocks of a type that has `to_floats`, on all threads.
void floats_of_blocks(const GgmlType& type, const std::byte* blocks, std::uint64_t n, float* out);

/// Null for numbers that no type has, or none has any more.
[[nodiscard]] const GgmlType* ggml_type(std::uint32_t id) noexcept;
[[nodiscard]] const GgmlType* ggml_type(std::string_view name) noexcept;
/// Null for types that GGUF lacks (bool, unsigned and complex numbers, float8).
[[nodiscard]] const GgmlType* ggml_type_of(DType dtype) noexcept;

}  // namespace ballast::checkpoint
