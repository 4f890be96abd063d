// The keys of a GGUF file: texts, numbers, truth values and arrays of these.
//
// In a tree: an OrderedDict in the file's order. Which of its many kinds of number GGUF had for a value is kept beside it, in the
// attribute "gguf_types" of the dict ({"general.alignment": "uint32", "tokenizer.ggml.scores": "[float32]"}), so that saving
// it again gives the same bytes; values without a note get a type that holds them.
#pragma once

#include <cstdint>
#include <string>

#include "ballast/checkpoint/formats/gguf_cursor.h"
#include "ballast/checkpoint/load.h"
#include "ballast/checkpoint/value.h"

namespace ballast::checkpoint {

inline constexpr std::string_view kGgufTypes = "gguf_types";
inline constexpr std::string_view kGgufAlignment = "general.alignment";
inline constexpr std::string_view kGgufArchitecture = "general.architecture";

enum class GgufKind : std::uint8_t {
  kUInt8,
  kInt8,
  kUInt16,
  kInt16,
  kUInt32,
  kInt32,
  kFloat32,
  kBool,
  kString,
  kArray,
  kUInt64,
  kInt64,
  kFloat64,
};
inline constexpr std::uint32_t kGgufKinds = 13;
/// "uint8", "float32", "string", "array", ...
[[nodiscard]] std::string_view gguf_kind_name(GgufKind kind) noexcept;
/// Bytes of one value, at least.
[[nodiscard]] std::uint64_t gguf_kind_size(GgufKind kind) noexcept;

struct GgufMetadata {
  Value values;
  std::uint64_t alignment = 32;
};
/// Reads `count` keys.
[[nodiscard]] GgufMetadata read_gguf_metadata(GgufCursor& c, std::uint64_t count, const LoadLimits& limits);

struct GgufMetadataBytes {
  std::string bytes;
  std::uint64_t count = 0;
  std::uint64_t alignment = 32;
};
/// Of a mapping, or None. A file without `general.architecture` is refused by llama.cpp: where it is missing it is "ballast".
/// ValueError, with the key, for values that GGUF has no type for.
[[nodiscard]] GgufMetadataBytes gguf_metadata_bytes(const Value& metadata);

}  // namespace ballast::checkpoint
