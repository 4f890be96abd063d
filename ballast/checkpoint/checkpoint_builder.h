// What a format's reader hands over, and how it becomes a Checkpoint.
#pragma once

#include <string_view>
#include <vector>

#include "ballast/checkpoint/load.h"

namespace ballast::checkpoint {

class CheckpointBuilder {
 public:
  CheckpointBuilder(std::filesystem::path file, std::string_view format);

  void set_root(Value root) { out_.root_ = std::move(root); }
  /// A storage of the file, in any order.
  void add_storage(StorageEntry s) { found_.push_back(std::move(s)); }
  void set_verified(bool fully, std::size_t without_checksum);
  /// What made the tree: it limits how many names there may be, and how long all of them together.
  struct Source {
    std::uint64_t pickle_bytes;
    std::size_t tensors;  ///< objects
  };
  /// Names the tensors and orders the storages by first use.
  [[nodiscard]] Checkpoint finish(const Source& source);

 private:
  void name_tensors(const Source& source);

  Checkpoint out_;
  std::vector<StorageEntry> found_;
};

}  // namespace ballast::checkpoint
