// What a new tensor should be: element type, device, whether it asks for gradients.
//
//   zeros({2, 3}, kFloat64);
//   zeros({2, 3}, TensorOptions().dtype(kFloat64).requires_grad(true));
#pragma once

#include <optional>

#include "ballast/core/device.h"
#include "ballast/core/dtype.h"

namespace ballast {

class TensorOptions {
 public:
  TensorOptions() = default;
  TensorOptions(DType dtype) : dtype_(dtype) {}          // NOLINT(*-explicit-*)
  TensorOptions(Device device) : device_(device) {}      // NOLINT(*-explicit-*)
  TensorOptions(DeviceType device) : device_(device) {}  // NOLINT(*-explicit-*)

  [[nodiscard]] TensorOptions dtype(std::optional<DType> d) const {
    TensorOptions out = *this;
    out.dtype_ = d;
    return out;
  }
  [[nodiscard]] TensorOptions device(std::optional<Device> d) const {
    TensorOptions out = *this;
    out.device_ = d;
    return out;
  }
  [[nodiscard]] TensorOptions requires_grad(bool on) const {
    TensorOptions out = *this;
    out.requires_grad_ = on;
    return out;
  }

  [[nodiscard]] bool has_dtype() const noexcept { return dtype_.has_value(); }
  [[nodiscard]] bool has_device() const noexcept { return device_.has_value(); }
  /// The type asked for, else the default one.
  [[nodiscard]] DType dtype() const { return dtype_.value_or(get_default_dtype()); }
  [[nodiscard]] DType dtype_or(DType otherwise) const { return dtype_.value_or(otherwise); }
  [[nodiscard]] Device device() const { return device_.value_or(get_default_device()); }
  [[nodiscard]] bool requires_grad() const noexcept { return requires_grad_; }

 private:
  std::optional<DType> dtype_;
  std::optional<Device> device_;
  bool requires_grad_ = false;
};

[[nodiscard]] inline TensorOptions dtype(DType d) { return TensorOptions(d); }
[[nodiscard]] inline TensorOptions device(Device d) { return TensorOptions(d); }
[[nodiscard]] inline TensorOptions requires_grad(bool on = true) { return TensorOptions().requires_grad(on); }

}  // namespace ballast
