#include "ballast/nn/containers/python_index.h"

#include <algorithm>

#include "ballast/core/error.h"

namespace ballast::nn {

std::size_t python_index(std::int64_t index, std::size_t size) {
  const auto n = static_cast<std::int64_t>(size);
  check<IndexError>(index >= -n && index < n, "index {} is out of range", index);
  return static_cast<std::size_t>(index < 0 ? index + n : index);
}

std::size_t python_insert_index(std::int64_t index, std::size_t size) {
  const auto n = static_cast<std::int64_t>(size);
  check<IndexError>(index >= -n && index <= n, "Index out of range: {}", index);
  return static_cast<std::size_t>(index < 0 ? index + n : index);
}

std::vector<std::size_t> python_slice(SliceBound start, SliceBound stop, std::int64_t step,
                                      std::size_t size) {
  check<ValueError>(step != 0, "slice step cannot be zero");
  const auto n = static_cast<std::int64_t>(size);
  const std::int64_t lowest = step > 0 ? 0 : -1;
  const std::int64_t highest = step > 0 ? n : n - 1;
  const auto bound = [&](std::int64_t i) {
    if (i < 0) i = i < -n ? lowest : i + n;
    return std::clamp(i, lowest, highest);
  };
  std::int64_t at = start ? bound(*start) : (step > 0 ? lowest : highest);
  const std::int64_t end = stop ? bound(*stop) : (step > 0 ? highest : lowest);
  std::vector<std::size_t> out;
  while (step > 0 ? at < end : at > end) {
    out.push_back(static_cast<std::size_t>(at));
    // Compared before adding: a huge step would overflow.
    if (step > 0 ? step >= end - at : step <= end - at) break;
    at += step;
  }
  return out;
}

}  // namespace ballast::nn
