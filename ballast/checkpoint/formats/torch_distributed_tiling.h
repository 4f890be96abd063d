// Whether the pieces of a tensor tile it: no hole, no overlap.
//
//   check_tiling(sizes, pieces);      // FormatError that says which pieces, or how many elements, are wrong
#pragma once

#include <span>

#include "ballast/checkpoint/formats/torch_distributed_metadata.h"

namespace ballast::checkpoint {

/// Pieces are in bounds. Those without elements cover nothing. LimitError where pieces are so many, side by side in every
/// dimension, that looking for overlaps would take long; grids of thousands of pieces are far from that.
void check_tiling(IntArrayRef sizes, std::span<const DistributedPiece> pieces);

}  // namespace ballast::checkpoint
