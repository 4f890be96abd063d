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

namespace ballast {

struct GradMode {
  [[nodiscard]] static bool is_enabled() noexcept;
  static void set_enabled(bool on) noexcept;
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

}  // namespace ballast
