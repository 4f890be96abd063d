// The initialisers that give a matrix its form: identity, delta function, orthogonal, sparse.
#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstring>

#include "ballast/autograd/grad_mode.h"
#include "ballast/core/error.h"
#include "ballast/nn/init.h"
#include "ballast/ops/linalg.h"
#include "ballast/ops/random.h"

namespace ballast::nn::init {

Tensor eye_(const Tensor& tensor) {
  check<ValueError>(tensor.dim() == 2, "Only tensors with 2 dimensions are supported");
  const NoGradGuard no_grad;
  tensor.zero_();
  tensor.diagonal().fill_(1);
  return tensor;
}

Tensor dirac_(const Tensor& tensor, std::int64_t groups) {
  check<ValueError>(tensor.dim() >= 3 && tensor.dim() <= 5,
                    "Only tensors with 3, 4, or 5 dimensions are supported");
  check<ValueError>(groups > 0, "groups must be positive, but got {}", groups);
  check<ValueError>(tensor.size(0) % groups == 0, "dim 0 must be divisible by groups");
  const NoGradGuard no_grad;
  tensor.zero_();
  const std::int64_t out_per_group = tensor.size(0) / groups;
  const std::int64_t channels = std::min(out_per_group, tensor.size(1));
  if (tensor.numel() == 0) return tensor;
  Tensor centre = tensor;
  while (centre.dim() > 2) centre = centre.select(2, centre.size(2) / 2);
  for (std::int64_t g = 0; g < groups; ++g) {
    centre.narrow(0, g * out_per_group, channels).diagonal().fill_(1);
  }
  return tensor;
}

Tensor orthogonal_(const Tensor& tensor, double gain, const std::optional<Generator>& generator) {
  check<ValueError>(tensor.dim() >= 2, "Only tensors with 2 or more dimensions are supported");
  if (tensor.numel() == 0 || tensor.is_meta()) return tensor;
  const NoGradGuard no_grad;
  const std::int64_t rows = tensor.size(0), cols = tensor.numel() / rows;
  Tensor normal = empty({rows, cols}, tensor.options());
  normal.normal_(0, 1, generator);
  if (rows < cols) normal = normal.t();
  auto [q, r] = linalg_qr(normal);
  q.mul_(r.diagonal().sign());
  if (rows < cols) q = q.t();
  tensor.copy_(q.reshape(tensor.sizes()));
  tensor.mul_(gain);
  return tensor;
}

Tensor sparse_(const Tensor& tensor, double sparsity, double std, const std::optional<Generator>& generator) {
  check<ValueError>(tensor.dim() == 2, "Only tensors with 2 dimensions are supported");
  if (tensor.is_meta()) return tensor;
  const NoGradGuard no_grad;
  tensor.normal_(0, std, generator);
  const std::int64_t rows = tensor.size(0), cols = tensor.size(1);
  check<ValueError>(!std::isnan(sparsity), "cannot convert float NaN to integer: the sparsity is NaN");
  const double all = static_cast<double>(rows);
  // As in Python's row_indices[:n], a negative n counts from the end.
  auto zeros = static_cast<std::int64_t>(std::clamp(std::ceil(sparsity * all), -all, all));
  if (zeros < 0) zeros += rows;
  auto* const base = static_cast<std::byte*>(tensor.data_ptr());
  const auto width = static_cast<std::size_t>(tensor.itemsize());
  const auto on_cpu = TensorOptions(kInt64).device(Device(kCPU));
  for (std::int64_t c = 0; c < cols; ++c) {
    const Tensor order = randperm(rows, on_cpu);
    const auto* const row = order.data_ptr<std::int64_t>();
    for (std::int64_t i = 0; i < zeros; ++i) {
      // Every type's zero is all bits zero.
      std::memset(base + (row[i] * tensor.stride(0) + c * tensor.stride(1)) * tensor.itemsize(), 0, width);
    }
  }
  return tensor;
}

}  // namespace ballast::nn::init
