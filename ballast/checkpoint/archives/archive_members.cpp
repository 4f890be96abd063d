#include "ballast/checkpoint/archives/archive_members.h"

namespace ballast::checkpoint {

ArchiveMembers::ArchiveMembers(std::shared_ptr<ZipReader> zip, const LoadOptions& options)
    : options_(options),
      zip_(std::move(zip)),
      verified_(std::make_shared<std::vector<std::atomic<bool>>>(zip_->entries().size())),
      check_(std::make_shared<const StorageSource::Check>(
          [zip = zip_, verified = verified_](std::size_t at, std::uint32_t crc) {
            zip->check_crc(zip->entries()[at], crc);
            (*verified)[at] = true;
          })) {}

std::string ArchiveMembers::read(const ZipEntry& e) {
  std::string out = zip_->read(e);
  (*verified_)[position(e)] = true;
  return out;
}

StorageSource ArchiveMembers::source(const ZipEntry& e, std::uint8_t swap) {
  if (options_.map_location != kMeta) zip_->account(e);
  storages_.push_back(&e);
  StorageSource out{
      .file = zip_->file(), .offset = e.data, .size = e.size, .swap = swap, .in_place = e.is_stored()};
  // The member is found again by its place in the directory.
  if (!e.is_stored()) {
    out.read = [zip = zip_, verified = verified_, at = position(e)](std::byte* to) {
      zip->read(zip->entries()[at], to);
      (*verified)[at] = true;
    };
  } else if (e.has_checksum()) {
    out.check = check_;
    out.member = position(e);
  }
  return out;
}

void ArchiveMembers::verify() {
  std::vector<const ZipEntry*> members;
  if (options_.verify == Verify::kAll) {
    for (const ZipEntry& e : zip_->entries()) members.push_back(&e);
  } else if (options_.verify == Verify::kBudget) {
    std::uint64_t total = 0;
    for (const ZipEntry* e : storages_) total += e->size;
    if (total > options_.verify_budget) return;
    members = storages_;
  }
  std::erase_if(members, [&](const ZipEntry* e) { return (*verified_)[position(*e)].load(); });
  // What was read was compared, and counted, before.
  zip_->verify(members, options_.verify == Verify::kAll && options_.mmap ? options_.progress : nullptr);
  for (const ZipEntry* e : members) (*verified_)[position(*e)] = true;
}

void ArchiveMembers::report(CheckpointBuilder& builder, std::size_t without) const {
  bool fully = true;
  for (const ZipEntry& e : zip_->entries()) {
    if (!e.has_checksum()) {
      ++without;
    } else if (!(*verified_)[position(e)]) {
      fully = false;
    }
  }
  builder.set_verified(fully && without == 0, without);
}

}  // namespace ballast::checkpoint
