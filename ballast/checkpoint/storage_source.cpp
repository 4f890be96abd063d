#include "ballast/checkpoint/storage_source.h"

#include <algorithm>

namespace ballast::checkpoint {

bool StorageSource::can_be_mapped() const noexcept {
  return in_place && swap <= 1 && size > 0 && offset % kMappedAlignment == 0;
}

Storage open_storage(const StorageSource& source, const LoadOptions& options) {
  if (options.map_location == kMeta) return Storage::meta(source.size);
  if (options.mmap && source.can_be_mapped())
    return Storage::mapped(source.file->map() + source.offset, source.size, source.file);
  return Storage::allocate(source.size);
}

void read_storage(const StorageSource& source, std::byte* out) {
  if (source.read) {
    source.read(out);
    swap_bytes(out, source.size, source.swap);
  } else {
    read_part(source, 0, source.size, out);
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
