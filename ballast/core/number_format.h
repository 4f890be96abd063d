// How the real numbers of one tensor are written: one notation and one width for all that are shown.
//
//   NumberFormat f(options);
//   for (double v : shown) f.see(v);         // chooses between 1., 1.5000 and 1.5000e+00
//   for (double v : shown) f.measure(v);     // finds the width
//   for (double v : shown) f.append(out, v); // right-aligned
//
// Only finite numbers other than zero count for notation and width; zeros, inf and nan are padded to it or
// exceed it. Used by print.h; programs have no need of it.
#pragma once

#include <string>

#include "ballast/core/print.h"

namespace ballast::detail {

class NumberFormat {
 public:
  explicit NumberFormat(const PrintOptions& options) : options_(options) {}

  /// Takes a number into account for the notation.
  void see(double value) noexcept;
  /// Lets a NaN count as if it were finite: nothing is then small, large or whole.
  void count_nan() noexcept;
  /// Takes a number into account for the width. All numbers must have been seen.
  void measure(double value);
  [[nodiscard]] std::size_t width() const noexcept { return width_; }
  /// Writes a number behind `out`, padded on the left to the width.
  void append(std::string& out, double value) const;

 private:
  [[nodiscard]] bool scientific() const noexcept;
  void append_bare(std::string& out, double value) const;

  PrintOptions options_;
  bool any_ = false;
  bool all_whole_ = true;
  double least_ = 0;  // of the absolute values
  double greatest_ = 0;
  std::size_t width_ = 1;
};

}  // namespace ballast::detail
