#include "ballast/ops/factories.h"

#include <cmath>

#include "ballast/core/strided_loop.h"
#include "ballast/ops/copy.h"
#include "ballast/ops/elementwise.h"
#include "ballast/ops/result_layout.h"
#include "ballast/ops/scalar_value.h"

namespace ballast {
namespace {

/// The type of a factory's result after its numbers.
TensorOptions typed_after(std::initializer_list<Scalar> numbers, const TensorOptions& options) {
  if (options.has_dtype()) return options;
  bool integral = true;
  for (const Scalar& n : numbers) integral = integral && n.is_integral(true);
  return options.dtype(integral ? kInt64 : get_default_dtype());
}

/// Writes f(i) at position i of a row-major vector just made.
template <class T, class F>
void generate(const Tensor& out, F f) {
  if (out.is_meta()) return;
  auto* const to = static_cast<std::byte*>(out.data_ptr());
  for (std::int64_t i = 0; i < out.numel(); ++i) {
    store(to + i * static_cast<std::int64_t>(sizeof(T)), convert_element<T>(f(i)));
  }
}

std::int64_t arange_length(const Scalar& start, const Scalar& end, const Scalar& step, DType dtype) {
  const double from = start.toDouble();
  const double to = end.toDouble();
  const double by = step.toDouble();
  check<ValueError>(by != 0, "step must be nonzero");
  check<ValueError>(std::isfinite(from) && std::isfinite(to), "unsupported range: {} -> {}", from, to);
  check<ValueError>((by > 0) == (to > from) || to == from,
                    "upper bound and lower bound inconsistent with step sign");
  if (dtype == kInt64 && start.is_integral(true) && end.is_integral(true) && step.is_integral(true)) {
    const bool up = by > 0;
    const auto low = static_cast<std::uint64_t>((up ? start : end).toLong());
    const auto high = static_cast<std::uint64_t>((up ? end : start).toLong());
    const auto stride = static_cast<std::uint64_t>(step.toLong());
    const std::uint64_t size = up ? stride : 0 - stride;
    const std::uint64_t count = (high - low) / size + ((high - low) % size != 0 ? 1 : 0);
    check<ShapeError>(count < std::uint64_t{1} << 63, "invalid size, possible overflow?");
    return static_cast<std::int64_t>(count);
  }
  const double length = std::ceil((to - from) / by);
  check<ShapeError>(length >= 0 && length < 0x1p63, "invalid size, possible overflow?");
  return static_cast<std::int64_t>(length);
}

/// The value at `i` of `steps` evenly spaced ones, counted from the nearer end.
template <class T>
auto evenly_spaced(const Scalar& start, const Scalar& end, std::int64_t steps) {
  using Compute = std::conditional_t<std::is_same_v<T, float> || !std::is_arithmetic_v<T>, float, double>;
  const auto end_value = [](const Scalar& number) {
    if constexpr (std::is_integral_v<T>) return static_cast<Compute>(number.to<T>());
    return static_cast<Compute>(number.toDouble());
  };
  const Compute from = end_value(start);
  const Compute to = end_value(end);
  const Compute step = steps > 1 ? (to - from) / static_cast<Compute>(steps - 1) : Compute{0};
  return [=](std::int64_t i) {
    return i < steps / 2 ? from + step * static_cast<Compute>(i)
                         : to - step * static_cast<Compute>(steps - i - 1);
  };
}

template <class Make>
Tensor spaced(std::int64_t steps, const TensorOptions& options, Make make) {
  check<ValueError>(steps >= 0, "number of steps must be non-negative");
  Tensor out = empty({steps}, options.dtype(options.dtype()));
  visit_dtype(out.dtype(), [&]<class T>(std::type_identity<T>) {
    if constexpr (!detail::is_complex_element<T>) {
      make(out, std::type_identity<T>{});
    } else {
      throw DTypeError("linspace and logspace make no complex tensors");
    }
  });
  return out;
}

}  // namespace

Tensor full(IntArrayRef sizes, const Scalar& value, const TensorOptions& options) {
  Tensor out = empty(sizes, options.dtype(options.dtype_or(value.dtype())));
  detail::fill(out, value);
  return out;
}

Tensor zeros(IntArrayRef sizes, const TensorOptions& options) {
  Tensor out = empty(sizes, options);
  detail::fill(out, 0);
  return out;
}

Tensor ones(IntArrayRef sizes, const TensorOptions& options) {
  Tensor out = empty(sizes, options);
  detail::fill(out, 1);
  return out;
}

Tensor scalar_tensor(const Scalar& value, const TensorOptions& options) {
  return full({}, value, options.dtype(options.dtype()));
}

Tensor arange(const Scalar& start, const Scalar& end, const Scalar& step, const TensorOptions& options) {
  const TensorOptions typed = typed_after({start, end, step}, options);
  Tensor out;
  visit_dtype_of<kIntegers | kReals>(typed.dtype(), "arange_cpu", [&]<class T>(std::type_identity<T>) {
    out = empty({arange_length(start, end, step, typed.dtype())}, typed);
    if constexpr (std::is_integral_v<T>) {
      const auto from = static_cast<std::uint64_t>(start.toLong());
      const auto by = static_cast<std::uint64_t>(step.toLong());
      generate<T>(out, [=](std::int64_t i) {
        return static_cast<std::int64_t>(from + by * static_cast<std::uint64_t>(i));
      });
    } else {
      const double from = start.toDouble();
      const double by = step.toDouble();
      generate<T>(out, [=](std::int64_t i) { return from + by * static_cast<double>(i); });
    }
  });
  return out;
}

Tensor arange(const Scalar& start, const Scalar& end, const TensorOptions& options) {
  return arange(start, end, 1, options);
}

Tensor arange(const Scalar& end, const TensorOptions& options) { return arange(0, end, 1, options); }

Tensor linspace(const Scalar& start, const Scalar& end, std::int64_t steps, const TensorOptions& options) {
  return spaced(steps, options, [&]<class T>(const Tensor& out, std::type_identity<T>) {
    generate<T>(out, evenly_spaced<T>(start, end, steps));
  });
}

Tensor logspace(const Scalar& start, const Scalar& end, std::int64_t steps, double base,
                const TensorOptions& options) {
  return spaced(steps, options, [&]<class T>(const Tensor& out, std::type_identity<T>) {
    const auto exponent = evenly_spaced<T>(start, end, steps);
    generate<T>(out, [&](std::int64_t i) { return std::pow(base, static_cast<double>(exponent(i))); });
  });
}

Tensor eye(std::int64_t n, std::int64_t m, const TensorOptions& options) {
  check<ValueError>(n >= 0, "n must be greater or equal to 0, got {}", n);
  check<ValueError>(m >= 0, "m must be greater or equal to 0, got {}", m);
  Tensor out = zeros({n, m}, options);
  detail::fill(out.diagonal(), 1);
  return out;
}

Tensor eye(std::int64_t n, const TensorOptions& options) { return eye(n, n, options); }

Tensor empty_like(const Tensor& like, const TensorOptions& options) {
  const TensorOptions merged = TensorOptions(options.dtype_or(like.dtype()))
                                   .device(options.has_device() ? options.device() : like.device())
                                   .requires_grad(options.requires_grad());
  if (like.is_contiguous()) return empty(like.sizes(), merged);
  if (is_non_overlapping_and_dense(like.sizes(), like.strides())) {
    return empty_strided(like.sizes(), like.strides(), merged);
  }
  const StridedOperand layout{nullptr, like.sizes(), like.strides(), like.itemsize()};
  return empty_strided(like.sizes(), dense_strides_like(like.sizes(), {&layout, 1}), merged);
}

Tensor full_like(const Tensor& like, const Scalar& value, const TensorOptions& options) {
  Tensor out = empty_like(like, options);
  detail::fill(out, value);
  return out;
}

Tensor zeros_like(const Tensor& like, const TensorOptions& options) { return full_like(like, 0, options); }
Tensor ones_like(const Tensor& like, const TensorOptions& options) { return full_like(like, 1, options); }

}  // namespace ballast
