#include "ballast/checkpoint/bytes/read_pieces.h"

#include <algorithm>
#include <atomic>
#include <cstring>
#include <memory>
#include <thread>
#include <vector>

#include "ballast/checkpoint/bytes/crc32.h"
#include "ballast/core/parallel.h"

namespace ballast::checkpoint {
namespace {

constexpr std::uint64_t kAtOnce = std::uint64_t{256} << 10;  // stays in the cache until its checksum is known
constexpr std::uint64_t kDirect = std::uint64_t{32} << 10;   // worth a call of its own
constexpr std::uint64_t kNear = std::uint64_t{4} << 10;     // a gap that costs less to read than another call
constexpr std::uint64_t kLongest = std::uint64_t{8} << 20;  // longer pieces are cut
constexpr std::uint64_t kPart = std::uint64_t{4} << 20;     // worth a thread

/// A piece, or a part of a long one.
struct Slice {
  std::size_t piece;
  std::uint64_t begin, size;  // in the piece
  std::uint32_t crc = 0;
};

class Reader {
 public:
  explicit Reader(std::span<const Piece> pieces) : pieces_(pieces) {}

  void read(std::span<Slice> slices) {
    for (std::size_t i = 0; i < slices.size(); ++i) {
      Slice& s = slices[i];
      const Piece& p = pieces_[s.piece];
      std::byte* const out = p.out == nullptr ? nullptr : p.out + s.begin;
      for (std::uint64_t done = 0; done < s.size;) {
        const std::uint64_t at = p.offset + s.begin + done;
        const std::uint64_t left = s.size - done;
        const void* bytes = nullptr;
        std::uint64_t n = std::min(left, kAtOnce);
        if (out != nullptr && left >= kDirect) {
          p.file->read(at, out + done, static_cast<std::size_t>(n));
          bytes = out + done;
        } else {
          if (p.file != file_ || at < begin_ || at >= end_) fill(slices.subspan(i), at);
          n = std::min(left, end_ - at);
          bytes = buffer_.get() + (at - begin_);
          if (out != nullptr) std::memcpy(out + done, bytes, static_cast<std::size_t>(n));
        }
        if (p.wants_crc) s.crc = crc32(s.crc, bytes, static_cast<std::size_t>(n));
        done += n;
      }
    }
  }

 private:
  /// Reads from `at`, which is in the first slice, as far as there are slices close together and there is room.
  void fill(std::span<const Slice> slices, std::uint64_t at) {
    if (!buffer_) buffer_ = std::make_unique_for_overwrite<std::byte[]>(kAtOnce);
    const InputFile* const file = pieces_[slices[0].piece].file;
    std::uint64_t end = at;
    for (const Slice& s : slices) {
      const Piece& p = pieces_[s.piece];
      const std::uint64_t begin = p.offset + s.begin;
      if (p.file != file || (begin > end && begin - end > kNear) || end - at >= kAtOnce) break;
      end = std::max(end, begin + s.size);
    }
    end = std::min(end, at + kAtOnce);
    file_ = nullptr;
    file->read(at, buffer_.get(), static_cast<std::size_t>(end - at));
    file_ = file;
    begin_ = at;
    end_ = end;
  }

  std::span<const Piece> pieces_;
  std::unique_ptr<std::byte[]> buffer_;
  const InputFile* file_ = nullptr;    // whose bytes
  std::uint64_t begin_ = 0, end_ = 0;  // from where to where
};

bool stands_before(const Piece& a, const Piece& b) {
  if (a.file == b.file) return a.offset < b.offset;
  const int names = a.file->name().compare(b.file->name());
  return names != 0 ? names < 0 : std::less<>()(a.file, b.file);
}

std::vector<Slice> slices_in_order(std::span<const Piece> pieces) {
  std::vector<std::size_t> order;
  order.reserve(pieces.size());
  for (std::size_t i = 0; i < pieces.size(); ++i) {
    if (pieces[i].size > 0 && (pieces[i].out != nullptr || pieces[i].wants_crc)) order.push_back(i);
  }
  const auto before = [&](std::size_t a, std::size_t b) { return stands_before(pieces[a], pieces[b]); };
  if (!std::is_sorted(order.begin(), order.end(), before))
    std::stable_sort(order.begin(), order.end(), before);
  std::vector<Slice> slices;
  slices.reserve(order.size());
  for (const std::size_t i : order) {
    for (std::uint64_t begin = 0; begin < pieces[i].size; begin += kLongest)
      slices.push_back({i, begin, std::min(kLongest, pieces[i].size - begin)});
  }
  return slices;
}

/// Where each part ends that is worth a thread.
std::vector<std::size_t> ends_of_parts(std::span<const Slice> slices) {
  std::vector<std::size_t> ends;
  std::uint64_t bytes = 0;
  for (std::size_t i = 0; i < slices.size(); ++i) {
    bytes += slices[i].size;
    if (bytes < kPart && i + 1 < slices.size()) continue;
    ends.push_back(i + 1);
    bytes = 0;
  }
  return ends;
}

}  // namespace

void read_pieces(std::span<Piece> pieces, const std::function<void(std::uint64_t done)>& progress) {
  std::vector<Slice> slices = slices_in_order(pieces);
  const std::vector<std::size_t> ends = ends_of_parts(slices);
  const auto caller = std::this_thread::get_id();
  std::atomic<std::uint64_t> done{0};
  std::uint64_t reported = 0;
  parallel_tasks(static_cast<int>(ends.size()), [&](int task) {
    const auto part = static_cast<std::size_t>(task);
    const std::size_t begin = part == 0 ? 0 : ends[part - 1];
    const std::span<Slice> mine = std::span(slices).subspan(begin, ends[part] - begin);
    Reader(pieces).read(mine);
    std::uint64_t bytes = 0;
    for (const Slice& s : mine) bytes += s.size;
    const std::uint64_t so_far = done.fetch_add(bytes) + bytes;
    if (progress && std::this_thread::get_id() == caller) progress(reported = so_far);
  });
  if (progress && reported != done.load()) progress(done.load());
  for (Piece& p : pieces) p.crc = 0;
  for (const Slice& s : slices) {
    Piece& p = pieces[s.piece];
    if (p.wants_crc) p.crc = s.begin == 0 ? s.crc : joined_crc32(p.crc, s.crc, s.size);
  }
}

}  // namespace ballast::checkpoint
