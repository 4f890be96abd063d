// The members of a zip archive as storages, and which of their checksums were compared: the same for every format that is an
// archive.
//
//   ArchiveMembers members(zip, options);
//   const std::string text = members.read(*entry);                        // its checksum compared
//   Storage s = builder.add_storage(key, "cpu", members.source(*entry));
//   ...
//   members.verify();                                                     // as the options say
//   members.report(builder);
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "ballast/checkpoint/archives/zip_reader.h"
#include "ballast/checkpoint/checkpoint_builder.h"

namespace ballast::checkpoint {

class ArchiveMembers {
 public:
  ArchiveMembers(std::shared_ptr<ZipReader> zip, const LoadOptions& options);

  [[nodiscard]] std::size_t count() const noexcept { return zip_->entries().size(); }
  [[nodiscard]] const ZipEntry* find(std::string_view name) const { return zip_->find(name); }
  [[nodiscard]] const ZipReader& zip() const noexcept { return *zip_; }
  /// The place of a member in the directory.
  [[nodiscard]] std::size_t position(const ZipEntry& e) const {
    return static_cast<std::size_t>(&e - zip_->entries().data());
  }

  [[nodiscard]] std::string read(const ZipEntry& e);
  /// The bytes of a member as those of a storage: read with their checksum, and whatever their packing. `swap` as in
  /// StorageSource. LimitError if the compressed members so far unpack to too much.
  [[nodiscard]] StorageSource source(const ZipEntry& e, std::uint8_t swap = 0);

  /// Compares checksums as `options.verify` says, of the members that `source` was asked for or of all, where reading has not.
  void verify();
  /// Says whether every checksum was compared. `without`: members elsewhere that have none.
  void report(CheckpointBuilder& builder, std::size_t without = 0) const;

 private:
  const LoadOptions& options_;
  std::shared_ptr<ZipReader> zip_;
  std::shared_ptr<std::vector<std::atomic<bool>>> verified_;  // storages may be read by several threads
  std::shared_ptr<const StorageSource::Check> check_;
  std::vector<const ZipEntry*> storages_;
};

}  // namespace ballast::checkpoint
