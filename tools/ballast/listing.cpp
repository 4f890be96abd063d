#include "tools/ballast/listing.h"

#include <algorithm>
#include <unordered_map>

#include "tools/ballast/glob.h"

namespace ballast::tool {
namespace {

using checkpoint::NamedTensor;

/// Finds which rows share a storage.
void group_rows(Listing& listing) {
  std::unordered_map<std::size_t, std::size_t> users;  // of each storage
  for (const Row& row : listing.rows) {
    if (row.tensor->storage != NamedTensor::kNoStorage) ++users[row.tensor->storage];
  }
  std::unordered_map<std::size_t, std::size_t> groups;  // of each storage with several users
  for (std::size_t i = 0; i < listing.rows.size(); ++i) {
    Row& row = listing.rows[i];
    const auto found = users.find(row.tensor->storage);
    if (found == users.end() || found->second < 2) continue;
    row.group = groups.try_emplace(row.tensor->storage, groups.size()).first->second;
    if (row.group == listing.shared.size()) listing.shared.emplace_back();
    listing.shared[row.group].push_back(i);
  }
}

}  // namespace

Listing list_tensors(const checkpoint::Checkpoint& file, const ListingOptions& options) {
  Listing listing;
  listing.rows.reserve(options.filter ? 0 : file.tensors().size());
  for (const NamedTensor& t : file.tensors()) {
    if (options.filter && !glob_matches(*options.filter, t.name)) continue;
    const checkpoint::TensorValue& value = t.value.tensor();
    listing.rows.push_back(
        {&t, static_cast<std::uint64_t>(value.numel()), static_cast<std::uint64_t>(value.nbytes())});
  }
  if (options.sort == Sort::kName) {
    std::ranges::stable_sort(listing.rows, {},
                             [](const Row& r) -> const std::string& { return r.tensor->name; });
  } else if (options.sort == Sort::kSize) {
    std::ranges::stable_sort(listing.rows, std::ranges::greater{}, &Row::bytes);
  }
  group_rows(listing);
  listing.totals = totals_of(listing.rows);
  return listing;
}

}  // namespace ballast::tool
