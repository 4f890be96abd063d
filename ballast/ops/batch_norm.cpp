#include <cmath>

#include "ballast/autograd/tape.h"
#include "ballast/core/parallel.h"
#include "ballast/ops/channels.h"
#include "ballast/ops/compute_type.h"
#include "ballast/ops/copy.h"
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

  /// Calls f(c) for each channel, on several threads if there is much to do.
  template <class F>
  void for_each_channel(const F& f) const {
    parallel_for(channels, grain_for(each()), [&](std::int64_t begin, std::int64_t end) {
      for (std::int64_t c = begin; c < end; ++c) f(c);
    });
  }
  /// The sum of f(i) over the elements of channel c.
  template <class T, class F>
  [[nodiscard]] double sum(std::int64_t c, const F& f) const {
    if (rest == 1) {
      return detail::long_sum<T>(n, [&](std::int64_t i) { return f(i * channels + c); });
    }
    double total = 0;
    for (std::int64_t i = 0; i < n; ++i) {
      const std::int64_t row = (i * channels + c) * rest;
      total += detail::long_sum<T>(rest, [&](std::int64_t k) { return f(row + k); });
    }
    return total;
  }
  /// Calls f(i) for the elements of channel c.
  template <class F>
  void each_element(std::int64_t c, const F& f) const {
    for (std::int64_t i = 0; i < n; ++i) {
      const std::int64_t row = (i * channels + c) * rest;
      for (std::int64_t k = 0; k < rest; ++k) f(row + k);
    }
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

template <class T>
Statistics statistics_of(const Tensor& x, const Layout& l, double eps) {
  const TensorOptions options(dtype_of<T>);
  Statistics s{empty(l.channels, options), empty(l.channels, options), empty(l.channels, options)};
  const T* const p = x.data_ptr<T>();
  T* const mean = s.mean.data_ptr<T>();
  T* const inverse = s.inverse.data_ptr<T>();
  T* const variance = s.variance.data_ptr<T>();
  const auto count = static_cast<double>(l.each());
  l.for_each_channel([&](std::int64_t c) {
    const double m = l.sum<T>(c, [p](std::int64_t i) { return p[i]; }) / count;
    const T centre = static_cast<T>(m);
    const double squares = l.sum<T>(c, [p, centre](std::int64_t i) {
      const T d = p[i] - centre;
      return d * d;
    });
    // The mean was rounded; what that adds to the squares is known.
    const double off = m - static_cast<double>(centre);
    const double v = std::max(squares / count - off * off, 0.0);
    mean[c] = centre;
    variance[c] = static_cast<T>(v);
    inverse[c] = static_cast<T>(1 / std::sqrt(v + eps));
  });
  return s;
}

template <class T>
void normalise(const Tensor& y, const Tensor& x, const Layout& l, const Statistics& s, const Tensor& weight,
               const Tensor& bias) {
  const T* const from = x.data_ptr<T>();
  T* const to = y.data_ptr<T>();
  const T* const mean = s.mean.data_ptr<T>();
  const T* const inverse = s.inverse.data_ptr<T>();
  const T* const w = data_or_null<T>(weight);
  const T* const b = data_or_null<T>(bias);
  l.for_each_channel([&](std::int64_t c) {
    const T centre = mean[c];
    const T scale = inverse[c] * value_or(w, c, T(1));
    const T shift = value_or(b, c, T(0));
    l.each_element(c, [=](std::int64_t i) { to[i] = (from[i] - centre) * scale + shift; });
  });
}

/// The gradients of x, weight and bias in one go; those not wanted are left undefined.
struct Gradients {
  Tensor x, weight, bias;
};

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
  const T* const g = grad.data_ptr<T>();
  const T* const from = x.data_ptr<T>();
  const T* const mean = s.mean.data_ptr<T>();
  const T* const inverse = s.inverse.data_ptr<T>();
  const T* const w = data_or_null<T>(weight);
  T* const gx = wants_x ? out.x.data_ptr<T>() : nullptr;
  T* const gw = wants_affine ? out.weight.data_ptr<T>() : nullptr;
  T* const gb = wants_affine ? out.bias.data_ptr<T>() : nullptr;
  const auto count = static_cast<double>(l.each());
  l.for_each_channel([&](std::int64_t c) {
    const T centre = mean[c];
    const T scale = inverse[c] * value_or(w, c, T(1));
    double total = 0, dot = 0;
    if (training || wants_affine) {
      total = l.sum<T>(c, [g](std::int64_t i) { return g[i]; });
      dot = l.sum<T>(c, [=](std::int64_t i) { return g[i] * (from[i] - centre); });
    }
    if (gw != nullptr) {
      gw[c] = static_cast<T>(dot * static_cast<double>(inverse[c]));
      gb[c] = static_cast<T>(total);
    }
    if (gx == nullptr) return;
    if (!training) {
      l.each_element(c, [=](std::int64_t i) { gx[i] = g[i] * scale; });
      return;
    }
    const auto inv = static_cast<double>(inverse[c]);
    const T mean_of_grad = static_cast<T>(total / count);
    const T slope = static_cast<T>(dot * inv * inv / count);
    l.each_element(
        c, [=](std::int64_t i) { gx[i] = (g[i] - mean_of_grad - (from[i] - centre) * slope) * scale; });
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
      if (input.numel() == 0) {
        s.mean = full(l.channels, 0, dtype_of<C>);
        s.inverse = full(l.channels, 0, dtype_of<C>);
        return;
      }
      s = statistics_of<C>(x, l, eps);
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
    normalise<C>(result, x, l, s, plain(weight), plain(bias));
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
