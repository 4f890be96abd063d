#include "ballast/ops/convolution.h"

#include <string>

#include "ballast/autograd/tape.h"
#include "ballast/ops/channels.h"
#include "ballast/ops/compute_type.h"
#include "ballast/ops/convolution_kernels.h"
#include "ballast/ops/copy.h"
#include "ballast/ops/factories.h"

namespace ballast {
namespace {

using Problem = detail::ConvolutionProblem;

/// Numbers that a recorded convolution keeps.
struct Convolution {
  std::size_t rank = 2;
  std::int64_t groups = 1;
  Windows windows;  // whose kernel is the weight's
};

IntArrayRef spatial(const Tensor& t) { return t.sizes().slice(2); }

Problem problem_of(const Convolution& c, IntArrayRef x, IntArrayRef w, IntArrayRef y) {
  Problem p{.rank = c.rank, .n = x[0], .groups = c.groups, .windows = c.windows};
  p.in_channels = x[1] / c.groups;
  p.out_channels = y[1] / c.groups;
  p.in = space_of(x.slice(2));
  p.out = space_of(y.slice(2));
  p.windows.kernel = space_of(w.slice(2));
  return p;
}

TensorOptions result_options(const Tensor& a, const Tensor& b) {
  return TensorOptions(a.dtype()).device(Device(a.is_meta() || b.is_meta() ? kMeta : kCPU));
}

/// Runs `kernel` on row-major float32 or float64 tensors of the values of `a`, `b` and `bias`; the result
/// is of the type of `a`.
template <class Kernel>
Tensor compute(const Tensor& a, const Tensor& b, const Tensor& bias, IntArrayRef sizes,
               const Kernel& kernel) {
  Tensor out = empty(sizes, result_options(a, b));
  if (out.is_meta()) return out;
  visit_dtype_of<kReals>(a.dtype(), "convolution", [&]<class T>(std::type_identity<T>) {
    using C = compute_t<T>;
    const auto plain = [](const Tensor& t) { return t.to(dtype_of<C>).contiguous(); };
    const Tensor left = plain(a), right = plain(b);
    const Tensor added = bias.defined() ? plain(bias) : Tensor();
    const Tensor result = std::is_same_v<C, T> ? out : empty(sizes, dtype_of<C>);
    kernel(left.template data_ptr<C>(), right.template data_ptr<C>(),
           added.defined() ? added.template data_ptr<C>() : nullptr, result.template data_ptr<C>());
    if constexpr (!std::is_same_v<C, T>) copy_elements(out, result);
  });
  return out;
}

Tensor back(const Tensor& y, const Tensor& w, const Tensor& bias, const Convolution& c, IntArrayRef in);
Tensor weight(const Tensor& x, const Tensor& y, const Convolution& c, IntArrayRef kernel);

Dims weight_sizes(const Tensor& x, const Tensor& y, const Convolution& c, IntArrayRef kernel) {
  Dims sizes{y.sizes()[1], x.sizes()[1] / c.groups};
  for (const std::int64_t s : kernel) sizes.push_back(s);
  return sizes;
}

/// w from x and y, and the sums of the channels of y, in one go; not recorded.
std::pair<Tensor, Tensor> weight_and_bias(const Tensor& x, const Tensor& y, const Convolution& c,
                                          IntArrayRef kernel) {
  const Dims sizes = weight_sizes(x, y, c, kernel);
  const Problem p = problem_of(c, x.sizes(), sizes, y.sizes());
  Tensor bias;
  Tensor w = compute(x, y, {}, sizes, [&]<class T>(const T* a, const T* b, const T*, T* to) {
    bias = empty(sizes[0], dtype_of<T>);
    detail::convolve_weight(p, a, b, to, bias.data_ptr<T>());
  });
  return {std::move(w), bias.defined() ? bias.to(x.dtype()) : empty(sizes[0], w.options())};
}

/// y from x and w; `out` are its spatial sizes.
Tensor forth(const Tensor& x, const Tensor& w, const Tensor& bias, const Convolution& c, IntArrayRef out) {
  const Tape tape(x, w, bias);
  Dims sizes{x.sizes()[0], w.sizes()[0]};
  for (const std::int64_t s : out) sizes.push_back(s);
  const Problem p = problem_of(c, x.sizes(), w.sizes(), sizes);
  Tensor y = compute(x, w, bias, sizes, [&](const auto* a, const auto* b, const auto* added, auto* to) {
    detail::convolve(p, a, b, added, to);
  });
  if (tape.on()) {
    const Tensor none;
    tape.record("ConvolutionBackward0", y, saved(tape.wants(1) ? x : none, tape.wants(0) ? w : none),
                [c, in = Dims(spatial(x)), kernel = Dims(spatial(w))](Backward& b) {
                  if (b.wants(0)) b.give(0, back(b.grad(), b.saved(1), {}, c, in));
                  if (b.wants(1) && b.wants(2) && !GradMode::is_enabled()) {
                    auto [w_grad, bias_grad] = weight_and_bias(b.saved(0), b.grad(), c, kernel);
                    b.give(1, std::move(w_grad));
                    return b.give(2, std::move(bias_grad));
                  }
                  if (b.wants(1)) b.give(1, weight(b.saved(0), b.grad(), c, kernel));
                  if (b.wants(2)) b.give(2, detail::sum_of_channels(b.grad()));
                });
  }
  return y;
}

/// x from y and w, w as `forth` takes it; `in` are its spatial sizes.
Tensor back(const Tensor& y, const Tensor& w, const Tensor& bias, const Convolution& c, IntArrayRef in) {
  const Tape tape(y, w, bias);
  Dims sizes{y.sizes()[0], w.sizes()[1] * c.groups};
  for (const std::int64_t s : in) sizes.push_back(s);
  const Problem p = problem_of(c, sizes, w.sizes(), y.sizes());
  Tensor x = compute(y, w, bias, sizes, [&](const auto* a, const auto* b, const auto* added, auto* to) {
    detail::convolve_back(p, a, b, added, to);
  });
  if (tape.on()) {
    const Tensor none;
    tape.record("ConvolutionBackward0", x, saved(tape.wants(1) ? y : none, tape.wants(0) ? w : none),
                [c, out = Dims(spatial(y)), kernel = Dims(spatial(w))](Backward& b) {
                  if (b.wants(0)) b.give(0, forth(b.grad(), b.saved(1), {}, c, out));
                  if (b.wants(1)) b.give(1, weight(b.grad(), b.saved(0), c, kernel));
                  if (b.wants(2)) b.give(2, detail::sum_of_channels(b.grad()));
                });
  }
  return x;
}

/// w from x and y; `kernel` are its spatial sizes.
Tensor weight(const Tensor& x, const Tensor& y, const Convolution& c, IntArrayRef kernel) {
  const Tape tape(x, y);
  const Dims sizes = weight_sizes(x, y, c, kernel);
  const Problem p = problem_of(c, x.sizes(), sizes, y.sizes());
  Tensor w = compute(x, y, {}, sizes, [&](const auto* a, const auto* b, const auto*, auto* to) {
    detail::convolve_weight(p, a, b, to, decltype(to){});
  });
  if (tape.on()) {
    tape.record("ConvolutionBackwardBackward0", w, saved(x, y),
                [c, in = Dims(spatial(x)), out = Dims(spatial(y))](Backward& b) {
                  if (b.wants(0)) b.give(0, back(b.saved(1), b.grad(), {}, c, in));
                  if (b.wants(1)) b.give(1, forth(b.saved(0), b.grad(), {}, c, out));
                });
  }
  return w;
}

// ------------------------------------------------------------------------------------------------
// arguments

/// Values for each of `rank` dimensions, from as many or from one.
Space expand(IntArrayRef values, std::size_t rank, const char* name, std::int64_t missing) {
  check<ValueError>(
      values.size() == rank || values.size() == 1,
      "expected {} to be a single integer value or a list of {} values to match the convolution "
      "dimensions, but got {}={}",
      name, rank, name, Shown{values});
  return space_of(values.size() == rank ? Dims(values) : Dims(rank, values[0]), missing);
}

IntArrayRef given(const Space& s, std::size_t rank) { return IntArrayRef(s.data() + 3 - rank, rank); }

struct Arguments {
  const char* function;
  std::size_t rank;
  bool transposed;
  Convolution convolution;

  Arguments(const char* name, std::size_t dims, bool turned, IntArrayRef stride, IntArrayRef dilation,
            std::int64_t groups)
      : function(name), rank(dims), transposed(turned) {
    convolution.rank = rank;
    convolution.groups = groups;
    check<ValueError>(groups > 0, "non-positive groups is not supported");
    convolution.windows.stride = expand(stride, rank, "stride", 1);
    convolution.windows.dilation = expand(dilation, rank, "dilation", 1);
    const Space& s = convolution.windows.stride;
    const Space& d = convolution.windows.dilation;
    check<ValueError>(std::all_of(s.begin(), s.end(), [](auto v) { return v > 0; }),
                      "non-positive stride is not supported");
    check<ValueError>(std::all_of(d.begin(), d.end(), [](auto v) { return v > 0; }),
                      "dilation should be greater than zero, but got {}", Shown{given(d, rank)});
  }

  void set_padding(IntArrayRef padding) {
    convolution.windows.before = expand(padding, rank, "padding", 0);
    const Space& p = convolution.windows.before;
    check<ValueError>(std::all_of(p.begin(), p.end(), [](auto v) { return v >= 0; }),
                      "negative padding is not supported");
  }

  /// Checks the tensors; gives whether the input has a batch dimension. The kernel's sizes are known from
  /// then on.
  bool take(const Tensor& input, const Tensor& weight, const Tensor& bias) {
    const auto full = static_cast<std::int64_t>(rank) + 2;
    check<ShapeError>(input.dim() == full || input.dim() == full - 1,
                      "Expected {}D (unbatched) or {}D (batched) input to {}, but got input of size: {}",
                      full - 1, full, function, Shown{input.sizes()});
    check<ShapeError>(weight.dim() == full, "{}: expected a weight of {} dimensions, but got one of size {}",
                      function, full, Shown{weight.sizes()});
    const std::int64_t groups = convolution.groups;
    check<ShapeError>(weight.sizes()[0] >= groups,
                      "Given groups={}, expected weight to be at least {} at dimension 0, but got weight of "
                      "size {} instead",
                      groups, groups, Shown{weight.sizes()});
    check<ShapeError>(
        weight.sizes()[0] % groups == 0,
        "Given groups={}, expected weight to be divisible by {} at dimension 0, but got weight of size {} "
        "instead",
        groups, groups, Shown{weight.sizes()});
    const bool batched = input.dim() == full;
    const std::int64_t channels = input.size(batched ? 1 : 0);
    const std::int64_t wanted = transposed ? weight.sizes()[0] : weight.sizes()[1] * groups;
    check<ShapeError>(channels == wanted,
                      "Given {}={}, weight of size {}, expected input{} to have {} channels, but got {} "
                      "channels instead",
                      transposed ? "transposed" : "groups", transposed ? 1 : groups, Shown{weight.sizes()},
                      Shown{input.sizes()}, wanted, channels);
    const std::int64_t filters = transposed ? weight.sizes()[1] * groups : weight.sizes()[0];
    if (bias.defined()) {
      check<ShapeError>(
          bias.dim() == 1 && bias.sizes()[0] == filters,
          "Given {}weight of size {}, expected bias to be 1-dimensional with {} elements, but got "
          "bias of size {} instead",
          transposed ? "transposed=1, " : "", Shown{weight.sizes()}, filters, Shown{bias.sizes()});
      check<DTypeError>(bias.dtype() == input.dtype(),
                        "Input type ({}) and bias type ({}) should be the same",
                        dtype_cpp_name(input.dtype()), dtype_cpp_name(bias.dtype()));
    }
    check<DTypeError>(input.dtype() == weight.dtype(), "expected scalar type {} but found {}",
                      dtype_error_name(input.dtype()), dtype_error_name(weight.dtype()));
    convolution.windows.kernel = space_of(spatial(weight));
    for (const std::int64_t k : spatial(weight)) {
      check<ShapeError>(k > 0, "{}: a kernel of size {} has no elements", function, Shown{spatial(weight)});
    }
    return batched;
  }
};

std::string by_x(IntArrayRef sizes) {
  return fmt::format("{}", fmt::join(sizes.begin(), sizes.end(), " x "));
}

Tensor convolve(Arguments& a, const Tensor& input, const Tensor& weight, const Tensor& bias,
                const PaddingArgument& padding) {
  const std::string& name = padding.name();
  if (name.empty()) a.set_padding(padding.values());
  const bool same = name == "same";
  check<ValueError>(name.empty() || same || name == "valid", "Invalid padding string: '{}'", name);
  const Space& stride = a.convolution.windows.stride;
  check<ValueError>(!same || stride == Space{1, 1, 1},
                    "padding='same' is not supported for strided convolutions");
  const bool batched = a.take(input, weight, bias);
  Windows& w = a.convolution.windows;
  const IntArrayRef sizes = input.sizes().slice(batched ? 2 : 1);
  Dims padded, out;
  bool fits = true;
  for (std::size_t i = 0; i < a.rank; ++i) {
    const std::size_t d = 3 - a.rank + i;
    if (same) w.before[d] = (w.reach(d) - 1) / 2;
    padded.push_back(sizes[i] + (same ? w.reach(d) - 1 : 2 * w.before[d]));
    fits = fits && sizes[i] > 0 && padded[i] >= w.reach(d);
    out.push_back((padded[i] - w.reach(d)) / w.stride[d] + 1);
  }
  if (!fits) {
    Dims reach;
    for (std::size_t i = 0; i < a.rank; ++i) reach.push_back(w.reach(3 - a.rank + i));
    throw ShapeError(
        fmt::format("Calculated padded input size per channel: ({}). Kernel size: ({}). Kernel size "
                    "can't be greater than actual input size",
                    by_x(padded), by_x(reach)));
  }
  if (batched) return forth(input, weight, bias, a.convolution, out);
  return forth(input.unsqueeze(0), weight, bias, a.convolution, out).squeeze(0);
}

Tensor convolve_transposed(Arguments& a, const Tensor& input, const Tensor& weight, const Tensor& bias,
                           IntArrayRef padding, IntArrayRef output_padding) {
  a.set_padding(padding);
  const Space more = expand(output_padding, a.rank, "output_padding", 0);
  const bool batched = a.take(input, weight, bias);
  const Windows& w = a.convolution.windows;
  const IntArrayRef sizes = input.sizes().slice(batched ? 2 : 1);
  Dims out;
  bool fits = true;
  for (std::size_t i = 0; i < a.rank; ++i) {
    const std::size_t d = 3 - a.rank + i;
    check<ValueError>(more[d] >= 0, "negative output_padding is not supported");
    check<ValueError>(
        more[d] < w.stride[d] || more[d] < w.dilation[d],
        "output padding must be smaller than either stride or dilation, but got output_padding={}, "
        "stride={}, dilation={}",
        Shown{given(more, a.rank)}, Shown{given(w.stride, a.rank)}, Shown{given(w.dilation, a.rank)});
    out.push_back((sizes[i] - 1) * w.stride[d] - 2 * w.before[d] + w.reach(d) + more[d]);
    fits = fits && out[i] > 0 && sizes[i] > 0;
  }
  check<ShapeError>(
      fits,
      "Given input size per channel: ({}). Calculated output size per channel: ({}). Output size is "
      "too small",
      by_x(sizes), by_x(out));
  if (batched) return back(input, weight, bias, a.convolution, out);
  return back(input.unsqueeze(0), weight, bias, a.convolution, out).squeeze(0);
}

}  // namespace

#define BALLAST_CONVOLUTION(NAME, RANK)                                                          \
  Tensor NAME(const Tensor& input, const Tensor& weight, const Tensor& bias, IntArrayRef stride, \
              const PaddingArgument& padding, IntArrayRef dilation, std::int64_t groups) {       \
    Arguments a(#NAME, RANK, false, stride, dilation, groups);                                   \
    return convolve(a, input, weight, bias, padding);                                            \
  }
BALLAST_CONVOLUTION(conv1d, 1)
BALLAST_CONVOLUTION(conv2d, 2)
BALLAST_CONVOLUTION(conv3d, 3)
#undef BALLAST_CONVOLUTION

#define BALLAST_CONVOLUTION(NAME, RANK)                                                                     \
  Tensor NAME(const Tensor& input, const Tensor& weight, const Tensor& bias, IntArrayRef stride,            \
              IntArrayRef padding, IntArrayRef output_padding, std::int64_t groups, IntArrayRef dilation) { \
    Arguments a(#NAME, RANK, true, stride, dilation, groups);                                               \
    return convolve_transposed(a, input, weight, bias, padding, output_padding);                            \
  }
BALLAST_CONVOLUTION(conv_transpose1d, 1)
BALLAST_CONVOLUTION(conv_transpose2d, 2)
BALLAST_CONVOLUTION(conv_transpose3d, 3)
#undef BALLAST_CONVOLUTION

}  // namespace ballast
