// Finding the operation whose gradient failed, or gave NaN.
//
//   autograd::DetectAnomalyGuard guard;
//   loss.backward();        // Error "Function 'LogBackward0' returned nan values in its 0th output." ...
#pragma once

#include <utility>

namespace ballast::autograd {

/// For the whole process.
struct AnomalyMode {
  [[nodiscard]] static bool is_enabled() noexcept;
  /// Whether gradients are looked at for NaN.
  [[nodiscard]] static bool should_check_nan() noexcept;
  static void set_enabled(bool on, bool check_nan = true) noexcept;
};

/// Turns the mode on for a scope.
class DetectAnomalyGuard {
 public:
  explicit DetectAnomalyGuard(bool check_nan = true) noexcept
      : on_(AnomalyMode::is_enabled()), check_nan_(AnomalyMode::should_check_nan()) {
    AnomalyMode::set_enabled(true, check_nan);
  }
  ~DetectAnomalyGuard() { AnomalyMode::set_enabled(on_, check_nan_); }
  DetectAnomalyGuard(const DetectAnomalyGuard&) = delete;
  DetectAnomalyGuard& operator=(const DetectAnomalyGuard&) = delete;

 private:
  bool on_, check_nan_;
};

}  // namespace ballast::autograd
