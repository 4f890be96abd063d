#include "ballast/autograd/anomaly_mode.h"

#include <atomic>

namespace ballast::autograd {
namespace {
std::atomic<bool> enabled{false};
std::atomic<bool> nan_checked{true};
}  // namespace

bool AnomalyMode::is_enabled() noexcept { return enabled.load(std::memory_order_relaxed); }
bool AnomalyMode::should_check_nan() noexcept { return nan_checked.load(std::memory_order_relaxed); }
void AnomalyMode::set_enabled(bool on, bool check_nan) noexcept {
  enabled.store(on, std::memory_order_relaxed);
  nan_checked.store(check_nan, std::memory_order_relaxed);
}

}  // namespace ballast::autograd
