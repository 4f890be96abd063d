// What changed between two checkpoints: which names came, went, moved, and how far the numbers did.
//
//   const auto a = ballast::load("epoch1.pth").state_dict(), b = ballast::load("epoch2.pth").state_dict();
//   const inspect::Comparison c = inspect::compare(a, b, {.rtol = 1e-5, .atol = 1e-8});
//   if (c.is_close()) return;
//   for (const auto& name : c.removed) fmt::print("- {}\n", name);
//   for (const auto& d : c.pairs) fmt::print("{}: moved by {:.3g} of its size\n", d.name, d.relative);   // most moved first
//
// Both are read once, side by side, in pieces and on all threads; neither is copied. A pair of tensors is compared by its
// numbers, in double, whatever types hold them; complex ones by their parts. Sums are made as those of statistics() are: the
// same bits on every CPU and with any number of threads.
#pragma once

#include <cstdint>
#include <limits>
#include <string>
#include <vector>

#include "ballast/core/state_dict.h"
#include "ballast/inspect/progress.h"

namespace ballast::inspect {

struct CompareOptions {
  /// Values are close if |a - b| <= atol + rtol |b|, or both are the same infinity: numpy.allclose's rule. With both 0 (the
  /// default), if they are equal.
  double rtol = 0, atol = 0;
  /// Whether NaN equals NaN.
  bool equal_nan = false;
  /// Looks for names that are missing on one side among those that are new on the other, by content.
  bool find_renamed = true;
  Progress progress = {};
  /// As in StatisticsOptions: for mappings that nobody has written to.
  bool release_pages = false;
};

/// How two tensors of one shape differ. Sums and the largest difference are over pairs of finite numbers.
struct Difference {
  std::string name;
  DType a_dtype = kFloat32, b_dtype = kFloat32;  ///< of the numbers
  std::int64_t count = 0;    ///< pairs of values: of elements, or of parts of complex ones
  std::int64_t changed = 0;  ///< pairs that are not equal (-0 equals 0)
  std::int64_t outside = 0;  ///< pairs that are not close
  /// Pairs that are not equal because at least one is a NaN or an infinity. They are among `changed` and `outside`.
  std::int64_t not_finite = 0;
  double max_abs = 0;          ///< largest |a - b|; infinite if `not_finite`
  double rms = 0;              ///< root of the mean of (a - b)^2
  double a_norm = 0;           ///< |a|: root of the sum of squares
  double difference_norm = 0;  ///< |a - b|
  /// |a - b| / |a|, norms of the whole tensors: 0 if both are 0, infinite if only |a| is.
  double relative = 0;
  /// a . b / (|a| |b|): 1 for the same direction, 0 if exactly one is all zeros, 1 if both are.
  double cosine = 1;

  [[nodiscard]] bool is_equal() const noexcept { return changed == 0; }
  [[nodiscard]] bool is_close() const noexcept { return outside == 0; }
  /// Share of pairs that are not equal.
  [[nodiscard]] double changed_share() const noexcept {
    return count == 0 ? 0 : static_cast<double>(changed) / static_cast<double>(count);
  }
};

/// The tensor `from` of a stands in b as `to`: the same shape, type and bits.
struct Renamed {
  std::string from, to;
  friend bool operator==(const Renamed&, const Renamed&) = default;
};

/// Tensors of one name that cannot be compared value by value: shapes differ, or one is complex and the other is not.
struct Reshaped {
  std::string name;
  std::vector<std::int64_t> a_sizes, b_sizes;
  std::string a_dtype, b_dtype;  ///< "float32"; of files also "q4_0", "float32 sparse_coo"
  bool same_elements = false;    ///< the same bits, in row-major order
};

/// Another type under the same name. Its numbers are among `pairs`.
struct Retyped {
  std::string name;
  std::string a_dtype, b_dtype;  ///< as those of Reshaped
};

/// Tensors of one name and shape that differ, and whose numbers cannot be had (checkpoint_numbers.h says when).
struct Unread {
  std::string name, reason;
};

struct Comparison {
  std::vector<std::string> added;    ///< only in b, in its order
  std::vector<std::string> removed;  ///< only in a, in its order
  std::vector<Renamed> renamed;      ///< in neither of the two above
  std::vector<Reshaped> reshaped;
  std::vector<Retyped> retyped;
  std::vector<Unread> unread;
  /// All tensors of one name and shape, those that moved most first: by `not_finite`, then `relative`, then `max_abs`; equal ones
  /// last, in the order of a.
  std::vector<Difference> pairs;

  /// The same names, shapes and types, and every pair equal.
  [[nodiscard]] bool is_equal() const noexcept;
  /// The same names and shapes, and every pair close. Types may differ.
  [[nodiscard]] bool is_close() const noexcept;
};

/// Error for undefined tensors, DeviceError for tensors on meta; ValueError for a tolerance that is negative or NaN.
[[nodiscard]] Comparison compare(const StateDict& a, const StateDict& b, const CompareOptions& options = {});

/// Of two tensors of one shape, both complex or both not; else ShapeError or DTypeError.
[[nodiscard]] Difference compare(const Tensor& a, const Tensor& b, const CompareOptions& options = {});

}  // namespace ballast::inspect
