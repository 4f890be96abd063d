#include "ballast/inspect/tensor_listing.h"

#include <algorithm>

#include "ballast/core/match/glob.h"

namespace ballast::inspect {
namespace {

using checkpoint::NamedTensor;

/// Finds which rows share one of `storages`.
void group_rows(TensorListing& listing, std::size_t storages) {
  std::vector<std::size_t> users(storages), groups(storages, TensorRow::kAlone);
  for (const TensorRow& row : listing.rows) {
    if (row.tensor->storage != NamedTensor::kNoStorage) ++users[row.tensor->storage];
  }
  for (std::size_t i = 0; i < listing.rows.size(); ++i) {
    TensorRow& row = listing.rows[i];
    const std::size_t storage = row.tensor->storage;
    if (storage == NamedTensor::kNoStorage || users[storage] < 2) continue;
    if (groups[storage] == TensorRow::kAlone) {
      groups[storage] = listing.shared.size();
      listing.shared.emplace_back();
    }
    row.group = groups[storage];
    listing.shared[row.group].push_back(i);
  }
}

}  // namespace

TensorListing list_tensors(const checkpoint::Checkpoint& file, const ListingOptions& options) {
  TensorListing listing;
  listing.rows.reserve(options.filter ? 0 : file.tensors().size());
  for (const NamedTensor& t : file.tensors()) {
    if (options.filter && !glob_matches(*options.filter, t.name)) continue;
    const checkpoint::TensorValue& value = t.value.tensor();
    listing.rows.push_back(
        {&t, static_cast<std::uint64_t>(value.numel()), static_cast<std::uint64_t>(value.nbytes())});
  }
  if (options.sort == ListingSort::kName) {
    std::ranges::stable_sort(listing.rows, {},
                             [](const TensorRow& r) -> const std::string& { return r.tensor->name; });
  } else if (options.sort == ListingSort::kSize) {
    std::ranges::stable_sort(listing.rows, std::ranges::greater{}, &TensorRow::bytes);
  }
  group_rows(listing, file.storages().size());
  listing.totals = totals_of(listing.rows);
  return listing;
}

}  // namespace ballast::inspect
