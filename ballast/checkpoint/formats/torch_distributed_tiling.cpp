#include "ballast/checkpoint/formats/torch_distributed_tiling.h"

#include <algorithm>
#include <unordered_set>

#include "ballast/core/shape.h"

namespace ballast::checkpoint {
namespace {

constexpr std::uint64_t kMostComparisons = std::uint64_t{1} << 26;

bool overlap(const DistributedPiece& a, const DistributedPiece& b) {
  for (std::size_t i = 0; i < a.sizes.size(); ++i) {
    if (a.offsets[i] + a.sizes[i] <= b.offsets[i] || b.offsets[i] + b.sizes[i] <= a.offsets[i]) return false;
  }
  return true;
}

/// The dimension that is cut into the most pieces: few of them stand beside each other at any place along it.
std::size_t most_cut_dimension(std::size_t rank, const std::vector<const DistributedPiece*>& pieces) {
  std::size_t best = 0;
  std::size_t most = 0;
  for (std::size_t d = 0; d < rank; ++d) {
    std::unordered_set<std::int64_t> begins;
    for (const DistributedPiece* p : pieces) begins.insert(p->offsets[d]);
    if (begins.size() > most) {
      most = begins.size();
      best = d;
    }
  }
  return best;
}

void check_overlaps(std::vector<const DistributedPiece*> pieces, std::size_t along) {
  const auto begin = [&](const DistributedPiece* p) { return p->offsets[along]; };
  std::sort(pieces.begin(), pieces.end(),
            [&](const DistributedPiece* a, const DistributedPiece* b) { return begin(a) < begin(b); });
  std::uint64_t comparisons = 0;
  std::vector<const DistributedPiece*> beside;  // those that reach as far as the next one begins
  for (const DistributedPiece* p : pieces) {
    std::erase_if(beside, [&](const DistributedPiece* o) { return begin(o) + o->sizes[along] <= begin(p); });
    comparisons += beside.size();
    check<LimitError>(comparisons <= kMostComparisons,
                      "{} pieces lie so that more than {} pairs could overlap", pieces.size(),
                      kMostComparisons);
    for (const DistributedPiece* o : beside) {
      if (overlap(*o, *p)) {
        throw FormatError(fmt::format("the pieces at {} of sizes {} and at {} of sizes {} overlap",
                                      shape_text(o->offsets), shape_text(o->sizes), shape_text(p->offsets),
                                      shape_text(p->sizes)));
      }
    }
    beside.push_back(p);
  }
}

}  // namespace

void check_tiling(IntArrayRef sizes, std::span<const DistributedPiece> pieces) {
  std::vector<const DistributedPiece*> filled;
  const std::int64_t wanted = numel_of(sizes);
  std::int64_t covered = 0;
  bool too_much = false;
  for (const DistributedPiece& p : pieces) {
    const std::int64_t n = numel_of(p.sizes);
    if (n == 0) continue;
    filled.push_back(&p);
    // Each is in bounds, so a sum of two is at most twice as large; beyond the tensor it grows no more.
    too_much = too_much || n > wanted - covered;
    if (!too_much) covered += n;
  }
  if (!sizes.empty() && filled.size() > 1) check_overlaps(filled, most_cut_dimension(sizes.size(), filled));
  if (too_much || covered != wanted) {
    throw FormatError(fmt::format("the pieces cover {} of the {} elements of a tensor of sizes {}", covered,
                                  wanted, shape_text(sizes)));
  }
}

}  // namespace ballast::checkpoint
