#include "ballast/checkpoint/dequantize.h"

#include <vector>

#include "ballast/checkpoint/formats/gguf_types.h"
#include "ballast/core/error.h"
#include "ballast/core/shape.h"

namespace ballast::checkpoint {
namespace {

using Quantized = TensorValue::Quantized;

Tensor as_float(const Tensor& t) {
  Tensor out = empty(t.sizes(), TensorOptions(kFloat32));
  copy_elements(out, t);
  return out;
}

/// The numbers of one channel are its integers less the zero point, times the scale.
struct Channels {
  std::vector<float> scales;
  std::vector<double> zero_points;
  std::int64_t inner;  ///< elements of a channel that stand side by side
};

Channels channels_of(const TensorValue& v) {
  const Quantized& q = *v.quantized;
  if (!q.scales.defined()) {
    return {{static_cast<float>(q.scale)}, {static_cast<double>(q.zero_point)}, v.tensor.numel()};
  }
  Channels c;
  const Tensor scales = as_float(q.scales);
  const auto* s = static_cast<const float*>(scales.data_ptr());
  c.scales.assign(s, s + scales.numel());
  Tensor zeros = empty(q.zero_points.sizes(), TensorOptions(kFloat64));
  copy_elements(zeros, q.zero_points);
  const auto* z = static_cast<const double*>(zeros.data_ptr());
  c.zero_points.assign(z, z + zeros.numel());
  c.inner = numel_of(v.tensor.sizes().slice(static_cast<std::size_t>(q.axis) + 1));
  return c;
}

Tensor dequantize_integers(const TensorValue& v) {
  const Channels c = channels_of(v);
  // qint32 needs more than a float's digits until the zero point is off.
  Tensor wide = empty(v.tensor.sizes(), TensorOptions(kFloat64));
  copy_elements(wide, v.tensor);
  Tensor out = empty(v.tensor.sizes(), TensorOptions(kFloat32));
  const auto* from = static_cast<const double*>(wide.data_ptr());
  auto* to = static_cast<float*>(out.data_ptr());
  std::int64_t in_run = 0;
  std::size_t channel = 0;
  for (std::int64_t i = 0; i < out.numel(); ++i) {
    to[i] = static_cast<float>(from[i] - c.zero_points[channel]) * c.scales[channel];
    if (++in_run < c.inner) continue;
    in_run = 0;
    if (++channel == c.scales.size()) channel = 0;
  }
  return out;
}

Tensor dequantize_blocks(const TensorValue& v, const GgmlType& type) {
  Tensor blocks = v.tensor;
  if (!blocks.is_contiguous()) {
    blocks = empty(v.tensor.sizes(), TensorOptions(kUInt8));
    copy_elements(blocks, v.tensor);
  }
  Tensor out = empty(v.sizes(), TensorOptions(kFloat32));
  floats_of_blocks(type, static_cast<const std::byte*>(blocks.data_ptr()),
                   static_cast<std::uint64_t>(blocks.nbytes()) / type.block_bytes,
                   static_cast<float*>(out.data_ptr()));
  return out;
}

const GgmlType* blocks_of(const TensorValue& v) {
  return v.quantized->scheme == kGgmlBlocks ? ggml_type(v.quantized->dtype) : nullptr;
}

}  // namespace

bool can_dequantize(const TensorValue& v) {
  if (v.layout != Layout::kQuantized || v.tensor.is_meta()) return false;
  if (v.quantized->scheme != kGgmlBlocks) return true;
  const GgmlType* const type = blocks_of(v);
  return type != nullptr && type->to_floats != nullptr;
}

Tensor dequantize(const TensorValue& v) {
  check<ValueError>(
      can_dequantize(v),
      "dequantize expected a quantised tensor in memory whose type is known, but got one of {}{}", v.dtype(),
      v.tensor.defined() && v.tensor.is_meta() ? " on meta" : "");
  const GgmlType* const type = blocks_of(v);
  return type != nullptr ? dequantize_blocks(v, *type) : dequantize_integers(v);
}

}  // namespace ballast::checkpoint
