#include <bit>
#include <cmath>
#include <limits>

#include "ballast/core/warning.h"
#include "ballast/ops/inplace.h"
#include "ballast/ops/random_bounds.h"
#include "ballast/ops/random_draws.h"

namespace ballast {
namespace {

constexpr std::int64_t kLeast = std::numeric_limits<std::int64_t>::min();

/// Bits of the significand: integers up to 2^digits are exact.
int digits_of(DType dtype) {
  switch (dtype) {
    case kFloat32:
      return 24;
    case kFloat64:
      return 53;
    case kFloat16:
      return 11;
    case kBFloat16:
      return 8;
    default:
      return 0;
  }
}

std::int64_t there_and_back(std::int64_t value, DType dtype) {
  return visit_dtype(dtype, [value]<class T>(std::type_identity<T>) {
    return convert_element<std::int64_t>(convert_element<T>(value));
  });
}

/// The distance between neighbours of the type at `value`.
std::int64_t spacing_at(std::int64_t value, DType dtype) {
  const auto magnitude =
      value < 0 ? std::uint64_t{0} - static_cast<std::uint64_t>(value) : static_cast<std::uint64_t>(value);
  const int exponent = std::bit_width(magnitude) - digits_of(dtype);
  return exponent > 0 ? std::int64_t{1} << exponent : 0;
}

/// The least value that the type holds and that is not below `from`.
std::int64_t raised_from(std::int64_t from, DType dtype) {
  const std::int64_t f = there_and_back(from + 1, dtype);
  return f < from ? f + spacing_at(from + 1, dtype) : from;
}

/// The same for the upper bound, which is exclusive.
std::int64_t lowered_to(std::int64_t to, DType dtype) {
  const std::int64_t t = there_and_back(to - 1, dtype);
  return t >= to ? t - spacing_at(to - 1, dtype) : to;
}

void check_inside(std::int64_t value, std::string_view name, DType dtype) {
  const std::string_view type = dtype_cpp_name(dtype);
  if (is_floating_point(dtype)) {
    const double most = dtype == kFloat16 ? 65504 : std::numeric_limits<double>::max();
    check<ValueError>(std::abs(static_cast<double>(value)) <= most, "{} is out of bounds for {}", name, type);
    const int digits = digits_of(dtype);
    const std::int64_t exact = std::int64_t{1} << digits;
    if (value < -exact || value > exact) {
      warn(fmt::format(
          "{0} is out of bounds [-(2^{1}), 2^{1}]. Due to precision limitations {2} can support discrete "
          "uniform distribution only within this range. This warning will become an error in version 1.7 "
          "release, please fix the code in advance",
          name, digits, type));
    }
    return;
  }
  const bool inside = visit_dtype(dtype, [value]<class T>(std::type_identity<T>) {
    if constexpr (std::is_same_v<T, bool>) {
      return value == 0 || value == 1;
    } else if constexpr (std::is_integral_v<T>) {
      return std::in_range<T>(value);
    }
    return false;
  });
  check<ValueError>(inside, "{} is out of bounds for {}", name, type);
}

/// What random_ takes with bounds: integer, floating of 16 bits and more, bool.
void check_bounded_type(DType dtype, std::string_view function, std::string_view kernel) {
  check<DTypeError>(!is_complex(dtype), "{} handles only integral, floating-point and boolean types",
                    function);
  check<NotImplementedError>(!is_float8(dtype), "\"{}\" not implemented for '{}'", kernel,
                             dtype_error_name(dtype));
}

/// Words modulo `range` above `from`, in wrapping 64-bit arithmetic. A range of 0 is all of 64 bits.
void draw_integers(const Tensor& out, std::uint64_t range, std::int64_t from,
                   const std::optional<Generator>& generator) {
  if (out.is_meta() || out.numel() == 0) return;
  Generator::State& state = generator_or_default(generator).state();
  const std::lock_guard lock(state.mutex);
  const auto base = static_cast<std::uint64_t>(from);
  visit_dtype(out.dtype(), [&]<class T>(std::type_identity<T>) {
    const auto element = [base](std::uint64_t v) {
      return convert_element<T>(static_cast<std::int64_t>(v + base));
    };
    if (range == 0) {
      detail::draw_each<2>(state.engine, out, 0.1,
                           [=](const std::uint32_t* words) { return element(detail::join(words)); });
    } else if (range >= std::uint64_t{1} << 28) {
      detail::draw_each<2>(state.engine, out, 0.1,
                           [=](const std::uint32_t* words) { return element(detail::join(words) % range); });
    } else {
      const auto narrow = static_cast<std::uint32_t>(range);
      detail::draw_each<1>(state.engine, out, 0.1,
                           [=](const std::uint32_t* words) { return element(words[0] % narrow); });
    }
  });
}

void random_between(const Tensor& out, std::int64_t from, std::int64_t to,
                    const std::optional<Generator>& generator) {
  check<ValueError>(from < to, "random_ expects 'from' to be less than 'to', but got from={} >= to={}", from,
                    to);
  check_bounded_type(out.dtype(), "check_random_bounds", "random_update_from_to");
  if (is_floating_point(out.dtype())) {
    from = raised_from(from, out.dtype());
    to = lowered_to(to, out.dtype());
    check<ValueError>(
        from < to,
        "random_ expects 'from' casted to dtype to be less than 'to' casted to dtype, but got from={} >= "
        "to={}",
        from, to);
  }
  check_inside(from, "from", out.dtype());
  check_inside(to - 1, "to - 1", out.dtype());
  draw_integers(out, static_cast<std::uint64_t>(to) - static_cast<std::uint64_t>(from), from, generator);
}

void random_upwards(const Tensor& out, std::int64_t from, const std::optional<Generator>& generator) {
  const DType dtype = out.dtype();
  check_bounded_type(dtype, "random_from_to_impl", "random_from_to_range_calc");
  check<ValueError>(dtype != kUInt64 || from < 0, "to - 1 is out of bounds for {}", dtype_cpp_name(dtype));
  std::int64_t last = dtype == kBool ? 1 : std::numeric_limits<std::int64_t>::max();
  if (is_floating_point(dtype)) {
    last = std::int64_t{1} << digits_of(dtype);
    from = raised_from(from, dtype);
    check<ValueError>(
        from < last,
        "random_ expects 'from' casted to dtype to be less than or equal to 'to_inc' casted to dtype, but "
        "got from={} > to_inc={}",
        from, last);
  } else if (dtype != kBool) {
    visit_dtype(dtype, [&]<class T>(std::type_identity<T>) {
      if constexpr (std::is_integral_v<T> && !std::is_same_v<T, bool> && !std::is_same_v<T, std::uint64_t>) {
        last = std::numeric_limits<T>::max();
      }
    });
  }
  check_inside(from, "from", dtype);
  draw_integers(out, static_cast<std::uint64_t>(last) - static_cast<std::uint64_t>(from) + 1, from,
                generator);
}

void random_all_bits(const Tensor& out, const std::optional<Generator>& generator) {
  constexpr std::string_view kName = "random_full_64_bits_range_kernel_cpu";
  const DType dtype = out.dtype();
  if (out.numel() == 0) return;
  const bool integer = is_integral(dtype, false) && is_signed(dtype);
  check<NotImplementedError>(
      integer || dtype == kUInt8 || (is_floating_point(dtype) && !is_float8(dtype) && dtype != kFloat16),
      "\"{}\" not implemented for '{}'", kName, dtype_error_name(dtype));
  check<DTypeError>(!is_integral(dtype, true) || dtype == kInt64,
                    "{} handles only int64, double, float and bfloat16", kName);
  draw_integers(out, 0, 0, generator);
}

}  // namespace

const Tensor& Tensor::random_(const std::optional<Generator>& generator) const {
  begin_overwrite(*this, "RandomBackward0");
  check_inplace(*this);
  if (numel() == 0) return *this;
  detail::visit_common<true>(dtype(), "random_kernel_cpu", [&]<class T>(std::type_identity<T>) {
    if (is_meta()) return;
    Generator::State& state = generator_or_default(generator).state();
    const std::lock_guard lock(state.mutex);
    if constexpr (std::is_same_v<T, bool>) {
      detail::draw_each<1>(state.engine, *this, 0.2,
                           [](const std::uint32_t* words) { return (words[0] & 1) != 0; });
    } else if constexpr (std::is_same_v<T, std::int64_t> || std::is_same_v<T, double>) {
      constexpr std::uint64_t kRange =
          std::is_same_v<T, double> ? (std::uint64_t{1} << 53) + 1 : std::uint64_t{1} << 63;
      detail::draw_each<2>(state.engine, *this, 0.2, [](const std::uint32_t* words) {
        return static_cast<T>(detail::join(words) % kRange);
      });
    } else if constexpr (std::is_integral_v<T>) {
      constexpr std::uint32_t kRange = static_cast<std::uint32_t>(std::numeric_limits<T>::max()) + 1;
      detail::draw_each<1>(state.engine, *this, 0.2,
                           [](const std::uint32_t* words) { return static_cast<T>(words[0] % kRange); });
    } else {
      const std::uint32_t range = (std::uint32_t{1} << digits_of(dtype())) + 1;
      detail::draw_each<1>(state.engine, *this, 0.2, [range](const std::uint32_t* words) {
        return convert_element<T>(static_cast<float>(words[0] % range));
      });
    }
  });
  return *this;
}

const Tensor& Tensor::random_(std::int64_t to) const { return random_(0, to); }

const Tensor& Tensor::random_(std::int64_t to, const Generator& generator) const {
  return random_(0, to, generator);
}

const Tensor& Tensor::random_(std::int64_t from, std::optional<std::int64_t> to,
                              const std::optional<Generator>& generator) const {
  begin_overwrite(*this, "RandomBackward1");
  check_inplace(*this);
  if (to) {
    random_between(*this, from, *to, generator);
  } else if (from > kLeast) {
    random_upwards(*this, from, generator);
  } else {
    random_all_bits(*this, generator);
  }
  return *this;
}

}  // namespace ballast
