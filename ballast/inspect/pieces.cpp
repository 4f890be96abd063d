#include "ballast/inspect/pieces.h"

#include <algorithm>

#include "ballast/core/mapped_pages.h"
#include "ballast/core/parallel.h"
#include "ballast/core/shape.h"

namespace ballast::inspect::detail {
namespace {

/// Walks of fewer elements stay on the calling thread.
constexpr std::int64_t kParallelFrom = 2 * kElementGrain;

struct Bytes {
  std::byte* data = nullptr;
  std::size_t size = 0;
};

/// Where a piece lies in memory, if that is one run of bytes of a mapped file.
Bytes mapped_bytes(const Tensor& tensor, const Piece& piece) {
  const Storage& storage = tensor.storage();
  if (!storage.defined() || storage.kind() != StorageImpl::Kind::kMapped) return {};
  if (!is_non_overlapping_and_dense(tensor.sizes(), tensor.strides())) return {};
  auto* const first = static_cast<std::byte*>(tensor.data_ptr());
  return {first + piece.begin * tensor.itemsize(),
          static_cast<std::size_t>((piece.end - piece.begin) * tensor.itemsize())};
}

}  // namespace

void PieceWalk::run(const Step& look, const Step& merge, const Progress& progress) const {
  const auto bytes_of = [](std::int64_t elements, const Item& item) {
    return static_cast<std::uint64_t>(elements) * static_cast<std::uint64_t>(item.bytes);
  };
  std::uint64_t total = 0, done = 0;
  for (const Item& item : items_) total += bytes_of(item.elements, item);
  if (progress) progress(0, total);
  std::vector<Piece> pieces;
  std::int64_t elements = 0;
  const auto flush = [&] {
    const auto one = [&](int i) { look(pieces[static_cast<std::size_t>(i)], static_cast<std::size_t>(i)); };
    const int n = static_cast<int>(pieces.size());
    if (elements < kParallelFrom) {
      for (int i = 0; i < n; ++i) one(i);
    } else {
      parallel_tasks(n, one);
    }
    for (std::size_t slot = 0; slot < pieces.size(); ++slot) {
      merge(pieces[slot], slot);
      done += bytes_of(pieces[slot].end - pieces[slot].begin, items_[pieces[slot].item]);
    }
    if (progress && !pieces.empty()) progress(done, total);
    pieces.clear();
    elements = 0;
  };
  for (std::size_t i = 0; i < items_.size(); ++i) {
    for (std::int64_t begin = 0; begin < items_[i].elements; begin += kPieceElements) {
      pieces.push_back({i, begin, std::min(begin + kPieceElements, items_[i].elements)});
      elements += pieces.back().end - begin;
      if (pieces.size() == kSlots) flush();
    }
  }
  flush();
}

void expect_pages(const Tensor& tensor, const Piece& piece) noexcept {
  const Bytes bytes = mapped_bytes(tensor, piece);
  ballast::expect_pages(bytes.data, bytes.size);
}

void release_pages(const Tensor& tensor, const Piece& piece) noexcept {
  const Bytes bytes = mapped_bytes(tensor, piece);
  ballast::release_pages(bytes.data, bytes.size);
}

void PageRelease::add(const Tensor& tensor, const Piece& piece) {
  if (!wanted_) return;
  constexpr std::int64_t kMost = PieceWalk::kSlots * kPieceElements;
  if (tensor_ == &tensor && span_.end == piece.begin && piece.end - span_.begin <= kMost) {
    span_.end = piece.end;
    return;
  }
  flush();
  tensor_ = &tensor;
  span_ = piece;
}

void PageRelease::flush() noexcept {
  if (tensor_ != nullptr) release_pages(*tensor_, span_);
  tensor_ = nullptr;
}

}  // namespace ballast::inspect::detail
