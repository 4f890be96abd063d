// The tensors of a checkpoint in the order in which they are to be shown, with what they share and what they sum up to.
//
//   const TensorListing listing = list_tensors(checkpoint, {.filter = "encoder.*"});
//   listing.totals.parameters_unique;
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "ballast/checkpoint/load.h"

namespace ballast::inspect {

enum class ListingSort : std::uint8_t { kFile, kName, kSize };

struct ListingOptions {
  std::optional<std::string> filter;      ///< core/match/glob.h, on the full name
  ListingSort sort = ListingSort::kFile;  ///< as in the file; by the bytes of the name; largest first
};

struct TensorRow {
  static constexpr std::size_t kAlone = ~std::size_t{0};

  const checkpoint::NamedTensor* tensor;
  std::uint64_t parameters;    ///< elements
  std::uint64_t bytes;         ///< of the elements; of sparse tensors, of the parts that are stored
  std::size_t group = kAlone;  ///< position in `TensorListing::shared`

  [[nodiscard]] const checkpoint::TensorValue& value() const { return tensor->value.tensor(); }
  /// Whether the file holds a tensor without elements. (One that was only not read has a storage there.)
  [[nodiscard]] bool is_on_meta() const {
    return tensor->storage == checkpoint::NamedTensor::kNoStorage && value().tensor.defined() &&
           value().tensor.is_meta();
  }
};

/// Sums over rows. In the `unique` figures an element of storage counts once, however many tensors show it and however
/// often; where tensors of several types show one storage, elements are those of the widest. Views that lie over each other
/// in more than a million pieces together count as what they can be at most. Sums stop at 2^64 - 1.
struct TensorTotals {
  std::uint64_t tensors = 0;
  std::uint64_t parameters = 0, parameters_unique = 0;
  std::uint64_t bytes = 0, bytes_unique = 0;
};

struct TensorListing {
  std::vector<TensorRow> rows;
  /// Groups of two or more rows that share one storage: positions in `rows`. In the order of their first rows.
  std::vector<std::vector<std::size_t>> shared;
  TensorTotals totals;
};

/// The rows point into `file`, which must outlive them.
[[nodiscard]] TensorListing list_tensors(const checkpoint::Checkpoint& file, const ListingOptions& options);

/// The totals of some rows of a listing.
[[nodiscard]] TensorTotals totals_of(const std::vector<TensorRow>& rows);

}  // namespace ballast::inspect
