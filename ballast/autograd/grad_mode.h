// Whether operations on this thread are recorded for gradients, and whether leaves that require grad are guarded against
// writing in place.
//
//   {
//     NoGradGuard no_grad;
//     weight.fill_(0.5);        // a parameter, written without a record
//   }
//
// The mode belongs to the thread; it is on when a thread starts.
#pragma once

#include <utility>

#include "ballast/core/inference_mode.h"

namespace ballast {

namespace detail {
inline thread_local constinit bool grad_mode = true;
}  // namespace detail

struct GradMode {
  [[nodiscard]] static bool is_enabled() noexcept { return detail::grad_mode; }
  static void set_enabled(bool on) noexcept { detail::grad_mode = on; }
};

/// Sets the mode for a scope and puts the old one back at its end.
class AutoGradMode {
 public:
  explicit AutoGradMode(bool on) noexcept : before_(GradMode::is_enabled()) { GradMode::set_enabled(on); }
  ~AutoGradMode() { GradMode::set_enabled(before_); }
  AutoGradMode(const AutoGradMode&) = delete;
  AutoGradMode& operator=(const AutoGradMode&) = delete;

 private:
  bool before_;
};

/// Turns the mode off for a scope.
class NoGradGuard : public AutoGradMode {
 public:
  NoGradGuard() noexcept : AutoGradMode(false) {}
};

/// Turns recording off for a scope in which nothing will ever be differentiated; with `false`, on again inside such a scope.
/// Tensors made in it are inference tensors: they count no changes, and outside of it cannot be written in place, be saved for
/// a backward pass or be made to require grad, unless cloned. Views of other tensors stay what those are.
class InferenceMode : public AutoGradMode {
 public:
  explicit InferenceMode(bool on = true) noexcept
      : AutoGradMode(!on), before_(std::exchange(detail::inference_mode, on)) {}
  ~InferenceMode() { detail::inference_mode = before_; }
  InferenceMode(const InferenceMode&) = delete;
  InferenceMode& operator=(const InferenceMode&) = delete;
  [[nodiscard]] static bool is_enabled() noexcept { return detail::inference_mode; }

 private:
  bool before_;
};

/// Whether operations on what requires grad are recorded: the mode is on, and it is not InferenceMode.
[[nodiscard]] inline bool is_recording() noexcept {
  return GradMode::is_enabled() && !InferenceMode::is_enabled();
}

}  // namespace ballast
