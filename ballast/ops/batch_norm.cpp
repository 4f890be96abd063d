#include <cmath>
#include <vector>

#include "ballast/autograd/tape.h"
#include "ballast/core/parallel.h"
#include "ballast/ops/compute_type.h"
#include "ballast/ops/copy.h"
#include "ballast/ops/cpu/norm_kernels.h"
#include "ballast/ops/factories.h"
#include "ballast/ops/normalization.h"
#include "ballast/ops/unary.h"

namespace ballast {
namespace {

/// A tensor as [n, channels, rest].
struct Layout {
  std::int64_t n, channels, rest;
  explicit Layout(const Tensor& x)
      : n(x.sizes()[0]), channels(x.sizes()[1]), rest(numel_of(x.sizes().slice(2))) {}
  [[nodiscard]] std::int64_t each() const { return n * rest; }
  /// The elements of a channel, from its first one on.
  [[nodiscard]] detail::Runs channel() const { return {n, rest, channels * rest}; }
  /// Channels that stand side by side (rest == 1).
  [[nodiscard]] detail::Columns columns(std::int64_t begin, std::int64_t end) const {
    return {n, end - begin, channels};
  }

  /// Calls f(begin, end) for ranges of channels, on several threads if there is much to do.
  template <class F>
  void in_ranges(const F& f) const {
    parallel_for(channels, grain_for(each()), f);
  }
};

template <class T>
const T* data_or_null(const Tensor& t) {
  return t.defined() ? t.data_ptr<T>() : nullptr;
}
template <class T>
T value_or(const T* p, std::int64_t i, T otherwise) {
  return p != nullptr ? p[i] : otherwise;
}

/// What the kernels need beside the input: of the type of its computation, and contiguous.
struct Statistics {
  Tensor mean;      ///< of each channel
  Tensor inverse;   ///< 1 / sqrt(variance + eps)
  Tensor variance;  ///< without bias correction; in training only
};

/// The same of one type, to be filled in or read.
template <class T>
struct StatisticsOf {
  T *mean, *inverse, *variance;
  explicit StatisticsOf(const Statistics& s)
      : mean(s.mean.data_ptr<T>()),
        inverse(s.inverse.data_ptr<T>()),
        variance(s.variance.defined() ? s.variance.data_ptr<T>() : nullptr) {}

  /// Channel c, whose elements less mean[c] have squares of this sum; the mean was rounded from `exact`.
  void set_variance(std::int64_t c, double exact, double squares, double count, double eps) const {
    // What rounding the mean adds to the squares is known.
    const double off = exact - static_cast<double>(mean[c]);
    const double v = std::max(squares / count - off * off, 0.0);
    variance[c] = static_cast<T>(v);
    inverse[c] = static_cast<T>(1 / std::sqrt(v + eps));
  }
};

/// The statistics of channels [begin, end).
template <class T>
void find_statistics(const T* x, const Layout& l, std::int64_t begin, std::int64_t end, double eps,
                     const StatisticsOf<T>& s) {
  const auto& loops = detail::norm_loops<T>();
  const auto count = static_cast<double>(l.each());
  if (l.rest == 1) {
    const auto n = static_cast<std::size_t>(end - begin);
    std::vector<double> means(n), squares(n);
    loops.column_sums(l.columns(begin, end), x + begin, means.data());
    for (std::size_t k = 0; k < n; ++k) {
      means[k] /= count;
      s.mean[begin + static_cast<std::int64_t>(k)] = static_cast<T>(means[k]);
    }
    loops.column_sums_of_squares(l.columns(begin, end), x + begin, s.mean + begin, squares.data());
    for (std::size_t k = 0; k < n; ++k) {
      s.set_variance(begin + static_cast<std::int64_t>(k), means[k], squares[k], count, eps);
    }
    return;
  }
  for (std::int64_t c = begin; c < end; ++c) {
    const T* const channel = x + c * l.rest;
    const double exact = loops.sum(l.channel(), channel) / count;
    s.mean[c] = static_cast<T>(exact);
    s.set_variance(c, exact, loops.sum_of_squares(l.channel(), channel, s.mean[c]), count, eps);
  }
}

/// Channels [begin, end) of the result.
template <class T>
void normalise(const T* x, const Layout& l, std::int64_t begin, std::int64_t end, const StatisticsOf<T>& s,
               const T* weight, const T* bias, T* y) {
  const auto& loops = detail::norm_loops<T>();
  const auto scale = [&](std::int64_t c) { return s.inverse[c] * value_or(weight, c, T(1)); };
  if (l.rest == 1) {
    std::vector<T> scales, shifts;
    for (std::int64_t c = begin; c < end; ++c) {
      scales.push_back(scale(c));
      shifts.push_back(value_or(bias, c, T(0)));
    }
    return loops.column_affine(l.columns(begin, end), x + begin, s.mean + begin, scales.data(), shifts.data(),
                               y + begin);
  }
  for (std::int64_t c = begin; c < end; ++c) {
    loops.affine(l.channel(), x + c * l.rest, s.mean[c], scale(c), value_or(bias, c, T(0)), y + c * l.rest);
  }
}

/// The gradients of x, weight and bias in one go; those not wanted are left undefined.
struct Gradients {
  Tensor x, weight, bias;
};

/// What the kernels of the gradients read and write.
template <class T>
struct GradientPlaces {
  const T *grad, *x, *weight;
  StatisticsOf<T> statistics;
  T *to_x, *to_weight, *to_bias;  ///< null: not wanted
  bool training;

  [[nodiscard]] bool wants_sums() const { return training || to_weight != nullptr; }
  /// Keeps what of channel c's gradients are sums; gives what those of its elements follow from.
  detail::GradientTerms<T> take(std::int64_t c, const detail::GradientSums& sums, double count) const {
    const auto inverse = static_cast<double>(statistics.inverse[c]);
    if (to_weight != nullptr) {
      to_weight[c] = static_cast<T>(sums.dot * inverse);
      to_bias[c] = static_cast<T>(sums.total);
    }
    const T scale = statistics.inverse[c] * value_or(weight, c, T(1));
    if (!training) return {0, 0, 0, scale};
    return {statistics.mean[c], static_cast<T>(sums.total / count),
            static_cast<T>(sums.dot * inverse * inverse / count), scale};
  }
};

template <class T>
void gradients_of_columns(const Layout& l, std::int64_t begin, std::int64_t end, const GradientPlaces<T>& p) {
  const auto& loops = detail::norm_loops<T>();
  const auto n = static_cast<std::size_t>(end - begin);
  const detail::Columns columns = l.columns(begin, end);
  std::vector<double> totals(n), dots(n);
  if (p.wants_sums()) {
    loops.column_gradient_sums(columns, p.grad + begin, p.x + begin, p.statistics.mean + begin, totals.data(),
                               dots.data());
  }
  std::vector<T> centres(n), levels(n), slopes(n), scales(n);
  for (std::size_t k = 0; k < n; ++k) {
    const auto terms =
        p.take(begin + static_cast<std::int64_t>(k), {totals[k], dots[k]}, static_cast<double>(l.each()));
    centres[k] = terms.centre;
    levels[k] = terms.level;
    slopes[k] = terms.slope;
    scales[k] = terms.scale;
  }
  if (p.to_x == nullptr) return;
  if (p.training) {
    loops.column_gradient(columns, p.grad + begin, p.x + begin, centres.data(), levels.data(), slopes.data(),
                          scales.data(), p.to_x + begin);
  } else {
    loops.column_affine(columns, p.grad + begin, centres.data(), scales.data(), levels.data(),
                        p.to_x + begin);
  }
}

template <class T>
void gradients_of_channel(const Layout& l, std::int64_t c, const GradientPlaces<T>& p) {
  const auto& loops = detail::norm_loops<T>();
  const T* const grad = p.grad + c * l.rest;
  const T* const x = p.x + c * l.rest;
  detail::GradientSums sums;
  if (p.wants_sums()) sums = loops.gradient_sums(l.channel(), grad, x, p.statistics.mean[c]);
  const detail::GradientTerms<T> terms = p.take(c, sums, static_cast<double>(l.each()));
  if (p.to_x == nullptr) return;
  if (p.training) {
    loops.gradient(l.channel(), grad, x, T(1), terms, p.to_x + c * l.rest);
  } else {
    loops.affine(l.channel(), grad, T(0), terms.scale, T(0), p.to_x + c * l.rest);
  }
}

template <class T>
Gradients gradients(const Tensor& grad, const Tensor& x, const Tensor& weight, const Statistics& s,
                    bool training, bool wants_x, bool wants_affine) {
  const Layout l(x);
  Gradients out;
  if (wants_x) out.x = empty(x.sizes(), x.options());
  if (wants_affine) {
    out.weight = empty(l.channels, x.options());
    out.bias = empty(l.channels, x.options());
  }
  const GradientPlaces<T> places{grad.data_ptr<T>(),
                                 x.data_ptr<T>(),
                                 data_or_null<T>(weight),
                                 StatisticsOf<T>(s),
                                 wants_x ? out.x.data_ptr<T>() : nullptr,
                                 wants_affine ? out.weight.data_ptr<T>() : nullptr,
                                 wants_affine ? out.bias.data_ptr<T>() : nullptr,
                                 training};
  l.in_ranges([&](std::int64_t begin, std::int64_t end) {
    if (l.rest == 1) return gradients_of_columns(l, begin, end, places);
    for (std::int64_t c = begin; c < end; ++c) gradients_of_channel(l, c, places);
  });
  return out;
}

/// A vector of channels in the shape that broadcasts over `x`.
Tensor along_channels(const Tensor& t, const Tensor& x) {
  Dims sizes(x.sizes().size(), 1);
  sizes[1] = x.sizes()[1];
  return t.reshape(sizes);
}
Dims all_but_channels(const Tensor& x) {
  Dims dims{0};
  for (std::int64_t d = 2; d < x.dim(); ++d) dims.push_back(d);
  return dims;
}

/// The same gradients by operations that record.
void give_formula(Backward& b, const Statistics& s, bool training, double eps) {
  const Tensor& g = b.grad();
  const Tensor& x = b.saved(0);
  const Tensor& weight = b.saved(1);
  const Dims dims = all_but_channels(x);
  Tensor normal, inverse;
  if (training) {
    const Tensor centred = x.sub(x.mean(dims, true));
    inverse = rsqrt(centred.mul(centred).mean(dims, true).add(eps));
    normal = centred.mul(inverse);
  } else {
    inverse = along_channels(s.inverse, x).to(x.dtype());
    normal = x.sub(along_channels(s.mean, x).to(x.dtype())).mul(inverse);
  }
  if (b.wants(0)) {
    Tensor gx = training ? g.sub(g.mean(dims, true)).sub(normal.mul(g.mul(normal).mean(dims, true))) : g;
    gx = gx.mul(inverse);
    b.give(0, weight.defined() ? gx.mul(along_channels(weight, x).to(x.dtype())) : gx);
  }
  if (b.wants(1)) b.give(1, g.mul(normal).sum(dims));
  if (b.wants(2)) b.give(2, g.sum(dims));
}

void check_vector(const Tensor& t, std::int64_t channels, const char* name) {
  check<ShapeError>(!t.defined() || t.numel() == channels, "{} should contain {} elements not {}", name,
                    channels, t.defined() ? t.numel() : 0);
}

/// running = (1 - momentum) running + momentum value, in double.
void mix(const Tensor& running, const Tensor& value, double momentum, double factor) {
  if (!running.defined()) return;
  autograd::bump_version(running);
  const Tensor now = value.to(kFloat64).contiguous();
  const Tensor mixed = running.to(kFloat64, false, true).contiguous();
  const auto* const from = now.data_ptr<double>();
  auto* const to = mixed.data_ptr<double>();
  for (std::int64_t c = 0; c < mixed.numel(); ++c)
    to[c] = (1 - momentum) * to[c] + momentum * factor * from[c];
  copy_elements(running, mixed.alias(running.sizes(), contiguous_strides(running.sizes()), 0));
}

}  // namespace

Tensor batch_norm(const Tensor& input, const Tensor& weight, const Tensor& bias, const Tensor& running_mean,
                  const Tensor& running_var, bool training, double momentum, double eps) {
  check<ShapeError>(input.dim() >= 2, "batch_norm: expected an input of [N, C, ...], but got one of size {}",
                    Shown{input.sizes()});
  const Layout l(input);
  check<ValueError>(training || running_mean.defined(), "running_mean must be defined in evaluation mode");
  check<ValueError>(training || running_var.defined(), "running_var must be defined in evaluation mode");
  check_vector(running_mean, l.channels, "running_mean");
  check_vector(running_var, l.channels, "running_var");
  check_vector(weight, l.channels, "weight");
  check_vector(bias, l.channels, "bias");
  const bool half = input.dtype() == kFloat16 || input.dtype() == kBFloat16;
  for (const Tensor* t : {&weight, &bias, &running_mean, &running_var}) {
    check<DTypeError>(!t->defined() || t->dtype() == input.dtype() || (half && t->dtype() == kFloat32),
                      "mixed dtype (CPU): all inputs must share same datatype.");
  }
  const Tape tape(input, weight, bias);
  Tensor y = empty(input.sizes(), input.options());
  if (y.is_meta()) return y;
  Statistics s;
  visit_dtype_of<kReals>(input.dtype(), "batch_norm", [&]<class T>(std::type_identity<T>) {
    using C = compute_t<T>;
    const auto plain = [](const Tensor& t) { return t.defined() ? t.to(dtype_of<C>).contiguous() : t; };
    const Tensor x = plain(input);
    if (training) {
      const TensorOptions options(dtype_of<C>);
      if (input.numel() == 0) {
        s.mean = full(l.channels, 0, options);
        s.inverse = full(l.channels, 0, options);
        return;
      }
      s = {empty(l.channels, options), empty(l.channels, options), empty(l.channels, options)};
    } else {
      s.mean = running_mean.to(dtype_of<C>, false, true).contiguous();
      s.inverse = empty(l.channels, dtype_of<C>);
      const Tensor variance = plain(running_var);
      for (std::int64_t c = 0; c < l.channels; ++c) {
        s.inverse.data_ptr<C>()[c] =
            static_cast<C>(1 / std::sqrt(static_cast<double>(variance.data_ptr<C>()[c]) + eps));
      }
    }
    const Tensor result = std::is_same_v<C, T> ? y : empty(y.sizes(), dtype_of<C>);
    const Tensor w = plain(weight), b = plain(bias);
    const StatisticsOf<C> of(s);
    l.in_ranges([&](std::int64_t begin, std::int64_t end) {
      if (l.rest == 1) {
        if (training) find_statistics(x.data_ptr<C>(), l, begin, end, eps, of);
        normalise(x.data_ptr<C>(), l, begin, end, of, data_or_null<C>(w), data_or_null<C>(b),
                  result.data_ptr<C>());
        return;
      }
      // Channel by channel: the second pass finds it in the cache.
      for (std::int64_t c = begin; c < end; ++c) {
        if (training) find_statistics(x.data_ptr<C>(), l, c, c + 1, eps, of);
        normalise(x.data_ptr<C>(), l, c, c + 1, of, data_or_null<C>(w), data_or_null<C>(b),
                  result.data_ptr<C>());
      }
    });
    if (!std::is_same_v<C, T>) copy_elements(y, result);
  });
  if (training && input.numel() > 0) {
    const auto n = static_cast<double>(l.each());
    mix(running_mean, s.mean, momentum, 1);
    mix(running_var, s.variance, momentum, n / (n - 1));
  }
  if (tape.on()) {
    tape.record(
        "NativeBatchNormBackward0", y, saved(input, weight, s.mean, s.inverse), [training, eps](Backward& b) {
          const Statistics of{b.saved(2), b.saved(3), {}};
          const Tensor& x = b.saved(0);
          const DType type = of.mean.dtype();
          if (GradMode::is_enabled() || x.numel() == 0) return give_formula(b, of, training, eps);
          const auto plain = [&](const Tensor& t) { return t.defined() ? t.to(type).contiguous() : t; };
          const bool affine = b.wants(1) || b.wants(2);
          const auto kernel = type == kFloat64 ? gradients<double> : gradients<float>;
          Gradients g =
              kernel(plain(b.grad()), plain(x), plain(b.saved(1)), of, training, b.wants(0), affine);
          if (b.wants(0)) b.give(0, g.x.to(x.dtype()));
          if (b.wants(1)) b.give(1, std::move(g.weight));
          if (b.wants(2)) b.give(2, std::move(g.bias));
        });
  }
  return y;
}

Tensor instance_norm(const Tensor& input, const Tensor& weight, const Tensor& bias,
                     const Tensor& running_mean, const Tensor& running_var, bool use_input_stats,
                     double momentum, double eps) {
  check<ValueError>(use_input_stats || (running_mean.defined() && running_var.defined()),
                    "Expected running_mean and running_var to be defined when use_input_stats is false");
  check<ShapeError>(input.dim() >= 2,
                    "instance_norm: expected an input of [N, C, ...], but got one of size {}",
                    Shown{input.sizes()});
  const std::int64_t n = input.sizes()[0], channels = input.sizes()[1];
  for (const auto& [t, name] :
       {std::pair{&weight, "weight"}, std::pair{&bias, "bias"}, std::pair{&running_mean, "running_mean"},
        std::pair{&running_var, "running_var"}}) {
    check_vector(*t, channels, name);
  }
  // A batch of one sample with the channels of all.
  const auto repeated = [&](const Tensor& t) { return t.defined() ? t.repeat({n}) : t; };
  const Tensor mean = repeated(running_mean.defined() ? running_mean.detach() : running_mean);
  const Tensor variance = repeated(running_var.defined() ? running_var.detach() : running_var);
  Dims sizes{1, n * channels};
  for (const std::int64_t s : input.sizes().slice(2)) sizes.push_back(s);
  Tensor out = batch_norm(input.reshape(sizes), repeated(weight), repeated(bias), mean, variance,
                          use_input_stats, momentum, eps)
                   .reshape(input.sizes());
  if (use_input_stats && !out.is_meta() && n > 0) {
    const NoGradGuard no_grad;
    if (running_mean.defined()) running_mean.copy_(mean.reshape({n, channels}).mean({0}));
    if (running_var.defined()) running_var.copy_(variance.reshape({n, channels}).mean({0}));
  }
  return out;
}

}  // namespace ballast
