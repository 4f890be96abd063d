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
  check<ValueError>(by > 0 || by < 0, "step must be nonzero");
  check<ValueError>(std::isfinite(from) && std::isfinite(to), "unsupported range: {:g} -> {:g}", from, to);
  check<ValueError>((by > 0) == (to > from) || to == from,
                    "upper bound and lower bound inconsistent with step sign");
  if (dtype == kInt64) {  // counted in whole numbers
    const std::int64_t stride = step.toLong();
    check<ValueError>(stride != 0, "step must be nonzero");
    const auto low = static_cast<std::uint64_t>((stride > 0 ? start : end).toLong());
    const auto high = static_cast<std::uint64_t>((stride > 0 ? end : start).toLong());
    const std::uint64_t size =
        stride > 0 ? static_cast<std::uint64_t>(stride) : 0 - static_cast<std::uint64_t>(stride);
    const std::uint64_t count = (high - low) / size + ((high - low) % size != 0 ? 1 : 0);
    check<ShapeError>(count < std::uint64_t{1} << 63, "invalid size, possible overflow?");
    return static_cast<std::int64_t>(count);
  }
  const double length = std::ceil((to - from) / by);
  check<ShapeError>(length >= 0 && length < 0x1p63, "invalid size, possible overflow?");
  return static_cast<std::int64_t>(length);
}

constexpr DTypeSet kSpacedTypes = kIntegers | kReals | kComplexes;

/// a * b + c, rounded once in each part.
template <class C>
C fused(decltype(std::real(C())) a, C b, C c) {
  if constexpr (detail::is_complex_element<C>) {
    return {std::fma(a, b.real(), c.real()), std::fma(a, b.imag(), c.imag())};
  } else {
    return std::fma(a, b, c);
  }
}

/// start + i * step, by way of the first of the elements that fill one of PyTorch's vectors: that one is rounded to T, and they
/// come in pairs of vectors. Outside of those, without the detour.
template <class T>
auto counted_up(const Scalar& start, const Scalar& step, std::int64_t length) {
  using C = std::conditional_t<detail::is_small_float<T>, float, double>;
  const auto from = static_cast<C>(start.toDouble());
  const auto by = static_cast<C>(step.toDouble());
  constexpr std::int64_t kVector = 32 / static_cast<std::int64_t>(sizeof(T));
  const std::int64_t in_vectors = length / (2 * kVector) * (2 * kVector);
  return [=](std::int64_t i) {
    if (i >= in_vectors) return std::fma(by, static_cast<C>(i), from);
    const std::int64_t k = i % kVector;
    const T first = convert_element<T>(std::fma(by, static_cast<C>(i - k), from));
    return std::fma(static_cast<C>(k), by, static_cast<C>(first));
  };
}

/// The value at `i` of `steps` evenly spaced ones, counted from the nearer end. In 16-bit types each operation rounds; integers
/// are spaced in double.
template <class T>
auto evenly_spaced(const Scalar& start, const Scalar& end, std::int64_t steps) {
  if constexpr (detail::is_small_float<T>) {
    const auto rounded = [](float x) { return static_cast<float>(T(x)); };
    const auto count = [=](std::int64_t n) { return rounded(static_cast<float>(n)); };
    const float from = to_compute(checked_element<T>(start));
    const float to = to_compute(checked_element<T>(end));
    const float step = rounded(rounded(to - from) / count(steps - 1));
    return [=](std::int64_t i) {
      return i < steps / 2 ? from + rounded(step * count(i)) : to - rounded(step * count(steps - i - 1));
    };
  } else {
    using C = std::conditional_t<std::is_integral_v<T>, double, compute_t<T>>;
    using R = decltype(std::real(C()));
    const auto from = static_cast<C>(checked_element<T>(start));
    const auto to = static_cast<C>(checked_element<T>(end));
    const C step = (to - from) / static_cast<R>(steps - 1);
    return [=](std::int64_t i) {
      return i < steps / 2 ? fused<C>(static_cast<R>(i), step, from)
                           : fused<C>(static_cast<R>(steps - i - 1), -step, to);
    };
  }
}

/// The powers of `base` with evenly spaced exponents, computed in double unless they are complex.
template <class T>
auto powers(const Scalar& start, const Scalar& end, std::int64_t steps, double base) {
  if constexpr (detail::is_complex_element<T>) {
    return [=, exponent = evenly_spaced<T>(start, end, steps)](std::int64_t i) {
      return std::pow(T(static_cast<decltype(T().real())>(base)), exponent(i));
    };
  } else {
    const auto from = static_cast<double>(checked_element<T>(start));
    const auto to = static_cast<double>(checked_element<T>(end));
    const double distance =
        std::is_integral_v<T> ? to - from : static_cast<double>(convert_element<T>(to - from));
    const double step = distance / static_cast<double>(steps - 1);
    return [=](std::int64_t i) {
      const double exponent = i < steps / 2 ? from + step * static_cast<double>(i)
                                            : to - step * static_cast<double>(steps - i - 1);
      return std::pow(base, exponent);
    };
  }
}

/// An empty vector for `steps` numbers from `start` to `end`. A complex number makes it complex.
Tensor empty_spaced(const Scalar& start, const Scalar& end, std::int64_t steps, const TensorOptions& options,
                    const char* name) {
  check<ValueError>(steps >= 0, "number of steps must be non-negative");
  DType dtype = options.dtype();
  if (start.is_complex() || end.is_complex()) {
    const DType natural = to_complex_dtype(get_default_dtype());
    if (!options.has_dtype()) dtype = natural;
    check<DTypeError>(is_complex(dtype),
                      "torch.{}(): inferred dtype {} can't be safely cast to passed dtype {}", name,
                      dtype_cpp_name(natural), dtype_error_name(dtype));
  }
  return empty({steps}, options.dtype(dtype));
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
      generate<T>(out, counted_up<T>(start, step, out.numel()));
    }
  });
  return out;
}

Tensor arange(const Scalar& start, const Scalar& end, const TensorOptions& options) {
  return arange(start, end, 1, options);
}

Tensor arange(const Scalar& end, const TensorOptions& options) { return arange(0, end, 1, options); }

Tensor linspace(const Scalar& start, const Scalar& end, std::int64_t steps, const TensorOptions& options) {
  Tensor out = empty_spaced(start, end, steps, options, "linspace");
  if (out.is_meta() || steps == 0) return out;
  if (steps == 1) return out.fill_(start);
  visit_dtype_of<kSpacedTypes>(out.dtype(), "linspace_cpu", [&]<class T>(std::type_identity<T>) {
    generate<T>(out, evenly_spaced<T>(start, end, steps));
  });
  return out;
}

Tensor logspace(const Scalar& start, const Scalar& end, std::int64_t steps, double base,
                const TensorOptions& options) {
  Tensor out = empty_spaced(start, end, steps, options, "logspace");
  if (out.is_meta() || steps == 0) return out;
  if (steps == 1) {
    return out.is_complex() ? out.fill_(std::pow(base, start.toComplexDouble()))
                            : out.fill_(std::pow(base, start.toDouble()));
  }
  visit_dtype_of<kSpacedTypes>(out.dtype(), "logspace_cpu", [&]<class T>(std::type_identity<T>) {
    generate<T>(out, powers<T>(start, end, steps, base));
  });
  return out;
}

Tensor eye(std::int64_t n, std::int64_t m, const TensorOptions& options) {
  check<ValueError>(n >= 0, "n must be greater or equal to 0, got {}", n);
  check<ValueError>(m >= 0, "m must be greater or equal to 0, got {}", m);
  Tensor out = zeros({n, m}, options);
  constexpr DTypeSet kWithoutEye = kWideUnsigned | kHalfComplex;
  if ((set_of(out.dtype()) & kWithoutEye) != 0 && !out.is_meta()) throw_not_implemented("eye", out.dtype());
  detail::fill(out.diagonal(), 1);
  return out;
}

Tensor eye(std::int64_t n, const TensorOptions& options) { return eye(n, n, options); }

Tensor empty_like(const Tensor& like, const TensorOptions& options) {
  const TensorOptions merged = TensorOptions(options.dtype_or(like.dtype()))
                                   .device(options.has_device() ? options.device() : like.device())
                                   .requires_grad(options.requires_grad());
  return empty_strided(like.sizes(), copy_strides(like.sizes(), like.strides()), merged);
}

Tensor full_like(const Tensor& like, const Scalar& value, const TensorOptions& options) {
  Tensor out = empty_like(like, options);
  detail::fill(out, value);
  return out;
}

Tensor zeros_like(const Tensor& like, const TensorOptions& options) { return full_like(like, 0, options); }
Tensor ones_like(const Tensor& like, const TensorOptions& options) { return full_like(like, 1, options); }

}  // namespace ballast
