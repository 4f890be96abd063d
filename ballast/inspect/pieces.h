// The one walk over the elements of many tensors: in pieces with fixed bounds, on all threads, with progress. Internal.
//
//   PieceWalk walk(progress);
//   for (const Tensor& t : tensors) walk.add(t.numel(), t.itemsize());
//   walk.run([&](const Piece& p, std::size_t slot) { found[slot] = look(tensors[p.item], p.begin, p.end); },   // on any thread
//            [&](const Piece& p, std::size_t slot) { merge(total[p.item], found[slot]); });                    // in order
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <vector>

#include "ballast/core/tensor.h"
#include "ballast/inspect/progress.h"

namespace ballast::inspect::detail {

/// Elements `begin` to `end` of item `item`.
struct Piece {
  std::size_t item = 0;
  std::int64_t begin = 0, end = 0;
};

/// Elements of a piece. Sums are made of pieces, so this number is part of every result.
inline constexpr std::int64_t kPieceElements = std::int64_t{1} << 16;

class PieceWalk {
 public:
  /// Pieces that are looked at before they are merged.
  static constexpr std::size_t kSlots = 128;
  using Step = std::function<void(const Piece& piece, std::size_t slot)>;

  /// `bytes` an element count as progress.
  void add(std::int64_t elements, std::int64_t bytes) { items_.push_back({elements, bytes}); }
  /// Calls `look` for every piece, on any thread, with a slot below kSlots that is no other piece's until it was merged; and
  /// `merge` for every piece in order, on this one. Small work stays on this thread.
  void run(const Step& look, const Step& merge, const Progress& progress) const;

 private:
  struct Item {
    std::int64_t elements, bytes;
  };
  std::vector<Item> items_;
};

/// Brings the pages of a piece of a mapped tensor in with one call instead of one fault each.
void expect_pages(const Tensor& tensor, const Piece& piece) noexcept;
/// Gives pages of a mapped tensor back to the system, as if they had not been touched; what was written to them is lost.
void release_pages(const Tensor& tensor, const Piece& piece) noexcept;

/// The same of pieces that follow each other, in few calls: each call makes all cores forget what they knew of the pages.
class PageRelease {
 public:
  explicit PageRelease(bool wanted) : wanted_(wanted) {}
  ~PageRelease() { flush(); }
  PageRelease(const PageRelease&) = delete;
  PageRelease& operator=(const PageRelease&) = delete;

  /// `piece` of `tensor`, which must outlive this or the next call for another tensor.
  void add(const Tensor& tensor, const Piece& piece);

 private:
  void flush() noexcept;

  bool wanted_;
  const Tensor* tensor_ = nullptr;
  Piece span_;
};

}  // namespace ballast::inspect::detail
