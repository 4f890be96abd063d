#include "ballast/core/device.h"

#include <charconv>

#include "ballast/core/error.h"

namespace ballast {
namespace {
thread_local constinit Device default_device{};
}  // namespace

Device::Device(std::string_view text) {
  const auto colon = text.find(':');
  const auto name = text.substr(0, colon);
  bool good = true;
  if (name == "cpu") {
    type = DeviceType::kCPU;
  } else if (name == "meta") {
    type = DeviceType::kMeta;
  } else {
    good = false;
  }
  if (good && colon != std::string_view::npos) {
    const auto digits = text.substr(colon + 1);
    const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), index);
    good = error == std::errc() && end == digits.data() + digits.size() && index >= 0;
  }
  check<ValueError>(
      good, "Invalid device string: '{}' (expected cpu or meta, with an optional index as in cpu:0)", text);
}

std::string Device::str() const {
  std::string out = type == DeviceType::kCPU ? "cpu" : "meta";
  if (index >= 0) out += ":" + std::to_string(index);
  return out;
}

Device get_default_device() noexcept { return default_device; }

DefaultDeviceGuard::DefaultDeviceGuard(Device device) noexcept : before_(default_device) {
  default_device = device;
}
DefaultDeviceGuard::~DefaultDeviceGuard() { default_device = before_; }

}  // namespace ballast
