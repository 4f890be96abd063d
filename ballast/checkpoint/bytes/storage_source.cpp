#include "ballast/checkpoint/bytes/storage_source.h"

#include <algorithm>

#include "ballast/checkpoint/bytes/read_pieces.h"

namespace ballast::checkpoint {

bool StorageSource::can_be_mapped() const noexcept {
  return in_place && swap <= 1 && size > 0 && (file->begin() + offset) % alignment == 0;
}

Storage open_storage(const StorageSource& source, const LoadOptions& options) {
  if (options.map_location == kMeta) return Storage::meta(source.size);
  if (options.mmap && source.can_be_mapped())
    return Storage::mapped(source.file->map() + source.offset, source.size, source.file);
  return Storage::allocate(source.size);
}

void read_storage(const StorageSource& source, std::byte* out) { read_storages({{&source, out}}, {}); }

void read_storages(const std::vector<StorageToRead>& wanted,
                   const std::function<void(std::uint64_t done, std::uint64_t total)>& progress) {
  std::vector<Piece> pieces;
  pieces.reserve(wanted.size());
  std::uint64_t total = 0;
  std::uint64_t done = 0;
  for (const auto& [source, out] : wanted) {
    total += source->size;
    // One that reads itself is a piece of nothing, so that places agree.
    pieces.push_back({.file = source->file.get(),
                      .offset = source->offset,
                      .size = source->read ? 0 : source->size,
                      .out = out,
                      .wants_crc = source->check != nullptr});
    if (!source->read) done += source->size;
  }
  std::function<void(std::uint64_t)> report;
  if (progress) report = [&](std::uint64_t so_far) { progress(so_far, total); };
  read_pieces(pieces, report);
  for (std::size_t i = 0; i < wanted.size(); ++i) {
    const auto& [source, out] = wanted[i];
    if (source->read) {
      source->read(out);
      done += source->size;
      if (progress) progress(done, total);
    } else if (source->check) {
      (*source->check)(source->member, pieces[i].crc);
    }
    swap_bytes(out, source->size, source->swap);
  }
}

void read_part(const StorageSource& source, std::uint64_t begin, std::uint64_t n, std::byte* out) {
  if (n == 0) return;
  source.file->read(source.offset + begin, out, n);
  swap_bytes(out, n, source.swap);
}

void swap_bytes(std::byte* data, std::uint64_t size, std::uint8_t width) {
  if (width <= 1) return;
  for (std::uint64_t at = 0; at + width <= size; at += width) std::reverse(data + at, data + at + width);
}

}  // namespace ballast::checkpoint
