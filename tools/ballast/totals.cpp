#include <algorithm>
#include <unordered_map>
#include <vector>

#include "tools/ballast/figures.h"
#include "tools/ballast/listing.h"

#include "ballast/core/shape.h"

namespace ballast::tool {
namespace {

/// The part of a storage that one tensor shows.
struct Part {
  std::uint64_t begin, end;  ///< bytes from the first to behind the last element
  std::uint64_t distinct;    ///< bytes of elements, repeated ones counted once
  std::uint64_t itemsize;
};

Part part_of(const Row& row) {
  const Tensor& t = row.value().tensor;
  const auto itemsize = static_cast<std::uint64_t>(t.itemsize());
  const std::uint64_t begin = static_cast<std::uint64_t>(t.storage_offset()) * itemsize;
  const std::uint64_t extent =
      static_cast<std::uint64_t>(storage_extent(t.sizes(), t.strides(), 0).value_or(0)) * itemsize;
  // A view with gaps shows less than its extent, one that repeats elements less than its size.
  return {begin, begin + extent, std::min(extent, row.bytes), itemsize};
}

/// Bytes of one storage that any of the parts shows: what they cover together, or the sum of what they show where that is
/// less (columns of a matrix, say, each of which covers nearly all of it).
std::uint64_t distinct_bytes(std::vector<Part>& parts) {
  std::ranges::sort(parts, {}, &Part::begin);
  std::uint64_t covered = 0, reached = 0, sum = 0;
  for (const Part& p : parts) {
    if (p.end > reached) covered += p.end - std::max(p.begin, reached);
    reached = std::max(reached, p.end);
    sum = saturating_add(sum, p.distinct);
  }
  return std::min(covered, sum);
}

}  // namespace

Totals totals_of(const std::vector<Row>& rows) {
  Totals totals;
  std::unordered_map<std::size_t, std::vector<Part>> shared;  // parts of each storage that several rows show
  const auto add_unique = [&](std::uint64_t bytes, std::uint64_t itemsize) {
    totals.bytes_unique = saturating_add(totals.bytes_unique, bytes);
    totals.parameters_unique = saturating_add(totals.parameters_unique, bytes / itemsize);
  };
  for (const Row& row : rows) {
    totals.tensors += 1;
    totals.parameters = saturating_add(totals.parameters, row.parameters);
    totals.bytes = saturating_add(totals.bytes, row.bytes);
    if (row.tensor->storage == checkpoint::NamedTensor::kNoStorage) {
      totals.parameters_unique = saturating_add(totals.parameters_unique, row.parameters);
      totals.bytes_unique = saturating_add(totals.bytes_unique, row.bytes);
    } else if (const Part part = part_of(row); row.group == Row::kAlone) {
      add_unique(part.distinct, part.itemsize);
    } else {
      shared[row.tensor->storage].push_back(part);
    }
  }
  for (auto& [storage, parts] : shared) {
    const std::uint64_t itemsize = parts.front().itemsize;
    add_unique(distinct_bytes(parts), itemsize);
  }
  return totals;
}

}  // namespace ballast::tool
