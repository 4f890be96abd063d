// The bytes of the members.
#include <algorithm>
#include <new>

#include <libdeflate.h>

#include "ballast/checkpoint/crc32.h"
#include "ballast/checkpoint/shown_name.h"
#include "ballast/checkpoint/zip_reader.h"

namespace ballast::checkpoint {
namespace {

constexpr std::size_t kPiece = std::size_t{256} << 10;

struct FreeDecompressor {
  void operator()(libdeflate_decompressor* d) const { libdeflate_free_decompressor(d); }
};

}  // namespace

void ZipReader::account(const ZipEntry& e) {
  if (e.is_stored()) return;
  inflated_ += e.size;
  check<LimitError>(inflated_ <= limits_.inflated_bytes,
                    "{}: {}: compressed members unpack to {} bytes or more, the limit (inflated_bytes) is {}",
                    file_->name(), shown_name(e.name), inflated_, limits_.inflated_bytes);
}

void ZipReader::read(const ZipEntry& e, void* out) {
  if (e.is_stored()) {
    file_->read(e.data, out, e.size);
  } else {
    std::string packed(e.stored_size, '\0');
    file_->read(e.data, packed.data(), packed.size());
    const std::unique_ptr<libdeflate_decompressor, FreeDecompressor> d(libdeflate_alloc_decompressor());
    if (d == nullptr) throw std::bad_alloc();
    std::size_t used = 0;
    std::size_t made = 0;
    const auto result =
        libdeflate_deflate_decompress_ex(d.get(), packed.data(), packed.size(), out, e.size, &used, &made);
    if (result != LIBDEFLATE_SUCCESS) {
      fail(e, fmt::format("the member's {} bytes are no deflate stream of {} bytes", e.stored_size, e.size));
    }
    if (made != e.size)
      fail(e, fmt::format("the member unpacks to {} bytes, {} are announced", made, e.size));
    if (used != e.stored_size)
      fail(e, fmt::format("{} bytes follow the member's deflate stream", e.stored_size - used));
  }
  if (e.has_checksum() && crc32(0, out, e.size) != e.crc) {
    fail(e, fmt::format("the member's bytes do not give its checksum {:08x}: the file is damaged", e.crc));
  }
}

std::string ZipReader::read(const ZipEntry& e) {
  account(e);
  std::string out(e.size, '\0');
  read(e, out.data());
  return out;
}

void ZipReader::verify(std::vector<const ZipEntry*> members) {
  std::sort(members.begin(), members.end(),
            [](const ZipEntry* a, const ZipEntry* b) { return a->data < b->data; });
  // Neighbours share what is read: of many small members, each costs a fraction of a system call.
  const auto buffer = std::make_unique_for_overwrite<char[]>(std::min<std::uint64_t>(kPiece, file_->size()));
  std::uint64_t begin = 0;
  std::uint64_t end = 0;
  for (const ZipEntry* e : members) {
    if (!e->has_checksum()) continue;
    if (!e->is_stored()) {
      static_cast<void>(read(*e));
      continue;
    }
    std::uint32_t crc = 0;
    for (std::uint64_t at = e->data; at < e->data + e->size;) {
      if (at < begin || at >= end) {
        begin = at;
        end = std::min(at + kPiece, file_->size());
        file_->read(begin, buffer.get(), static_cast<std::size_t>(end - begin));
      }
      const std::uint64_t n = std::min(end, e->data + e->size) - at;
      crc = crc32(crc, buffer.get() + (at - begin), static_cast<std::size_t>(n));
      at += n;
    }
    if (crc != e->crc) {
      fail(*e, fmt::format(
                   "the member's bytes give the checksum {:08x}, {:08x} is announced: the file is damaged",
                   crc, e->crc));
    }
  }
}

}  // namespace ballast::checkpoint
