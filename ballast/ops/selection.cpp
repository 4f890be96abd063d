#include "ballast/ops/selection.h"

#include <cmath>

#include "ballast/autograd/tape.h"
#include "ballast/core/warning.h"
#include "ballast/ops/elementwise.h"
#include "ballast/ops/factories.h"

namespace ballast {
namespace {

constexpr DTypeSet kOrdered = kIntegers | kReals;

/// Limits in the type of the elements, as f(x) for each x.
template <class T>
struct Clamp {
  static constexpr const char* kName = "clamp_scalar_cpu";
  static constexpr DTypeSet kTypes = set_of(dtype_of<T>);
  std::optional<compute_t<T>> min, max;

  auto operator()(compute_t<T> x) const {
    if (min && x < *min) x = *min;
    if (max && x > *max) x = *max;
    return x;
  }
};

bool is_nan(const std::optional<Scalar>& s) {
  return s && s->is_floating_point() && std::isnan(s->toDouble());
}

DType clamp_type(const Tensor& self, const std::optional<Scalar>& min, const std::optional<Scalar>& max) {
  const bool complex_limit = (min && min->is_complex()) || (max && max->is_complex());
  check<NotImplementedError>(!self.is_complex() && (!complex_limit || self.is_floating_point()),
                             "clamp is not supported for complex types");
  check<DTypeError>(!complex_limit, "value cannot be converted to type double without overflow");
  check<ValueError>(min || max, "torch.clamp: At least one of 'min' or 'max' must not be None");
  if (min && max) return result_type(self, *min, *max);
  return result_type(self, min ? *min : *max);
}

/// Calls f with the clamp of type `dtype`, its limits checked to fit.
template <class F>
void with_clamp(DType dtype, const std::optional<Scalar>& min, const std::optional<Scalar>& max, F f) {
  const char* const kernel = !max   ? "clamp_min_scalar_cpu"
                             : !min ? "clamp_max_scalar_cpu"
                                    : "clamp_scalar_cpu";
  visit_dtype_of<kOrdered>(dtype, kernel, [&]<class T>(std::type_identity<T>) {
    Clamp<T> op;
    if (min) op.min = static_cast<compute_t<T>>(checked_element<T>(*min));
    if (max) op.max = static_cast<compute_t<T>>(checked_element<T>(*max));
    f(op);
  });
}

/// value where the mask is true, else what is there.
template <class T>
void fill_masked(const Tensor& out, const Tensor& mask, T value) {
  StridedLoop<2>(out.sizes(), {operand(out), operand(mask)})
      .run([&](std::byte* const* p, const std::int64_t* step, std::int64_t n) {
        for (std::int64_t i = 0; i < n; ++i) {
          if (load<bool>(p[1] + i * step[1])) store(p[0] + i * step[0], value);
        }
      });
}

}  // namespace

namespace {

Tensor clamp_values(const Tensor& self, const std::optional<Scalar>& min, const std::optional<Scalar>& max) {
  const DType type = clamp_type(self, min, max);
  Tensor out;
  if (is_nan(min) || is_nan(max)) {
    out = empty_like(self, type);
    if (!out.is_meta()) out.fill_(std::nan(""));
    return out;
  }
  with_clamp(type, min, max, [&](const auto& op) { out = unary(self, type, op); });
  return out;
}

/// Gradients pass where the limits did not bind.
auto gradient_of_clamp(const std::optional<Scalar>& min, const std::optional<Scalar>& max) {
  return [min, max](Backward& b) {
    const Tensor& x = b.saved(0);
    Tensor stopped = min ? x.lt(*min) : x.gt(*max);
    if (min && max) stopped = stopped.bitwise_or(x.gt(*max));
    b.give(0, b.grad().masked_fill(stopped, 0));
  };
}

}  // namespace

Tensor Tensor::clamp(const std::optional<Scalar>& min, const std::optional<Scalar>& max) const {
  const Tape tape(*this);
  Tensor out = clamp_values(*this, min, max);
  if (tape.on()) {
    const char* const name = !max ? "ClampMinBackward0" : !min ? "ClampMaxBackward0" : "ClampBackward1";
    tape.record(name, out, saved(*this), gradient_of_clamp(min, max));
  }
  return out;
}

Tensor Tensor::clamp_min(const Scalar& min) const { return clamp(min); }

const Tensor& Tensor::clamp_(const std::optional<Scalar>& min, const std::optional<Scalar>& max) const {
  const DType type = clamp_type(*this, min, max);
  check<DTypeError>(can_cast(type, dtype()), "result type {} can't be cast to the desired output type {}",
                    dtype_error_name(type), dtype_cpp_name(dtype()));
  if (is_nan(min) || is_nan(max)) return fill_(std::nan(""));
  const InplaceTape tape(*this);
  const Tensor before = tape.on() ? tape.before() : Tensor();
  with_clamp(type, min, max, [&](const auto& op) { unary_inplace(*this, type, op); });
  if (tape.on()) tape.record("ClampBackward1", *this, saved(before), gradient_of_clamp(min, max));
  return *this;
}

namespace {
void gradient_of_masked_fill(Backward& b) { b.give(0, b.grad().masked_fill(b.saved(0), 0)); }
}  // namespace

const Tensor& Tensor::masked_fill_(const Tensor& mask, const Scalar& value) const {
  check<DTypeError>(mask.dtype() == kBool,
                    "masked_fill_ only supports boolean masks, but got mask with dtype {}",
                    dtype_cpp_name(mask.dtype()));
  const InplaceTape tape(*this);
  check_broadcasts_into(*this, mask.sizes());
  check_no_partial_overlap(*this, mask);
  if (repeats_an_address(*this)) {
    warn(
        "Use of masked_fill_ on expanded tensors is deprecated. Please clone() the tensor before performing "
        "this operation. This also applies to advanced indexing e.g. tensor[mask] = scalar");
  }
  visit_dtype_of<kBools | kIntegers | kReals | kComplexes | kHalfComplex>(
      dtype(), "masked_fill", [&]<class T>(std::type_identity<T>) {
        const T element = checked_element<T>(value);
        if (!is_meta()) fill_masked(*this, mask, element);
      });
  if (tape.on()) tape.record("MaskedFillBackward0", *this, saved(mask), gradient_of_masked_fill);
  return *this;
}

Tensor Tensor::masked_fill(const Tensor& mask, const Scalar& value) const {
  const Tape tape(*this);
  Tensor out = empty(broadcast_shapes(mask.sizes(), sizes()), options());
  out.copy_(*this);
  out.masked_fill_(mask, value);
  if (tape.on()) tape.record("MaskedFillBackward0", out, saved(mask), gradient_of_masked_fill);
  return out;
}

Tensor clamp(const Tensor& self, const std::optional<Scalar>& min, const std::optional<Scalar>& max) {
  return self.clamp(min, max);
}
Tensor clamp_min(const Tensor& self, const Scalar& min) { return self.clamp(min); }
Tensor clamp_max(const Tensor& self, const Scalar& max) { return self.clamp(std::nullopt, max); }
Tensor masked_fill(const Tensor& self, const Tensor& mask, const Scalar& value) {
  return self.masked_fill(mask, value);
}

namespace {

Tensor where_values(const Tensor& condition, const Tensor& self, const Tensor& other) {
  const DType type = result_type(self, other);
  if (condition.dtype() == kUInt8) {
    warn(
        "where received a uint8 condition tensor. This behavior is deprecated and will be removed in a "
        "future version of PyTorch. Use a boolean condition instead.");
    return where_values(condition.to(kBool), self, other);
  }
  check<DTypeError>(condition.dtype() == kBool,
                    "where expected condition to be a boolean tensor, but got a tensor with dtype {}",
                    dtype_error_name(condition.dtype()));
  const bool meta = result_is_meta({condition, self, other});
  const Tensor chosen = self.to(type);
  const Tensor rest = other.to(type);
  const Dims sizes = broadcast_shapes(broadcast_shapes(condition.sizes(), self.sizes()), other.sizes());
  const auto layout = [](const Tensor& t) {
    return StridedOperand{nullptr, t.sizes(), t.strides(), t.itemsize()};
  };
  const std::array layouts{layout(condition), layout(chosen), layout(rest)};
  Tensor out = empty_strided(sizes, result_strides(sizes, layouts, false),
                             TensorOptions(type).device(Device(meta ? kMeta : kCPU)));
  if (meta) return out;
  out.copy_(rest);
  visit_dtype(type, [&]<class T>(std::type_identity<T>) {
    StridedLoop<3>(out.sizes(), {operand(out), operand(condition), operand(chosen)})
        .run([&](std::byte* const* p, const std::int64_t* step, std::int64_t n) {
          for (std::int64_t i = 0; i < n; ++i) {
            if (load<bool>(p[1] + i * step[1])) store(p[0] + i * step[0], load<T>(p[2] + i * step[2]));
          }
        });
  });
  return out;
}

}  // namespace

Tensor where(const Tensor& condition, const Tensor& self, const Tensor& other) {
  const Tape tape(self, other);
  Tensor out = where_values(condition, self, other);
  if (tape.on()) {
    tape.record("WhereBackward0", out, saved(condition), [](Backward& b) {
      const Tensor nothing = zeros({}, b.grad().options());
      if (b.wants(0)) b.give(0, where(b.saved(0), b.grad(), nothing));
      if (b.wants(1)) b.give(1, where(b.saved(0), nothing, b.grad()));
    });
  }
  return out;
}

}  // namespace ballast
