// The bytes of the members.
#include <algorithm>
#include <cstring>
#include <new>

#include <libdeflate.h>

#include "ballast/checkpoint/archives/zip_reader.h"
#include "ballast/checkpoint/bytes/crc32.h"
#include "ballast/checkpoint/shown_name.h"

namespace ballast::checkpoint {
namespace {

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
    Piece piece = piece_of(e, static_cast<std::byte*>(out));
    read_pieces({&piece, 1});
    check_crc(e, piece.crc);
    return;
  }
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
  if (made != e.size) fail(e, fmt::format("the member unpacks to {} bytes, {} are announced", made, e.size));
  if (used != e.stored_size)
    fail(e, fmt::format("{} bytes follow the member's deflate stream", e.stored_size - used));
  check_crc(e, e.has_checksum() ? crc32(0, out, e.size) : 0);
}

Piece ZipReader::piece_of(const ZipEntry& e, std::byte* out) const {
  return {.file = file_.get(), .offset = e.data, .size = e.size, .out = out, .wants_crc = e.has_checksum()};
}

void ZipReader::check_crc(const ZipEntry& e, std::uint32_t crc) const {
  if (!e.has_checksum() || crc == e.crc) return;
  fail(e, fmt::format("the member's bytes give the checksum {:08x}, {:08x} is announced: the file is damaged",
                      crc, e.crc));
}

std::string ZipReader::read(const ZipEntry& e) {
  account(e);
  std::string out(e.size, '\0');
  read(e, out.data());
  return out;
}

void ZipReader::read(const ZipEntry& e, void* head, std::uint64_t n, void* tail) {
  if (!e.is_stored()) {
    std::string all(e.size, '\0');
    read(e, all.data());
    std::memcpy(head, all.data(), n);
    if (all.size() > n) std::memcpy(tail, all.data() + n, all.size() - n);
    return;
  }
  const std::uint64_t rest = e.size - n;
  file_->read(e.data, head, n);
  std::uint32_t crc = crc32(0, head, n);
  if (rest > 0) {
    file_->read(e.data + n, tail, rest);
    crc = crc32(crc, tail, rest);
  }
  if (e.has_checksum() && crc != e.crc) {
    fail(e, fmt::format("the member's bytes do not give its checksum {:08x}: the file is damaged", e.crc));
  }
}

std::string ZipReader::start(const ZipEntry& e, std::uint64_t n) const {
  n = std::min(n, e.size);
  if (e.is_stored()) {
    std::string out(n, '\0');
    file_->read(e.data, out.data(), n);
    return out;
  }
  // A decompressor that runs out of room has filled it up to the last match or stored block, of at most 64 KiB; what it
  // needs of the stream is not much longer than what it makes.
  constexpr std::uint64_t kRoom = std::uint64_t{128} << 10;
  std::string out(std::min(e.size, n + kRoom), '\0');
  std::string packed(std::min(e.stored_size, 2 * (n + kRoom)), '\0');
  file_->read(e.data, packed.data(), packed.size());
  const std::unique_ptr<libdeflate_decompressor, FreeDecompressor> d(libdeflate_alloc_decompressor());
  if (d == nullptr) throw std::bad_alloc();
  std::size_t made = 0;
  const auto result =
      libdeflate_deflate_decompress(d.get(), packed.data(), packed.size(), out.data(), out.size(), &made);
  const bool whole = result == LIBDEFLATE_SUCCESS && made == e.size;
  const bool begun = result == LIBDEFLATE_INSUFFICIENT_SPACE && out.size() < e.size;
  if (!whole && !begun) {
    fail(e, fmt::format("the member's {} bytes are no deflate stream of {} bytes", e.stored_size, e.size));
  }
  out.resize(n);
  return out;
}

void ZipReader::verify(std::vector<const ZipEntry*> members,
                       const std::function<void(std::uint64_t, std::uint64_t)>& progress) {
  std::sort(members.begin(), members.end(),
            [](const ZipEntry* a, const ZipEntry* b) { return a->data < b->data; });
  std::vector<Piece> pieces;
  pieces.reserve(members.size());
  std::uint64_t total = 0, done = 0;
  for (const ZipEntry* e : members) {
    if (!e->has_checksum()) continue;
    pieces.push_back(piece_of(e->is_stored() ? *e : ZipEntry{}, nullptr));
    total += e->stored_size;
  }
  std::function<void(std::uint64_t)> report;
  if (progress) report = [&](std::uint64_t so_far) { progress(done = so_far, total); };
  read_pieces(pieces, report);
  auto piece = pieces.begin();
  for (const ZipEntry* e : members) {
    if (!e->has_checksum()) continue;
    if (e->is_stored()) {
      check_crc(*e, piece->crc);
    } else {
      static_cast<void>(read(*e));
      done += e->stored_size;
      if (progress) progress(done, total);
    }
    ++piece;
  }
}

}  // namespace ballast::checkpoint
