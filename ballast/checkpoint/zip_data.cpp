// The bytes of the members.
#include <algorithm>
#include <atomic>
#include <cstring>
#include <exception>
#include <new>

#include <libdeflate.h>

#include "ballast/checkpoint/crc32.h"
#include "ballast/checkpoint/shown_name.h"
#include "ballast/checkpoint/zip_reader.h"
#include "ballast/core/parallel.h"

namespace ballast::checkpoint {
namespace {

constexpr std::size_t kPiece = std::size_t{256} << 10;          // stays in the cache
constexpr std::uint64_t kThreadsPart = std::uint64_t{4} << 20;  // worth a thread

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
    read_stored({&e, static_cast<std::byte*>(out)});
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

/// Reads stored members in the order of the file. Neighbours share what is read: of many small members, each costs a fraction
/// of a system call. Of large ones, each piece gets its checksum while it is in the cache.
class ZipReader::Run {
 public:
  explicit Run(const ZipReader& zip)
      : zip_(zip),
        room_(static_cast<std::size_t>(std::min<std::uint64_t>(kPiece, zip.file_->size()))),
        buffer_(std::make_unique_for_overwrite<char[]>(room_)) {}

  void read(const ZipTarget& t) {
    const ZipEntry& e = *t.entry;
    const bool checks = e.has_checksum();
    if (t.out == nullptr && !checks) return;
    std::uint32_t crc = 0;
    for (std::uint64_t done = 0; done < e.size;) {
      const std::uint64_t left = e.size - done;
      const std::uint64_t at = e.data + done;
      std::byte* const out = t.out == nullptr ? nullptr : t.out + done;
      const void* bytes = out;
      std::uint64_t n = std::min<std::uint64_t>(left, kPiece);
      if (out != nullptr && left >= kDirect) {
        zip_.file_->read(at, out, static_cast<std::size_t>(n));
      } else {
        if (at < begin_ || at >= end_) fill(at);
        n = std::min(left, end_ - at);
        bytes = buffer_.get() + (at - begin_);
        if (out != nullptr) std::memcpy(out, bytes, static_cast<std::size_t>(n));
      }
      if (checks) crc = crc32(crc, bytes, static_cast<std::size_t>(n));
      done += n;
    }
    zip_.check_crc(e, crc);
  }

 private:
  static constexpr std::uint64_t kDirect = std::uint64_t{32} << 10;  // worth a call of its own

  void fill(std::uint64_t at) {
    begin_ = end_ = at;
    const std::uint64_t n = std::min<std::uint64_t>(room_, zip_.file_->size() - at);
    zip_.file_->read(at, buffer_.get(), static_cast<std::size_t>(n));
    end_ = at + n;
  }

  const ZipReader& zip_;
  std::size_t room_;
  std::unique_ptr<char[]> buffer_;
  std::uint64_t begin_ = 0, end_ = 0;  // what of the file is in the buffer
};

void ZipReader::read_stored(const ZipTarget& t) const { Run(*this).read(t); }

void ZipReader::read_all(std::vector<ZipTarget> targets) {
  std::sort(targets.begin(), targets.end(),
            [](const ZipTarget& a, const ZipTarget& b) { return a.entry->data < b.entry->data; });
  // What is compressed is rare, and accounted for one by one.
  const auto packed = std::stable_partition(targets.begin(), targets.end(),
                                            [](const ZipTarget& t) { return t.entry->is_stored(); });
  for (auto t = packed; t != targets.end(); ++t) {
    if (t->out != nullptr) {
      read(*t->entry, t->out);
    } else if (t->entry->has_checksum()) {
      static_cast<void>(read(*t->entry));
    }
  }
  targets.erase(packed, targets.end());

  std::vector<std::size_t> ends;  // of the parts that are each a thread's
  std::uint64_t bytes = 0;
  for (std::size_t i = 0; i < targets.size(); ++i) {
    bytes += targets[i].entry->size;
    if (bytes < kThreadsPart && i + 1 < targets.size()) continue;
    ends.push_back(i + 1);
    bytes = 0;
  }
  // The same file gives the same error: that of the first part which has one. Later parts need not be read then.
  std::vector<std::exception_ptr> errors(ends.size());
  std::atomic<std::size_t> first_error{ends.size()};
  parallel_tasks(static_cast<int>(ends.size()), [&](int task) {
    const auto part = static_cast<std::size_t>(task);
    if (part > first_error.load()) return;
    try {
      Run run(*this);
      for (std::size_t i = part == 0 ? 0 : ends[part - 1]; i < ends[part]; ++i) run.read(targets[i]);
    } catch (...) {
      errors[part] = std::current_exception();
      std::size_t first = first_error.load();
      while (part < first && !first_error.compare_exchange_weak(first, part)) {
      }
    }
  });
  if (const std::size_t first = first_error.load(); first < errors.size())
    std::rethrow_exception(errors[first]);
}

void ZipReader::verify(const std::vector<const ZipEntry*>& members) {
  std::vector<ZipTarget> targets;
  targets.reserve(members.size());
  for (const ZipEntry* e : members) targets.push_back({e, nullptr});
  read_all(std::move(targets));
}

}  // namespace ballast::checkpoint
