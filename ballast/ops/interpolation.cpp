#include "ballast/ops/interpolation.h"

#include <cmath>

#include "ballast/ops/pooling.h"
#include "ballast/ops/resampling.h"

namespace ballast {
namespace {

using detail::Taps;

enum class Kernel { kNearest, kNearestExact, kLinear, kCubic };

/// One dimension: n elements to m, with the factor that was given, if it counts.
struct Axis {
  std::int64_t n, m;
  std::optional<double> factor;
  bool align_corners;

  /// The step in the input for a step of the result.
  template <class T>
  [[nodiscard]] T step() const {
    if (align_corners) return m > 1 ? static_cast<T>(n - 1) / static_cast<T>(m - 1) : T(0);
    if (factor && *factor > 0) return static_cast<T>(1 / *factor);
    return static_cast<T>(n) / static_cast<T>(m);
  }
};

/// Nearest positions are found in float32 whatever the type of the elements, as in PyTorch.
Taps nearest(const Axis& a, bool exact) {
  const auto step = a.step<float>();
  Taps taps(a.n);
  for (std::int64_t o = 0; o < a.m; ++o) {
    const float at = (static_cast<float>(o) + (exact ? 0.5F : 0.0F)) * step;
    taps.begin_output();
    taps.add(std::min(static_cast<std::int64_t>(std::floor(at)), a.n - 1), 1);
  }
  return taps;
}

/// Where element o of the result lies in the input, in the arithmetic of the elements.
template <class T>
T position(const Axis& a, T step, std::int64_t o, bool cubic) {
  if (a.align_corners) return step * static_cast<T>(o);
  const T at = step * (static_cast<T>(o) + T(0.5)) - T(0.5);
  return cubic || at >= 0 ? at : T(0);
}

template <class T>
Taps linear(const Axis& a) {
  const T step = a.step<T>();
  Taps taps(a.n);
  for (std::int64_t o = 0; o < a.m; ++o) {
    taps.begin_output();
    if (a.n == a.m) {
      taps.add(o, 1);
      continue;
    }
    const T at = position(a, step, o, false);
    const auto left = std::min(static_cast<std::int64_t>(at), a.n - 1);
    const T share = std::min(std::max(at - static_cast<T>(left), T(0)), T(1));
    taps.add(left, 1 - share);
    taps.add(left + (left < a.n - 1 ? 1 : 0), share);
  }
  return taps;
}

/// The weight of an element at a distance from the position: the cubic convolution of Keys with parameter
/// a.
template <class T>
T cubic_weight(T distance, T a) {
  const T x = std::abs(distance);
  if (x <= 1) return ((a + 2) * x - (a + 3)) * x * x + 1;
  if (x < 2) return ((a * x - 5 * a) * x + 8 * a) * x - 4 * a;
  return 0;
}

template <class T>
Taps cubic(const Axis& a) {
  const T step = a.step<T>();
  Taps taps(a.n);
  for (std::int64_t o = 0; o < a.m; ++o) {
    const T at = position(a, step, o, true);
    const auto base = static_cast<std::int64_t>(std::floor(at));
    const T share = std::min(std::max(at - static_cast<T>(base), T(0)), T(1));
    taps.begin_output();
    for (std::int64_t k = -1; k <= 2; ++k) {
      taps.add(std::clamp<std::int64_t>(base + k, 0, a.n - 1),
               cubic_weight(share - static_cast<T>(k), T(-0.75)));
    }
  }
  return taps;
}

/// With antialiasing the kernel is as wide as a step in the input, and its weights are made to sum to 1.
template <class T>
Taps antialiased(const Axis& a, bool is_cubic) {
  const T step = a.step<T>();
  const T width = (is_cubic ? T(2) : T(1)) * std::max(step, T(1));
  const T shrink = step >= 1 ? 1 / step : T(1);
  Taps taps(a.n);
  for (std::int64_t o = 0; o < a.m; ++o) {
    const T centre = step * (static_cast<T>(o) + T(0.5));
    const auto first = std::max<std::int64_t>(static_cast<std::int64_t>(centre - width + T(0.5)), 0);
    const auto last = std::min(static_cast<std::int64_t>(centre + width + T(0.5)), a.n);
    std::vector<T> weights;
    T total = 0;
    for (std::int64_t i = first; i < last; ++i) {
      const T x = (static_cast<T>(i) - centre + T(0.5)) * shrink;
      weights.push_back(is_cubic ? cubic_weight(x, T(-0.5)) : std::max(1 - std::abs(x), T(0)));
      total += weights.back();
    }
    taps.begin_output();
    for (std::int64_t i = first; i < last; ++i) {
      const T w = weights[static_cast<std::size_t>(i - first)];
      taps.add(i, total != 0 ? w / total : w);
    }
  }
  return taps;
}

template <class T>
Taps taps_of(const Axis& a, Kernel kernel, bool antialias) {
  switch (kernel) {
    case Kernel::kNearest:
      return nearest(a, false);
    case Kernel::kNearestExact:
      return nearest(a, true);
    case Kernel::kLinear:
      return antialias ? antialiased<T>(a, false) : linear<T>(a);
    case Kernel::kCubic:
      return antialias ? antialiased<T>(a, true) : cubic<T>(a);
  }
  return Taps(0);
}

struct Mode {
  std::string_view name;
  Kernel kernel;
  std::size_t rank;  ///< dimensions that it needs; 0: any
  std::array<const char*, 3> nodes;
};
constexpr std::array kModes{
    Mode{"nearest",
         Kernel::kNearest,
         0,
         {"UpsampleNearest1DBackward0", "UpsampleNearest2DBackward0", "UpsampleNearest3DBackward0"}},
    Mode{"nearest-exact",
         Kernel::kNearestExact,
         0,
         {"UpsampleNearestExact1DBackward0", "UpsampleNearestExact2DBackward0",
          "UpsampleNearestExact3DBackward0"}},
    Mode{"linear", Kernel::kLinear, 1, {"UpsampleLinear1DBackward0", "", ""}},
    Mode{"bilinear", Kernel::kLinear, 2, {"", "UpsampleBilinear2DBackward0", ""}},
    Mode{"bicubic", Kernel::kCubic, 2, {"", "UpsampleBicubic2DBackward0", ""}},
    Mode{"trilinear", Kernel::kLinear, 3, {"", "", "UpsampleTrilinear3DBackward0"}},
};

/// One value for each dimension.
template <class T>
std::vector<T> for_each_dim(const std::vector<T>& values, const Tensor& input, const char* what,
                            const char* shape) {
  const auto rank = static_cast<std::size_t>(input.dim() - 2);
  if (values.size() == 1) return std::vector<T>(rank, values[0]);
  check<ValueError>(
      values.size() == rank,
      "Input and {} must have the same number of spatial dimensions, but got input with spatial dimensions "
      "of {} and {} ({}). Please provide input tensor in (N, C, d1, d2, ...,dK) format and {} in "
      "{} format.",
      what, Shown{input.sizes().slice(2)}, shape, fmt::join(values.begin(), values.end(), ", "), what,
      what[0] == 's' ? "(s1, s2, ...,sK)" : "(o1, o2, ...,oK)");
  return values;
}

Tensor area(const Tensor& input, const std::vector<std::int64_t>& sizes) {
  switch (input.dim()) {
    case 3:
      return adaptive_avg_pool1d(input, sizes);
    case 4:
      return adaptive_avg_pool2d(input, sizes);
    default:
      return adaptive_avg_pool3d(input, sizes);
  }
}

}  // namespace

Tensor interpolate(const Tensor& input, const Interpolation& options) {
  const bool interpolating =
      options.mode != "nearest" && options.mode != "nearest-exact" && options.mode != "area";
  check<ValueError>(
      interpolating || !options.align_corners,
      "align_corners option can only be set with the interpolating modes: linear | bilinear | bicubic | "
      "trilinear");
  const Mode* mode = nullptr;
  for (const Mode& m : kModes) {
    if (m.name == options.mode) mode = &m;
  }
  check<NotImplementedError>(
      input.dim() >= 3 && input.dim() <= 5 && (mode != nullptr || options.mode == "area"),
      "Input Error: Only 3D, 4D and 5D input Tensors supported (got {}D) for the modes: nearest | linear | "
      "bilinear | bicubic | trilinear | area | nearest-exact (got {})",
      input.dim(), options.mode);
  check<ValueError>(options.size.empty() || options.scale_factor.empty(),
                    "only one of size or scale_factor should be defined");
  check<ValueError>(!options.size.empty() || !options.scale_factor.empty(),
                    "either size or scale_factor should be defined");
  const auto rank = static_cast<std::size_t>(input.dim() - 2);
  std::vector<std::int64_t> sizes;
  std::vector<std::optional<double>> factors(rank);
  if (!options.size.empty()) {
    sizes = for_each_dim(options.size, input, "output size", "output size of");
    check<ValueError>(!options.recompute_scale_factor.value_or(false),
                      "recompute_scale_factor is not meaningful with an explicit size.");
  } else {
    const std::vector<double> given =
        for_each_dim(options.scale_factor, input, "scale_factor", "scale_factor of shape");
    for (std::size_t i = 0; i < rank; ++i) {
      const double size = std::floor(static_cast<double>(input.sizes()[i + 2]) * given[i]);
      check<ValueError>(size >= 0 && size < 9e18, "interpolate: a scale_factor of {} gives no size",
                        given[i]);
      sizes.push_back(static_cast<std::int64_t>(size));
      if (!options.recompute_scale_factor.value_or(false)) factors[i] = given[i];
    }
  }
  check<ValueError>(
      !options.antialias || ((options.mode == "bilinear" || options.mode == "bicubic") && rank == 2),
      "Anti-alias option is restricted to bilinear and bicubic modes and requires a 4-D tensor as input");
  if (mode == nullptr) return area(input, sizes);
  check<NotImplementedError>(mode->rank == 0 || mode->rank == rank,
                             "Got {}D input, but {} mode needs {}D input", input.dim(), mode->name,
                             mode->rank + 2);
  check<ShapeError>(input.sizes()[1] > 0, "Non-empty {}D data tensor expected but got a tensor with sizes {}",
                    input.dim(), Shown{input.sizes()});
  std::vector<detail::DimTaps> plan;
  for (std::size_t i = rank; i-- > 0;) {
    const std::int64_t n = input.sizes()[i + 2];
    check<ValueError>(n > 0 && sizes[i] > 0,
                      "Input and output sizes should be greater than 0, but got input ({}) and output ({})",
                      Shown{input.sizes().slice(2)}, Shown{IntArrayRef(sizes)});
    const Axis axis{n, sizes[i], factors[i], options.align_corners.value_or(false)};
    const bool wide = input.dtype() == kFloat64;
    plan.push_back({i + 2, wide ? taps_of<double>(axis, mode->kernel, options.antialias)
                                : taps_of<float>(axis, mode->kernel, options.antialias)});
  }
  return detail::resample(mode->nodes[rank - 1], input, std::move(plan));
}

}  // namespace ballast
