// The header of a safetensors file: which tensors stand where, and the strings beside them.
//
// It follows eight bytes that hold its length, and is a JSON object:
//
//   {"__metadata__": {"format": "pt"},
//    "weight": {"dtype": "F32", "shape": [2, 3], "data_offsets": [0, 24]}, ...}
//
// Every rule of the format is enforced, and two readers never see two files: an object has no key twice, an entry has exactly
// its three fields, and the tensors' bytes follow each other without a hole from the end of the header to the end of the file.
#pragma once

#include <cstdint>
#include <vector>

#include "ballast/checkpoint/bytes/input_file.h"
#include "ballast/checkpoint/load.h"
#include "ballast/checkpoint/tree/value_arena.h"
#include "ballast/core/array_ref.h"

namespace ballast::checkpoint {

/// The longest header, in bytes, that the format allows.
inline constexpr std::uint64_t kLongestSafetensorsHeader = 100'000'000;
/// Of the length that a file begins with.
inline constexpr std::uint64_t kSafetensorsLengthBytes = 8;
/// The entry that is no tensor.
inline constexpr std::string_view kSafetensorsMetadata = "__metadata__";

struct SafetensorsHeader {
  struct Entry {
    Node* name = nullptr;              ///< a str
    std::uint64_t begin = 0, end = 0;  ///< of its bytes, counted from the end of the header
    std::uint64_t first_size = 0;      ///< its sizes: `rank` of them, from this one on
    std::uint32_t at = 0;              ///< of its name in the file, for messages
    std::uint32_t rank = 0;
    DType dtype = kUInt8;
  };
  std::vector<Entry>
      tensors;  ///< in the order of their bytes; empty ones at one place, in the order of the header
  std::vector<std::int64_t> sizes;
  bool has_metadata = false;
  struct Text {
    Node *key, *value;  ///< strs
    std::uint32_t at;   ///< of the key in the file
  };
  std::vector<Text> metadata;
  std::uint64_t data = 0;  ///< where the header ends

  [[nodiscard]] IntArrayRef shape(const Entry& e) const {
    return IntArrayRef(sizes.data() + e.first_size, e.rank);
  }
};

/// FormatError with the offset in the file. Two tensors of one name, and two strings, are the caller's to refuse, who enters them into a tree.
[[nodiscard]] SafetensorsHeader read_safetensors_header(const InputFile& file, TreeArena& tree,
                                                        const LoadLimits& limits);

}  // namespace ballast::checkpoint
