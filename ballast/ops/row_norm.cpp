// Layer, group and RMS normalisation: each row of a matrix is brought to mean 0 (not RMS) and mean square
// 1.
#include <cmath>
#include <limits>
#include <vector>

#include "ballast/autograd/tape.h"
#include "ballast/core/parallel.h"
#include "ballast/ops/compute_type.h"
#include "ballast/ops/copy.h"
#include "ballast/ops/cpu/norm_kernels.h"
#include "ballast/ops/factories.h"
#include "ballast/ops/normalization.h"
#include "ballast/ops/resampling.h"
#include "ballast/ops/unary.h"

namespace ballast {
namespace {

/// Rows of `weights` weights, each for `run` neighbouring elements; weights repeat after `period` rows.
struct Rows {
  std::int64_t rows, weights, run, period;
  double eps;
  bool centred;
  [[nodiscard]] std::int64_t length() const { return weights * run; }
  [[nodiscard]] std::int64_t parameters() const { return weights * period; }
  /// The first weight of a row.
  [[nodiscard]] std::int64_t weight_at(std::int64_t row) const { return row % period * weights; }
};

/// Rows are taken in this many parts at most, whatever the number of threads: gradients of weights are
/// summed by part.
constexpr std::int64_t kParts = 16;
template <class F>
std::int64_t in_parts(const Rows& r, const F& f) {
  const std::int64_t work = r.rows * r.length();
  const std::int64_t parts =
      std::clamp<std::int64_t>(work >> 15, 1, std::min(kParts, std::max<std::int64_t>(r.rows, 1)));
  const auto begin = [&](std::int64_t part) { return r.rows * part / parts; };
  const std::int64_t grain = work > 2 * kElementGrain ? 1 : parts;
  parallel_for(parts, grain, [&](std::int64_t first, std::int64_t last) {
    for (std::int64_t part = first; part < last; ++part) f(part, begin(part), begin(part + 1));
  });
  return parts;
}

template <class T>
const T* data_or_null(const Tensor& t) {
  return t.defined() ? t.data_ptr<T>() : nullptr;
}

template <class T>
struct Moments {
  T mean, inverse;
};

template <class T>
Moments<T> moments_of(const T* x, const Rows& r) {
  const detail::Runs row{1, r.length(), r.length()};
  const auto count = static_cast<double>(r.length());
  const double m = r.centred ? detail::norm_loops<T>().sum(row, x) / count : 0;
  const T centre = static_cast<T>(m);
  const double squares = detail::norm_loops<T>().sum_of_squares(row, x, centre);
  const double off = m - static_cast<double>(centre);
  const double mean_square = std::max(squares / count - off * off, 0.0);
  return {centre, static_cast<T>(1 / std::sqrt(mean_square + r.eps))};
}

template <class T>
void forward(const Rows& r, const T* x, const T* weight, const T* bias, T* y, T* mean, T* inverse) {
  const auto& loops = detail::norm_loops<T>();
  const std::int64_t n = r.length();
  in_parts(r, [&](std::int64_t, std::int64_t begin, std::int64_t end) {
    for (std::int64_t row = begin; row < end; ++row) {
      const T* const from = x + row * n;
      T* const to = y + row * n;
      const Moments<T> m = moments_of(from, r);
      mean[row] = m.mean;
      inverse[row] = m.inverse;
      const T* const w = weight != nullptr ? weight + r.weight_at(row) : nullptr;
      const T* const b = bias != nullptr ? bias + r.weight_at(row) : nullptr;
      if (w == nullptr && b == nullptr) {
        loops.affine({1, n, n}, from, m.mean, m.inverse, T(0), to);
      } else if (r.run == 1 && w != nullptr) {
        loops.weighted(n, from, m.mean, m.inverse, w, b, to);
      } else {
        for (std::int64_t k = 0; k < r.weights; ++k) {
          loops.affine({1, r.run, r.run}, from + k * r.run, m.mean,
                       w != nullptr ? m.inverse * w[k] : m.inverse, b != nullptr ? b[k] : T(0),
                       to + k * r.run);
        }
      }
    }
  });
}

/// What a row's gradients are found from, and where they go.
template <class T>
struct RowGradients {
  const T *grad, *x;
  const T* weight;         ///< null: none
  T *to_weight, *to_bias;  ///< added to; null: not wanted
  T* to_x;                 ///< null: not wanted
  T mean, inverse;
};

/// The sums over a row of gradients times weights. On the way, runs of a weight give its gradients.
template <class T>
detail::GradientSums sums_of_row(const Rows& r, const RowGradients<T>& g) {
  const auto& loops = detail::norm_loops<T>();
  const std::int64_t n = r.length();
  if (r.run == 1 || (g.weight == nullptr && g.to_weight == nullptr)) {
    if (g.to_weight != nullptr)
      loops.add_parameter_gradients(n, g.grad, g.x, g.mean, g.inverse, g.to_weight, g.to_bias);
    if (g.to_x == nullptr) return {};
    return g.weight != nullptr ? loops.weighted_gradient_sums(n, g.grad, g.weight, g.x, g.mean)
                               : loops.gradient_sums({1, n, n}, g.grad, g.x, g.mean);
  }
  detail::GradientSums sums;
  for (std::int64_t k = 0; k < r.weights; ++k) {
    const detail::GradientSums run =
        loops.gradient_sums({1, r.run, r.run}, g.grad + k * r.run, g.x + k * r.run, g.mean);
    if (g.to_weight != nullptr) {
      g.to_weight[k] += static_cast<T>(static_cast<double>(g.inverse) * run.dot);
      g.to_bias[k] += static_cast<T>(run.total);
    }
    const double w = g.weight != nullptr ? static_cast<double>(g.weight[k]) : 1;
    sums.total += w * run.total;
    sums.dot += w * run.dot;
  }
  return sums;
}

/// The gradients of a row: gx = inverse (g w - mean(g w) - normal mean(g w normal)), where the first mean
/// is of centred rows only.
template <class T>
void gradients_of_row(const Rows& r, const RowGradients<T>& g) {
  const auto& loops = detail::norm_loops<T>();
  const std::int64_t n = r.length();
  const auto count = static_cast<double>(n);
  const detail::GradientSums sums = sums_of_row(r, g);
  if (g.to_x == nullptr) return;
  const auto inverse = static_cast<double>(g.inverse);
  const detail::GradientTerms<T> terms{g.mean, r.centred ? static_cast<T>(sums.total / count) : T(0),
                                       static_cast<T>(sums.dot / count * inverse * inverse), g.inverse};
  if (g.weight == nullptr) {
    loops.gradient({1, n, n}, g.grad, g.x, T(1), terms, g.to_x);
  } else if (r.run == 1) {
    loops.weighted_gradient(n, g.grad, g.weight, g.x, terms, g.to_x);
  } else {
    for (std::int64_t k = 0; k < r.weights; ++k) {
      loops.gradient({1, r.run, r.run}, g.grad + k * r.run, g.x + k * r.run, g.weight[k], terms,
                     g.to_x + k * r.run);
    }
  }
}

template <class T>
void backward(const Rows& r, const T* g, const T* x, const T* weight, const T* mean, const T* inverse, T* gx,
              T* gw, T* gb) {
  const std::int64_t n = r.length();
  const std::int64_t parameters = gw != nullptr || gb != nullptr ? r.parameters() : 0;
  std::vector<T> sums(static_cast<std::size_t>(kParts * 2 * parameters), T(0));
  const std::int64_t parts = in_parts(r, [&](std::int64_t part, std::int64_t begin, std::int64_t end) {
    T* const part_w = sums.data() + part * 2 * parameters;
    T* const part_b = part_w + parameters;
    for (std::int64_t row = begin; row < end; ++row) {
      const std::int64_t at = r.weight_at(row);
      gradients_of_row<T>(r, {g + row * n, x + row * n, weight != nullptr ? weight + at : nullptr,
                              parameters > 0 ? part_w + at : nullptr, parameters > 0 ? part_b + at : nullptr,
                              gx != nullptr ? gx + row * n : nullptr, mean[row], inverse[row]});
    }
  });
  for (std::int64_t i = 0; i < parameters; ++i) {
    double w = 0, b = 0;
    for (std::int64_t part = 0; part < parts; ++part) {
      w += static_cast<double>(sums[static_cast<std::size_t>(part * 2 * parameters + i)]);
      b += static_cast<double>(sums[static_cast<std::size_t>((part * 2 + 1) * parameters + i)]);
    }
    if (gw != nullptr) gw[i] = static_cast<T>(w);
    if (gb != nullptr) gb[i] = static_cast<T>(b);
  }
}

/// The same by operations that record: everything as [rows / period, period, weights, run].
void give_formula(Backward& b, const Rows& r) {
  const Dims shape{r.rows / std::max<std::int64_t>(r.period, 1), r.period, r.weights, r.run};
  const Tensor& x = b.saved(0);
  const Tensor& weight = b.saved(1);
  const Tensor g = b.grad().reshape(shape);
  const Tensor rows = x.reshape(shape);
  const Tensor centred = r.centred ? rows.sub(rows.mean({2, 3}, true)) : rows;
  const Tensor inverse = rsqrt(centred.mul(centred).mean({2, 3}, true).add(r.eps));
  const Tensor normal = centred.mul(inverse);
  if (b.wants(0)) {
    const Tensor scaled = weight.defined() ? g.mul(weight.reshape({1, r.period, r.weights, 1})) : g;
    const Tensor less = normal.mul(scaled.mul(normal).mean({2, 3}, true));
    const Tensor level = r.centred ? scaled.sub(scaled.mean({2, 3}, true)) : scaled;
    b.give(0, level.sub(less).mul(inverse).reshape(x.sizes()));
  }
  if (b.wants(1)) b.give(1, g.mul(normal).sum({0, 3}).reshape(weight.sizes()));
  if (b.num_inputs() > 2 && b.wants(2)) b.give(2, g.sum({0, 3}).reshape(b.saved(4).sizes()));
}

/// Normalises rows, recorded as `name`.
Tensor normalise_rows(const char* name, const Tensor& input, const Rows& r, const Tensor& weight,
                      const Tensor& bias) {
  const bool half = input.dtype() == kFloat16 || input.dtype() == kBFloat16;
  for (const Tensor* t : {&weight, &bias}) {
    check<DTypeError>(!t->defined() || t->dtype() == input.dtype() || (half && t->dtype() == kFloat32),
                      "mixed dtype (CPU): all inputs must share same datatype.");
  }
  const Tape tape(input, weight, bias);
  Tensor y = empty(input.sizes(), input.options());
  if (y.is_meta()) return y;
  Tensor mean, inverse;
  visit_dtype_of<kReals>(
      input.dtype(), r.centred ? "LayerNormKernelImpl" : "rms_norm", [&]<class T>(std::type_identity<T>) {
        using C = compute_t<T>;
        const auto plain = [](const Tensor& t) { return t.defined() ? t.to(dtype_of<C>).contiguous() : t; };
        mean = empty(r.rows, dtype_of<C>);
        inverse = empty(r.rows, dtype_of<C>);
        if (input.numel() == 0) return;
        const Tensor x = plain(input), w = plain(weight), b = plain(bias);
        const Tensor result = std::is_same_v<C, T> ? y : empty(y.sizes(), dtype_of<C>);
        forward<C>(r, x.data_ptr<C>(), data_or_null<C>(w), data_or_null<C>(b), result.data_ptr<C>(),
                   mean.data_ptr<C>(), inverse.data_ptr<C>());
        if (!std::is_same_v<C, T>) copy_elements(y, result);
      });
  if (tape.on()) {
    tape.record(name, y, saved(input, weight, mean, inverse, bias), [r](Backward& b) {
      const Tensor& x = b.saved(0);
      const Tensor& factor = b.saved(1);
      const Tensor& added = b.saved(4);
      if (GradMode::is_enabled() || x.numel() == 0) return give_formula(b, r);
      const auto run = [&]<class T>(std::type_identity<T>) {
        const auto plain = [](const Tensor& t) { return t.defined() ? t.to(dtype_of<T>).contiguous() : t; };
        const auto place = [](bool wanted, const Tensor& like) {
          return wanted ? empty(like.sizes(), dtype_of<T>) : Tensor();
        };
        Tensor gx = place(b.wants(0), x), gw = place(b.wants(1), factor), gb = place(b.wants(2), added);
        const Tensor g = plain(b.grad()), from = plain(x), w = plain(factor);
        const auto at = [](const Tensor& t) { return t.defined() ? t.data_ptr<T>() : nullptr; };
        backward<T>(r, g.data_ptr<T>(), from.data_ptr<T>(), data_or_null<T>(w), b.saved(2).data_ptr<T>(),
                    b.saved(3).data_ptr<T>(), at(gx), at(gw), at(gb));
        if (b.wants(0)) b.give(0, gx.to(x.dtype()));
        if (b.wants(1)) b.give(1, std::move(gw));
        if (b.wants(2)) b.give(2, std::move(gb));
      };
      b.saved(2).dtype() == kFloat64 ? run(std::type_identity<double>{}) : run(std::type_identity<float>{});
    });
  }
  return y;
}

Rows last_dims(const Tensor& input, IntArrayRef shape, const Tensor& weight, const Tensor& bias, double eps,
               bool centred) {
  check<ValueError>(
      !shape.empty(),
      "Expected normalized_shape to be at least 1-dimensional, i.e., containing at least one element, but "
      "got normalized_shape = {}",
      Shown{shape});
  for (const auto& [t, name] : {std::pair{&weight, "weight"}, std::pair{&bias, "bias"}}) {
    check<ShapeError>(
        !t->defined() || t->sizes() == shape,
        "Expected {} to be of same shape as normalized_shape, but got {} of shape {} and normalized_shape = "
        "{}",
        name, name, Shown{t->defined() ? t->sizes() : IntArrayRef()}, Shown{shape});
  }
  const IntArrayRef sizes = input.sizes();
  const bool fits = sizes.size() >= shape.size() && sizes.slice(sizes.size() - shape.size()) == shape;
  check<ShapeError>(fits,
                    "Given normalized_shape={}, expected input with shape [*, {}], but got input of size{}",
                    Shown{shape}, fmt::join(shape.begin(), shape.end(), ", "), Shown{sizes});
  return Rows{numel_of(sizes.slice(0, sizes.size() - shape.size())), numel_of(shape), 1, 1, eps, centred};
}

double smallest_step(DType type) {
  switch (type) {
    case kFloat64:
      return std::numeric_limits<double>::epsilon();
    case kFloat16:
      return 0x1p-10;
    case kBFloat16:
      return 0x1p-7;
    default:
      return static_cast<double>(std::numeric_limits<float>::epsilon());
  }
}

}  // namespace

Tensor layer_norm(const Tensor& input, IntArrayRef normalized_shape, const Tensor& weight, const Tensor& bias,
                  double eps) {
  return normalise_rows("NativeLayerNormBackward0", input,
                        last_dims(input, normalized_shape, weight, bias, eps, true), weight, bias);
}

Tensor rms_norm(const Tensor& input, IntArrayRef normalized_shape, const Tensor& weight,
                std::optional<double> eps) {
  return normalise_rows(
      "FusedRmsNormBackward0", input,
      last_dims(input, normalized_shape, weight, {}, eps.value_or(smallest_step(input.dtype())), false),
      weight, {});
}

Tensor group_norm(const Tensor& input, std::int64_t num_groups, const Tensor& weight, const Tensor& bias,
                  double eps) {
  check<ShapeError>(input.dim() >= 2, "Expected at least 2 dimensions for input tensor but received {}",
                    input.dim());
  const std::int64_t channels = input.sizes()[1];
  check<ValueError>(num_groups > 0, "Expected num groups to be greater than 0, got {}", num_groups);
  check<ShapeError>(
      channels % num_groups == 0,
      "Expected number of channels in input to be divisible by num_groups, but got input of shape {} and "
      "num_groups={}",
      Shown{input.sizes()}, num_groups);
  for (const auto& [t, name] : {std::pair{&weight, "weight"}, std::pair{&bias, "bias"}}) {
    check<ShapeError>(
        !t->defined() || (t->dim() == 1 && t->sizes()[0] == channels),
        "Expected {} to be a vector of size equal to the number of channels in input, but got {} of shape "
        "{} and input of shape {}",
        name, name, Shown{t->defined() ? t->sizes() : IntArrayRef()}, Shown{input.sizes()});
  }
  const Rows r{input.sizes()[0] * num_groups,
               channels / num_groups,
               numel_of(input.sizes().slice(2)),
               num_groups,
               eps,
               true};
  return normalise_rows("NativeGroupNormBackward0", input, r, weight, bias);
}

Tensor local_response_norm(const Tensor& input, std::int64_t size, double alpha, double beta, double k,
                           bool cross_map) {
  check<ShapeError>(input.dim() >= 3, "Expected 3D or higher dimensionality input (got {} dimensions)",
                    input.dim());
  check<ValueError>(size > 0, "local_response_norm: size must be greater than zero, but got {}", size);
  if (input.numel() == 0) return input;
  const std::int64_t channels = input.sizes()[1];
  const std::int64_t before = cross_map ? (size - 1) / 2 : size / 2;
  const std::int64_t after = (size - 1) / 2;
  detail::Taps taps(channels);
  for (std::int64_t c = 0; c < channels; ++c) {
    taps.begin_output();
    // PyTorch's CrossMapLRN2d never lets go of the first channel.
    if (cross_map && c > before) taps.add(0, 1 / static_cast<double>(size));
    for (std::int64_t i = std::max<std::int64_t>(c - before, 0); i <= std::min(c + after, channels - 1); ++i)
      taps.add(i, 1 / static_cast<double>(size));
  }
  const Tensor mean = detail::resample("AvgPool3DBackward0", input.mul(input), {{1, std::move(taps)}});
  return input.div(mean.mul(alpha).add(k).pow(beta));
}

}  // namespace ballast
