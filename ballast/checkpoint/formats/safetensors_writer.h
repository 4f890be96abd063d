// Writing safetensors files, whole or as shards: what is written of which tensor, and the bytes.
//
//   const SafetensorsContents all = safetensors_contents(root, "a safetensors file");
//   write_safetensors(all, metadata, "model.safetensors", options, [](std::uint64_t n) { ... });
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "ballast/checkpoint/save.h"
#include "ballast/checkpoint/tree/tensor_leaves.h"

namespace ballast::checkpoint {

using Texts = std::vector<std::pair<std::string, std::string>>;

struct SafetensorsContents {
  std::vector<TensorLeaf>
      tensors;  ///< each view of a storage under one of its names, the first in the alphabet
  Texts ties;   ///< its other names, with that one
  /// Bytes of all elements.
  [[nodiscard]] std::uint64_t bytes() const;
};

/// Tensors that show the same elements of one storage in the same order are tied; other views of it are written as tensors of
/// their own. NotImplementedError for sparse and quantised tensors, DTypeError for types that the format lacks, ValueError
/// for tensors without values.
[[nodiscard]] SafetensorsContents safetensors_contents(const Value& root, std::string_view format);

/// The entry that indexes of shards have in their metadata, a number: an index's own, which goes into no other file.
inline constexpr std::string_view kTotalSize = "total_size";

/// The strings of `SaveOptions::metadata`, but for ties and `kTotalSize`; none for None. DTypeError if it holds anything else,
/// ValueError for an entry that readers would take for a tie of one of the tensors.
[[nodiscard]] std::optional<Texts> metadata_texts(const Value& metadata, const SafetensorsContents& contents);

/// The file, through AtomicFile. Ties and metadata stand in it in the order of the alphabet; empty metadata does too, as the
/// package has it. `wrote` is called with numbers of bytes.
void write_safetensors(const SafetensorsContents& contents, const std::optional<Texts>& metadata,
                       const std::filesystem::path& path, bool fsync,
                       const std::function<void(std::uint64_t)>& wrote);

}  // namespace ballast::checkpoint
