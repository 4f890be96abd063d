#include <cmath>

#include "ballast/autograd/tape.h"
#include "ballast/core/parallel.h"
#include "ballast/ops/compute_type.h"
#include "ballast/ops/copy.h"
#include "ballast/ops/planes.h"
#include "ballast/ops/pooling.h"
#include "ballast/ops/pooling_windows.h"

namespace ballast {
namespace {

using detail::PoolingInput;

/// Where windows lie: the elements first, first + step, ... below last along each dimension.
struct Range {
  std::int64_t first, last, step;
};

/// Without branches, which random data would mispredict.
template <class T>
bool replaces(T candidate, T best) {
  if constexpr (std::is_floating_point_v<T>) {
    return static_cast<int>(candidate > best) |
           static_cast<int>(candidate != candidate);  // NaN counts as more
  } else {
    return candidate > best;
  }
}

/// Maxima over windows of one plane; `range(d, o)` gives window o along d.
template <class T, class I, class RangeOf>
void pool_plane(const T* x, T* y, I* index, const Space& in, const Space& out, const RangeOf& range) {
  std::int64_t o = 0;
  for (std::int64_t od = 0; od < out[0]; ++od) {
    const Range depth = range(0, od);
    for (std::int64_t oh = 0; oh < out[1]; ++oh) {
      const Range height = range(1, oh);
      for (std::int64_t ow = 0; ow < out[2]; ++ow, ++o) {
        const Range width = range(2, ow);
        std::int64_t at = (depth.first * in[1] + height.first) * in[2] + width.first;
        T best = x[at];
        for (std::int64_t d = depth.first; d < depth.last; d += depth.step) {
          for (std::int64_t h = height.first; h < height.last; h += height.step) {
            const T* const row = x + (d * in[1] + h) * in[2];
            for (std::int64_t w = width.first; w < width.last; w += width.step) {
              if (replaces(row[w], best)) {
                best = row[w];
                at = row + w - x;
              }
            }
          }
        }
        y[o] = best;
        if (index != nullptr) index[o] = static_cast<I>(at);
      }
    }
  }
}

/// The most common windows, 2 x 2 side by side. Positions are chosen, not values: integers need no branches for that.
template <class T, class I>
void pool_plane_2x2(const T* x, T* y, I* index, const Space& in, const Space& out) {
  for (std::int64_t oh = 0; oh < out[1]; ++oh) {
    std::int64_t at = 2 * oh * in[2];
    const std::int64_t first = oh * out[2];
    for (std::int64_t o = first; o < first + out[2]; ++o, at += 2) {
      const std::int64_t below = at + in[2];
      const std::int64_t a = at + static_cast<std::int64_t>(replaces(x[at + 1], x[at]));
      const std::int64_t b = below + static_cast<std::int64_t>(replaces(x[below + 1], x[below]));
      const std::int64_t best = a + (b - a) * static_cast<std::int64_t>(replaces(x[b], x[a]));
      y[o] = x[best];
      if (index != nullptr) index[o] = static_cast<I>(best);
    }
  }
}

bool is_2x2(const Windows& w) { return w == Windows{.kernel = {1, 2, 2}, .stride = {1, 2, 2}}; }

/// Values and, if `index` is defined, their places. `Windowed` calls f(x, y, index) for planes of one type.
template <class PoolPlane>
void pool_all(const Tensor& x, const Tensor& y, const Tensor& index, const PoolingInput& p,
              const PoolPlane& pool) {
  if (y.is_meta() || y.numel() == 0) return;
  visit_dtype_of<kIntegers | kReals>(x.dtype(), p.kernel, [&]<class T>(std::type_identity<T>) {
    using C = std::conditional_t<std::is_integral_v<T>, std::int64_t, compute_t<T>>;
    const Tensor from = x.to(dtype_of<C>).contiguous();
    const Tensor to = std::is_same_v<T, C> ? y : empty(y.sizes(), dtype_of<C>);
    const std::int64_t in = places(p.in), out = places(p.out);
    const auto run = [&]<class I>(std::type_identity<I>) {
      I* const where = index.defined() ? index.data_ptr<I>() : nullptr;
      parallel_for(p.planes, grain_for(in), [&](std::int64_t begin, std::int64_t end) {
        for (std::int64_t i = begin; i < end; ++i) {
          pool(from.data_ptr<C>() + i * in, to.data_ptr<C>() + i * out,
               where == nullptr ? nullptr : where + i * out, i);
        }
      });
    };
    if (index.defined() && index.dtype() == kInt32) {
      run(std::type_identity<std::int32_t>{});
    } else {
      run(std::type_identity<std::int64_t>{});
    }
    if (!std::is_same_v<T, C>) copy_elements(y, to);
  });
}

/// Pools, recorded as `name`; with the indices as int64 if they are asked for.
template <class PoolPlane>
std::tuple<Tensor, Tensor> pool(const char* name, const PoolingInput& p, bool with_indices,
                                const PoolPlane& pool_one) {
  const Tensor& x = p.input;
  const Tape tape(x);
  Tensor y = empty(p.result_sizes(), x.options());
  Tensor index;
  if (with_indices || tape.on()) {
    const bool small = !with_indices && places(p.in) < (std::int64_t{1} << 31);
    index = empty(y.sizes(), x.options().dtype(small ? kInt32 : kInt64));
  }
  pool_all(x, y, index, p, pool_one);
  if (tape.on()) {
    tape.record(name, y, saved(index), [name, sizes = p.plane_sizes()](Backward& b) {
      b.give(0, detail::scatter_planes(b.grad(), b.saved(0), sizes, name));
    });
  }
  return {std::move(y), with_indices ? std::move(index) : Tensor()};
}

constexpr std::array kNames{"MaxPool1DWithIndicesBackward0", "MaxPool2DWithIndicesBackward0",
                            "MaxPool3DWithIndicesBackward0"};
constexpr std::array kAdaptiveNames{"AdaptiveMaxPool1DBackward0", "AdaptiveMaxPool2DBackward0",
                                    "AdaptiveMaxPool3DBackward0"};

std::tuple<Tensor, Tensor> max_pool(std::size_t rank, const char* function, const Tensor& input,
                                    IntArrayRef kernel, IntArrayRef stride, IntArrayRef padding,
                                    IntArrayRef dilation, bool ceil_mode, bool with_indices) {
  PoolingInput p(function, rank, input);
  const Windows w = p.take_windows(kernel, stride, padding, dilation, ceil_mode);
  const auto range = [&](std::size_t d, std::int64_t o) {
    const std::int64_t start = o * w.stride[d] - w.before[d];
    const std::int64_t skipped = start < 0 ? (-start + w.dilation[d] - 1) / w.dilation[d] : 0;
    return Range{start + skipped * w.dilation[d], std::min(start + w.reach(d), p.in[d]), w.dilation[d]};
  };
  const bool quick = rank == 2 && is_2x2(w) && p.out[1] * 2 <= p.in[1] && p.out[2] * 2 <= p.in[2];
  return pool(kNames[rank - 1], p, with_indices, [&](const auto* x, auto* y, auto* index, std::int64_t) {
    if (quick) {
      pool_plane_2x2(x, y, index, p.in, p.out);
    } else {
      pool_plane(x, y, index, p.in, p.out, range);
    }
  });
}

std::tuple<Tensor, Tensor> adaptive_max_pool(std::size_t rank, const char* function, const Tensor& input,
                                             IntArrayRef output_size) {
  PoolingInput p(function, rank, input);
  p.take_output_size(output_size);
  const auto range = [&](std::size_t d, std::int64_t o) {
    return Range{detail::adaptive_begin(o, p.in[d], p.out[d]), detail::adaptive_end(o, p.in[d], p.out[d]), 1};
  };
  return pool(kAdaptiveNames[rank - 1], p, true, [&](const auto* x, auto* y, auto* index, std::int64_t) {
    pool_plane(x, y, index, p.in, p.out, range);
  });
}

Tensor max_unpool(std::size_t rank, const char* name, const Tensor& input, const Tensor& indices,
                  IntArrayRef output_size) {
  check<DTypeError>(indices.dtype() == kInt64, "elements in indices should be type int64 but got: {}",
                    dtype_error_name(indices.dtype()));
  check<ValueError>(output_size.size() == rank,
                    "There should be exactly {} elements in output_size, but got {}", rank,
                    output_size.size());
  const auto planes = static_cast<std::int64_t>(rank);
  check<ShapeError>(
      input.dim() == planes + 1 || input.dim() == planes + 2,
      "Input to max_unpooling{}d should be a {}d or {}d Tensor, but got a tensor with {} dimensions.", rank,
      rank + 1, rank + 2, input.dim());
  check<ShapeError>(
      input.sizes() == indices.sizes(),
      "Expected shape of indices to be same as that of the input tensor ({}) but got indices tensor "
      "with shape: {}",
      Shown{input.sizes()}, Shown{indices.sizes()});
  for (const std::int64_t s : output_size)
    check<ValueError>(s > 0, "max_unpool{}d: sizes of the result must be positive, but got {}", rank,
                      Shown{output_size});
  const Tape tape(input);
  const std::size_t lead = input.sizes().size() - rank;
  Dims sizes(input.sizes().slice(0, lead));
  for (const std::int64_t s : output_size) sizes.push_back(s);
  Tensor out = empty(sizes, input.options());
  if (!out.is_meta()) {
    out.zero_();
    const Tensor from = input.contiguous(), at = indices.contiguous();
    const std::int64_t each = numel_of(input.sizes().slice(lead)), plane = numel_of(output_size);
    visit_dtype_of<kReals | kIntegers>(input.dtype(), "max_unpooling", [&]<class T>(std::type_identity<T>) {
      const T* const x = from.data_ptr<T>();
      const auto* const where = at.data_ptr<std::int64_t>();
      T* const y = out.data_ptr<T>();
      for (std::int64_t i = 0; i < input.numel(); ++i) {
        check<IndexError>(where[i] >= 0 && where[i] < plane,
                          "Found an invalid max index: {} (output volumes are of size {})", where[i],
                          fmt::join(output_size.begin(), output_size.end(), "x"));
        y[i / each * plane + where[i]] = x[i];
      }
    });
  }
  if (tape.on()) {
    tape.record(name, out, saved(indices), [rank, name](Backward& b) {
      b.give(0, detail::gather_planes(b.grad(), b.saved(0), rank, name));
    });
  }
  return out;
}

std::tuple<Tensor, Tensor> fractional_max_pool(std::size_t rank, const char* function, const char* name,
                                               const Tensor& input, IntArrayRef kernel,
                                               IntArrayRef output_size, const Tensor& samples) {
  PoolingInput p(function, rank, input);
  const auto whole = [&](IntArrayRef v, const char* what) {
    check<ValueError>(v.size() == rank || v.size() == 1, "{}: {} must either be a single int or {} ints",
                      function, what, rank);
    return space_of(v.size() == rank ? Dims(v) : Dims(rank, v[0]));
  };
  const Space k = whole(kernel, "kernel_size");
  p.out = whole(output_size, "output_size");
  const std::int64_t channels = input.size(-static_cast<std::int64_t>(rank) - 1);
  const bool batched = input.dim() == static_cast<std::int64_t>(rank) + 2;
  check<DTypeError>(samples.dtype() == input.dtype(),
                    "Expect _random_samples to have the same dtype as input");
  check<ShapeError>(samples.dim() == 3 && samples.sizes()[0] == (batched ? input.sizes()[0] : 1) &&
                        samples.sizes()[1] == channels &&
                        samples.sizes()[2] == static_cast<std::int64_t>(rank),
                    "{}: expected random samples of size [{}, {}, {}], but got {}", function,
                    batched ? input.sizes()[0] : 1, channels, rank, Shown{samples.sizes()});
  for (std::size_t d = 3 - rank; d < 3; ++d) {
    check<ValueError>(k[d] > 0 && p.out[d] > 0, "{}: kernel_size and output_size must be greater than zero",
                      function);
    check<ValueError>(p.out[d] + k[d] - 1 <= p.in[d],
                      "{}(): pool size {} too large relative to input size {}", function, k[d], p.in[d]);
  }
  const Tensor u = samples.to(kFloat64).contiguous();
  return pool(name, p, true, [&](const auto* x, auto* y, auto* index, std::int64_t plane) {
    const double* const sample = u.data_ptr<double>() + plane * static_cast<std::int64_t>(rank);
    const auto begins = [&](std::size_t d, std::int64_t o) -> std::int64_t {
      if (d < 3 - rank) return 0;
      if (o + 1 == p.out[d]) return p.in[d] - k[d];
      // Samples are in the order width, height, depth; the arithmetic is that of the element type.
      const auto in_type = [&]<class T>(T s) {
        const T alpha = static_cast<T>(p.in[d] - k[d]) / static_cast<T>(p.out[d] - 1);
        return static_cast<std::int64_t>((static_cast<T>(o) + s) * alpha) -
               static_cast<std::int64_t>(s * alpha);
      };
      const double s = sample[rank == 2 ? 2 - d : d];
      return input.dtype() == kFloat64 ? in_type(s) : in_type(static_cast<float>(s));
    };
    pool_plane(x, y, index, p.in, p.out, [&](std::size_t d, std::int64_t o) {
      const std::int64_t first = begins(d, o);
      return Range{first, first + k[d], 1};
    });
  });
}

}  // namespace

#define BALLAST_POOLING(RANK)                                                                              \
  Tensor max_pool##RANK##d(const Tensor& input, IntArrayRef kernel_size, IntArrayRef stride,               \
                           IntArrayRef padding, IntArrayRef dilation, bool ceil_mode) {                    \
    return std::get<0>(max_pool(RANK, "max_pool" #RANK "d", input, kernel_size, stride, padding, dilation, \
                                ceil_mode, false));                                                        \
  }                                                                                                        \
  std::tuple<Tensor, Tensor> max_pool##RANK##d_with_indices(const Tensor& input, IntArrayRef kernel_size,  \
                                                            IntArrayRef stride, IntArrayRef padding,       \
                                                            IntArrayRef dilation, bool ceil_mode) {        \
    return max_pool(RANK, "max_pool" #RANK "d", input, kernel_size, stride, padding, dilation, ceil_mode,  \
                    true);                                                                                 \
  }                                                                                                        \
  std::tuple<Tensor, Tensor> adaptive_max_pool##RANK##d(const Tensor& input, IntArrayRef output_size) {    \
    return adaptive_max_pool(RANK, "adaptive_max_pool" #RANK "d", input, output_size);                     \
  }                                                                                                        \
  Tensor max_unpool##RANK##d(const Tensor& input, const Tensor& indices, IntArrayRef output_size) {        \
    return max_unpool(RANK, "MaxUnpool" #RANK "DBackward0", input, indices, output_size);                  \
  }
BALLAST_POOLING(1)
BALLAST_POOLING(2)
BALLAST_POOLING(3)
#undef BALLAST_POOLING

std::tuple<Tensor, Tensor> fractional_max_pool2d(const Tensor& input, IntArrayRef kernel_size,
                                                 IntArrayRef output_size, const Tensor& random_samples) {
  return fractional_max_pool(2, "fractional_max_pool2d", "FractionalMaxPool2DBackward0", input, kernel_size,
                             output_size, random_samples);
}
std::tuple<Tensor, Tensor> fractional_max_pool3d(const Tensor& input, IntArrayRef kernel_size,
                                                 IntArrayRef output_size, const Tensor& random_samples) {
  return fractional_max_pool(3, "fractional_max_pool3d", "FractionalMaxPool3DBackward0", input, kernel_size,
                             output_size, random_samples);
}

}  // namespace ballast
