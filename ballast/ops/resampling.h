// Linear maps along single dimensions: each element of the result is a weighted sum of a few elements of
// the input along that
// dimension. Average pooling, interpolation and most kinds of padding are such maps, one for each
// dimension. Not installed.
//
//   Taps taps(4);                       // of an input of 4 elements
//   taps.begin_output(); taps.add(0, 0.5); taps.add(1, 0.5);
//   resample("AvgPool1DBackward0", x, {{2, taps}});
#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "ballast/core/tensor.h"

namespace ballast::detail {

/// Which elements of the input make each element of the result along one dimension.
class Taps {
 public:
  explicit Taps(std::int64_t inputs) : inputs_(inputs) {}
  void begin_output() { first_.push_back(static_cast<std::int64_t>(entries_.size())); }
  void add(std::int64_t input, double weight) { entries_.push_back({input, weight}); }

  struct Entry {
    std::int64_t input;
    double weight;
  };
  [[nodiscard]] std::int64_t inputs() const { return inputs_; }
  [[nodiscard]] std::int64_t outputs() const { return static_cast<std::int64_t>(first_.size()); }
  [[nodiscard]] const Entry* begin(std::int64_t o) const {
    return entries_.data() + first_[static_cast<std::size_t>(o)];
  }
  [[nodiscard]] const Entry* end(std::int64_t o) const {
    return o + 1 == outputs() ? entries_.data() + entries_.size() : begin(o + 1);
  }

 private:
  std::int64_t inputs_;
  std::vector<std::int64_t> first_;
  std::vector<Entry> entries_;
};

struct DimTaps {
  std::size_t dim;
  Taps taps;
};

/// The maps applied one after the other. Recorded as `name`. float32, float64; float16 and bfloat16 in
/// float32.
[[nodiscard]] Tensor resample(const char* name, const Tensor& x, std::vector<DimTaps> dims);

}  // namespace ballast::detail
