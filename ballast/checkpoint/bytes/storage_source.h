// Where the bytes of a storage stand in a file, and how they become its elements. Every format's reader describes its
// storages so; when they are read, and whether at all, is decided once for all formats, when it is known what was asked for.
//
//   const StorageSource source{.file = file, .offset = 4096, .size = 1 << 20};
//   Storage s = open_storage(source, options);      // mapped, or memory that nothing has touched yet
//   read_storage(source, s.mutable_data());         // of the latter: now it holds the bytes
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <vector>

#include "ballast/checkpoint/bytes/input_file.h"
#include "ballast/checkpoint/load.h"
#include "ballast/core/storage.h"

namespace ballast::checkpoint {

/// The size of the largest element.
inline constexpr std::uint8_t kMappedAlignment = 16;

struct StorageSource {
  std::shared_ptr<InputFile> file;
  std::uint64_t offset = 0;  ///< of the first byte in the file
  std::uint64_t size = 0;    ///< bytes of the storage
  std::uint8_t swap = 0;     ///< bytes of each number that is stored big-endian; 0: none is
  /// At what multiples the bytes may begin to be used where they are mapped: the size of the largest element that a tensor sees
  /// in them. What is not known to hold smaller ones begins at kMappedAlignment.
  std::uint8_t alignment = kMappedAlignment;
  /// What fills the storage instead, where its bytes are packed or quantised. Several threads may call it at once.
  std::function<void(std::byte* out)> read = {};
  /// What compares the checksum of the bytes as they stand in the file (crc32.h), where there is one to compare with: one
  /// function for all storages of a file, which knows this one as `member`.
  using Check = std::function<void(std::size_t member, std::uint32_t crc)>;
  std::shared_ptr<const Check> check = {};
  std::size_t member = 0;
  /// Whether bytes [offset, offset + size) of the file are the elements (turned by `swap`): they can be read in part.
  bool in_place = true;

  [[nodiscard]] bool can_be_mapped() const noexcept;
};

/// A view of the mapped file where the options and the source allow it, otherwise memory for `read_storage`. Memory that is
/// not filled costs nothing.
[[nodiscard]] Storage open_storage(const StorageSource& source, const LoadOptions& options);
void read_storage(const StorageSource& source, std::byte* out);
/// The same for many, together (read_pieces.h). `progress` is called on this thread, with bytes.
struct StorageToRead {
  const StorageSource* source;
  std::byte* out;
};
void read_storages(const std::vector<StorageToRead>& wanted,
                   const std::function<void(std::uint64_t done, std::uint64_t total)>& progress);
/// The same of `n` bytes from byte `begin` on; both multiples of `swap`. Only of a source that is `in_place`.
void read_part(const StorageSource& source, std::uint64_t begin, std::uint64_t n, std::byte* out);

/// Turns numbers of `width` bytes round, in place.
void swap_bytes(std::byte* data, std::uint64_t size, std::uint8_t width);

}  // namespace ballast::checkpoint
