#include <algorithm>
#include <cstring>
#include <limits>

#include "ballast/checkpoint/value.h"

namespace ballast::checkpoint {
namespace {

std::int64_t bytes_of(const Tensor& t) {
  return checked_mul(t.numel(), t.itemsize()).value_or(std::numeric_limits<std::int64_t>::max());
}

/// Flips the signs of the imaginary parts (conjugation) and of everything (negation): exact for every bit pattern.
void flip_signs(std::byte* data, std::int64_t elements, std::int64_t part_size, bool complex, bool conj,
                bool neg) {
  const std::int64_t parts = complex ? 2 : 1;
  for (std::int64_t e = 0; e < elements; ++e) {
    for (std::int64_t p = 0; p < parts; ++p) {
      const bool flip = neg != (conj && p == 1);
      if (flip)
        data[(e * parts + p + 1) * part_size - 1] ^= std::byte{0x80};  // little-endian: the sign comes last
    }
  }
}

}  // namespace

std::string_view TensorValue::dtype() const {
  if (quantized) return quantized->dtype;
  return dtype_name(sparse ? sparse->values.dtype() : tensor.dtype());
}

std::int64_t TensorValue::nbytes() const {
  if (!sparse) return bytes_of(tensor);
  std::int64_t sum = 0;
  for (const Tensor* t : {&sparse->indices, &sparse->compressed, &sparse->plain, &sparse->values}) {
    if (t->defined()) sum = checked_add(sum, bytes_of(*t)).value_or(std::numeric_limits<std::int64_t>::max());
  }
  return sum;
}

bool TensorValue::repeats_without_measure() const {
  constexpr std::int64_t kMuch = std::int64_t{1} << 30;
  const Tensor& t = sparse ? sparse->values : tensor;
  if (!t.defined() || t.is_meta()) return false;
  return bytes_of(t) > kMuch && bytes_of(t) / 64 > static_cast<std::int64_t>(t.storage().nbytes());
}

Tensor TensorValue::resolved() const {
  if (!tensor.defined() || tensor.is_meta() || (!conj && !neg)) return tensor;
  check<DTypeError>(tensor.is_floating_point() || tensor.is_complex(),
                    "a tensor of type {} cannot stand for its negative", dtype_name(tensor.dtype()));
  const std::int64_t extent = storage_extent(tensor.sizes(), tensor.strides(), 0).value_or(0);
  const std::int64_t size = tensor.itemsize();
  const Storage copy = Storage::allocate(static_cast<std::size_t>(extent * size));
  if (extent > 0)
    std::memcpy(copy.mutable_data(), tensor.data_ptr(), static_cast<std::size_t>(extent * size));
  const bool complex = tensor.is_complex();
  flip_signs(copy.mutable_data(), extent, complex ? size / 2 : size, complex, conj, neg);
  Tensor out = tensor_on(copy, tensor.dtype(), tensor.sizes(), tensor.strides(), 0);
  if (parameter) return Parameter(out, requires_grad);
  if (requires_grad) out.requires_grad_();
  return out;
}

}  // namespace ballast::checkpoint
