// What a format's reader hands over, and how it becomes a Checkpoint: the same for every format.
//
//   CheckpointBuilder builder(file->name(), "safetensors", options);
//   Storage s = builder.add_storage("", "cpu", {.file = file, .offset = at, .size = n});
//   ...                                             // a tree with tensors on these storages
//   builder.set_root(root);
//   builder.read({.text_bytes = header.size(), .tensors = count});
//   return builder.take();
#pragma once

#include <string_view>
#include <vector>

#include "ballast/checkpoint/bytes/storage_source.h"
#include "ballast/checkpoint/load.h"
#include "ballast/checkpoint/tree/probe_table.h"

namespace ballast::checkpoint {

class CheckpointBuilder {
 public:
  CheckpointBuilder(std::filesystem::path file, std::string_view format, const LoadOptions& options);

  /// A storage of the file, in any order; see `open_storage`.
  [[nodiscard]] Storage add_storage(std::string_view key, std::string_view location, StorageSource source);
  /// The storages of a file inside this one, which was read by itself: its tree is going to be part of this one's.
  void adopt(const Checkpoint& inner);
  /// Reads a storage that waits to be read, now.
  void fill(const Storage& s);
  /// The bytes of a storage of the file, read for the purpose where it has none; undefined for another storage on meta.
  [[nodiscard]] Storage bytes_of(const Storage& s);
  void set_root(Value root) { out_.root_ = std::move(root); }
  void set_metadata(Value metadata) { out_.metadata_ = std::move(metadata); }

  /// What made the tree: it limits how many names there may be, and how long all of them together.
  struct Source {
    std::uint64_t text_bytes;  ///< of what describes it: the pickle, the header
    std::size_t tensors;       ///< objects
  };
  /// Names the tensors, drops those that were not asked for, reads what is wanted and not mapped, converts, and orders the
  /// storages by first use.
  void read(const Source& source);
  void set_verified(bool fully, std::size_t without_checksum);
  [[nodiscard]] Checkpoint take() { return std::move(out_); }

 private:
  void name_tensors(const Source& source);
  void drop_unwanted();
  void read_storages();
  void convert();
  void order_storages();

  /// The position of a storage in `found_`, or ProbeTable::kNone.
  [[nodiscard]] std::uint32_t place_of(const Storage& s) const;
  void enter_place(std::uint32_t place);
  void enter_places_anew();

  const LoadOptions& options_;
  Checkpoint out_;
  struct Found {
    StorageEntry entry;
    bool waits;  ///< in memory, and without its bytes
  };
  std::vector<Found> found_;
  ProbeTable places_;  // of all in `found_`, by identity
};

}  // namespace ballast::checkpoint
