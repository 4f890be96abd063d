#include "ballast/nn/utils/parameters_to_vector.h"

#include <algorithm>

#include "ballast/core/error.h"
#include "ballast/core/shape.h"

namespace ballast::nn::utils {

namespace {

void check_device(const Tensor& p, Device device) {
  check<DeviceError>(p.device() == device,
                     "Found two parameters on different devices, this is currently not supported.");
}

/// The `n` elements of a vector from `at` on, under the shape of `like`.
Tensor part(const Tensor& vec, std::int64_t at, const Tensor& like) {
  Dims strides = contiguous_strides(like.sizes());
  for (std::int64_t& s : strides) s *= vec.stride(0);
  return vec.alias(like.sizes(), strides, vec.storage_offset() + at * vec.stride(0));
}

}  // namespace

Tensor parameters_to_vector(const std::vector<Tensor>& parameters) {
  check<ValueError>(!parameters.empty(), "parameters_to_vector needs at least one parameter");
  const Device device = parameters.front().device();
  DType dtype = parameters.front().dtype();
  std::int64_t total = 0;
  for (const Tensor& p : parameters) {
    check_device(p, device);
    dtype = promote_types(dtype, p.dtype());
    const auto sum = checked_add(total, p.numel());
    check<ShapeError>(sum.has_value(), "the parameters have more than 2^63 - 1 elements");
    total = *sum;
  }
  Tensor out = empty({total}, TensorOptions(dtype).device(device));
  std::int64_t at = 0;
  for (const Tensor& p : parameters) {
    if (!out.is_meta()) copy_elements(part(out, at, p), p);
    at += p.numel();
  }
  return out;
}

void vector_to_parameters(const Tensor& vec, const std::vector<Tensor>& parameters) {
  check<ShapeError>(vec.dim() == 1, "vector_to_parameters expects a tensor of one dimension, got shape {}",
                    shape_text(vec.sizes()));
  if (parameters.empty()) return;
  const Device device = parameters.front().device();
  std::int64_t at = 0;
  for (const Tensor& p : parameters) {
    check_device(p, device);
    check<DTypeError>(!p.requires_grad() || vec.is_floating_point() || vec.is_complex(),
                      "data set to a tensor that requires gradients must be floating point or complex dtype");
    const std::int64_t left = vec.numel() - at;
    check<ShapeError>(p.numel() <= left, "shape '{}' is invalid for input of size {}", shape_text(p.sizes()),
                      std::max<std::int64_t>(left, 0));
    at += p.numel();
  }
  at = 0;
  for (const Tensor& p : parameters) {
    p.set_data(part(vec, at, p));
    at += p.numel();
  }
}

}  // namespace ballast::nn::utils
