// Where a tensor's bytes are: `cpu`, or `meta`, where a tensor has a shape and no memory.
//
//   DefaultDeviceGuard on_meta(kMeta);      // every tensor and layer made in this scope is meta
//   nn::Linear huge(1'000'000, 1'000'000);  // costs a few hundred bytes
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace ballast {

enum class DeviceType : std::int8_t { kCPU, kMeta };

struct Device {
  DeviceType type = DeviceType::kCPU;
  std::int16_t index = -1;  ///< -1: the only one

  constexpr Device() = default;
  constexpr Device(DeviceType t, std::int16_t i = -1) : type(t), index(i) {}  // NOLINT(*-explicit-*)
  /// From "cpu", "cpu:0" or "meta"; anything else throws ValueError.
  Device(std::string_view text);                                // NOLINT(*-explicit-*)
  Device(const char* text) : Device(std::string_view(text)) {}  // NOLINT(*-explicit-*)

  [[nodiscard]] constexpr bool is_cpu() const { return type == DeviceType::kCPU; }
  [[nodiscard]] constexpr bool is_meta() const { return type == DeviceType::kMeta; }
  [[nodiscard]] constexpr bool is_cuda() const { return false; }
  [[nodiscard]] std::string str() const;  ///< "cpu", "cpu:0", "meta"
  friend constexpr bool operator==(const Device& a, const Device& b) = default;
};

inline constexpr DeviceType kCPU = DeviceType::kCPU;
inline constexpr DeviceType kMeta = DeviceType::kMeta;

/// The device that factories use when none is named; this thread's, cpu at first.
[[nodiscard]] Device get_default_device() noexcept;

/// Sets this thread's default device for a scope.
class DefaultDeviceGuard {
 public:
  explicit DefaultDeviceGuard(Device device) noexcept;
  ~DefaultDeviceGuard();
  DefaultDeviceGuard(const DefaultDeviceGuard&) = delete;
  DefaultDeviceGuard& operator=(const DefaultDeviceGuard&) = delete;

 private:
  Device before_;
};

}  // namespace ballast
