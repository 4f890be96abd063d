#include "ballast/nn/element_runs.h"

#include <algorithm>
#include <tuple>

#include "ballast/core/shape.h"

namespace ballast::nn {

namespace {

struct Step {
  std::int64_t stride, times;
};

/// The dimensions that move, the shortest stride first.
std::vector<Step> steps_of(const Tensor& t) {
  std::vector<Step> steps;
  for (std::int64_t d = 0; d < t.dim(); ++d) {
    if (t.size(d) > 1 && t.stride(d) != 0) steps.push_back({t.stride(d), t.size(d)});
  }
  std::ranges::sort(steps, {}, &Step::stride);
  return steps;
}

}  // namespace

bool append_runs(const Tensor& t, std::size_t view, std::size_t most, std::vector<ElementRun>& runs) {
  if (t.numel() == 0) return true;
  const std::vector<Step> steps = steps_of(t);
  // What touches what came before only makes the run longer.
  std::int64_t length = 1;
  auto step = steps.begin();
  for (; step != steps.end() && step->stride <= length; ++step) length += (step->times - 1) * step->stride;
  std::int64_t count = 1;
  for (auto s = step; s != steps.end(); ++s) count = checked_mul(count, s->times).value_or(INT64_MAX);
  if (static_cast<std::uint64_t>(count) > most) return false;

  const std::size_t first = runs.size();
  runs.push_back({t.storage_offset(), t.storage_offset() + length, view});
  for (; step != steps.end(); ++step) {
    const std::size_t last = runs.size();
    for (std::int64_t k = 1; k < step->times; ++k) {
      const std::int64_t by = k * step->stride;
      for (std::size_t i = first; i < last; ++i) runs.push_back({runs[i].begin + by, runs[i].end + by, view});
    }
  }
  return true;
}

std::int64_t count_elements(std::vector<ElementRun>& runs) {
  std::ranges::sort(runs, {}, &ElementRun::begin);
  std::int64_t covered = 0;
  std::int64_t reached = 0;
  for (const ElementRun& run : runs) {
    if (run.end > reached) covered += run.end - std::max(run.begin, reached);
    reached = std::max(reached, run.end);
  }
  return covered;
}

}  // namespace ballast::nn
