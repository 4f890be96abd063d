#include <algorithm>
#include <span>
#include <unordered_map>
#include <utility>
#include <vector>

#include "ballast/core/saturating_add.h"
#include "ballast/inspect/tensor_listing.h"

namespace ballast::inspect {
namespace {

constexpr std::uint64_t kMostRuns = std::uint64_t{1} << 20;

/// The bytes of a storage that one tensor shows: runs of equal length, one for each combination of steps.
struct Part {
  struct Step {
    std::uint64_t bytes, times;
  };

  std::uint64_t begin = 0;
  std::uint64_t length = 0;  ///< of a run
  std::uint64_t end = 0;     ///< of the last run
  std::uint64_t runs = 1;
  bool apart = true;          ///< no run lies over another
  std::vector<Step> steps{};  ///< the shortest first

  [[nodiscard]] std::uint64_t distinct_at_most() const { return apart ? length * runs : end - begin; }
};

Part part_of(const TensorRow& row) {
  const Tensor& t = row.value().tensor;
  const auto itemsize = static_cast<std::uint64_t>(t.itemsize());
  Part part;
  part.begin = part.end = static_cast<std::uint64_t>(t.storage_offset()) * itemsize;
  if (t.numel() == 0) return part;
  if (t.is_contiguous()) {
    part.length = row.bytes;
    part.end += part.length;
    return part;
  }
  part.length = itemsize;
  for (std::size_t d = 0; d < t.sizes().size(); ++d) {
    const auto times = static_cast<std::uint64_t>(t.sizes()[d]);
    const auto bytes = static_cast<std::uint64_t>(t.strides()[d]) * itemsize;
    if (times > 1 && bytes > 0) part.steps.push_back({bytes, times});
  }
  std::ranges::sort(part.steps, {}, &Part::Step::bytes);
  // What touches what came before only makes the run longer.
  auto step = part.steps.begin();
  for (; step != part.steps.end() && step->bytes <= part.length; ++step) {
    part.length += (step->times - 1) * step->bytes;
  }
  part.steps.erase(part.steps.begin(), step);
  std::uint64_t extent = part.length;
  for (const Part::Step& s : part.steps) {
    part.apart = part.apart && s.bytes >= extent;
    extent += (s.times - 1) * s.bytes;
    part.runs = s.times > ~std::uint64_t{0} / part.runs ? ~std::uint64_t{0} : part.runs * s.times;
  }
  part.end = part.begin + extent;
  return part;
}

using Run = std::pair<std::uint64_t, std::uint64_t>;  // from its first byte to behind its last

void add_runs(const Part& part, std::vector<Run>& runs) {
  const std::size_t first = runs.size();
  runs.emplace_back(part.begin, part.begin + part.length);
  for (const Part::Step& s : part.steps) {
    const std::size_t last = runs.size();
    for (std::uint64_t k = 1; k < s.times; ++k) {
      for (std::size_t i = first; i < last; ++i)
        runs.emplace_back(runs[i].first + k * s.bytes, runs[i].second + k * s.bytes);
    }
  }
}

std::uint64_t covered_by(std::vector<Run>& runs) {
  std::ranges::sort(runs);
  std::uint64_t covered = 0, reached = 0;
  for (const auto& [begin, end] : runs) {
    if (end > reached) covered += end - std::max(begin, reached);
    reached = std::max(reached, end);
  }
  return covered;
}

/// Bytes of one storage that any of the parts shows. Of parts in too many pieces, the most it can be: what they span
/// together, or the sum of what they show.
std::uint64_t distinct_bytes(std::span<const Part> parts, std::uint64_t& runs_left) {
  if (parts.size() == 1 && parts.front().apart) return parts.front().distinct_at_most();
  std::uint64_t wanted = 0, sum = 0;
  for (const Part& p : parts) {
    wanted = saturating_add(wanted, p.runs);
    sum = saturating_add(sum, p.distinct_at_most());
  }
  const bool piecewise = wanted <= runs_left;
  if (piecewise) runs_left -= wanted;
  std::vector<Run> runs;
  for (const Part& p : parts) {
    if (piecewise) {
      add_runs(p, runs);
    } else {
      runs.emplace_back(p.begin, p.end);
    }
  }
  return std::min(covered_by(runs), sum);
}

}  // namespace

TensorTotals totals_of(const std::vector<TensorRow>& rows) {
  struct Shared {
    std::vector<Part> parts;
    std::uint64_t itemsize = 1;
  };
  TensorTotals totals;
  std::unordered_map<std::size_t, Shared> shared;  // storages that several rows show
  std::uint64_t runs_left = kMostRuns;
  const auto add_unique = [&](std::uint64_t bytes, std::uint64_t itemsize) {
    totals.bytes_unique = saturating_add(totals.bytes_unique, bytes);
    totals.parameters_unique = saturating_add(totals.parameters_unique, bytes / itemsize);
  };
  for (const TensorRow& row : rows) {
    totals.tensors += 1;
    totals.parameters = saturating_add(totals.parameters, row.parameters);
    totals.bytes = saturating_add(totals.bytes, row.bytes);
    if (row.tensor->storage == checkpoint::NamedTensor::kNoStorage) {
      totals.parameters_unique = saturating_add(totals.parameters_unique, row.parameters);
      totals.bytes_unique = saturating_add(totals.bytes_unique, row.bytes);
      continue;
    }
    const auto itemsize = static_cast<std::uint64_t>(row.value().tensor.itemsize());
    if (row.group == TensorRow::kAlone) {
      const Part part = part_of(row);
      add_unique(distinct_bytes({&part, 1}, runs_left), itemsize);
    } else {
      Shared& s = shared[row.tensor->storage];
      s.parts.push_back(part_of(row));
      s.itemsize = std::max(s.itemsize, itemsize);
    }
  }
  for (const auto& [storage, s] : shared) add_unique(distinct_bytes(s.parts, runs_left), s.itemsize);
  return totals;
}

}  // namespace ballast::inspect
