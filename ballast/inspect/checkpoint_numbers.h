// Statistics, comparison and health of the tensors of files, in whatever layout these keep them.
//
//   const auto file = ballast::load("model.gguf");
//   const inspect::TensorListing listing = inspect::list_tensors(file, {.filter = "blk.0.*"});
//   const std::vector<inspect::Statistics> all = inspect::statistics(listing);          // one for each row
//
// Dense tensors are read where they lie. Quantised ones become numbers one at a time (checkpoint/dequantize.h), so that a file
// of blocks need not fit into memory as floats. Of sparse ones the stored values count. Tensors without numbers have none: those
// on meta, those in blocks of a type that is not known, and views that repeat what is stored without measure.
#pragma once

#include <vector>

#include "ballast/checkpoint/load.h"
#include "ballast/inspect/compare.h"
#include "ballast/inspect/health.h"
#include "ballast/inspect/statistics.h"
#include "ballast/inspect/tensor_listing.h"

namespace ballast::inspect {

/// The numbers of one tensor: itself where it is dense, else a tensor made for the purpose. Undefined where there are none.
[[nodiscard]] Tensor numbers_of(const checkpoint::TensorValue& value);
[[nodiscard]] bool has_numbers(const checkpoint::TensorValue& value);

/// Of each row, at its position. Rows without numbers have a count of 0.
[[nodiscard]] std::vector<Statistics> statistics(const TensorListing& listing,
                                                 const StatisticsOptions& options = {});

/// Names as in the listings; the k-th tensor of a name belongs to the other's k-th. Tensors that are kept in another layout or
/// type on the other side are `retyped`, and compared by their numbers; those that have no numbers on one side, or are sparse
/// with other places filled, are in `unread`, unless both sides hold the same bits.
[[nodiscard]] Comparison compare(const TensorListing& a, const TensorListing& b,
                                 const CompareOptions& options = {});

/// Findings in the tensors of a listing of `file`. If the file has a state dict among other things, its tensors are looked at as
/// a model, and the others (an optimiser's averages, say) for values that are not finite.
[[nodiscard]] std::vector<Finding> health(const checkpoint::Checkpoint& file, const TensorListing& listing,
                                          const HealthOptions& options = {});
[[nodiscard]] std::vector<Finding> health(const checkpoint::Checkpoint& file, const TensorListing& listing,
                                          ArrayRef<Statistics> statistics, const HealthOptions& options = {});

}  // namespace ballast::inspect
