#include "ballast/ops/resampling.h"

#include "ballast/autograd/tape.h"
#include "ballast/core/parallel.h"
#include "ballast/ops/compute_type.h"
#include "ballast/ops/copy.h"

namespace ballast::detail {
namespace {

using Plan = std::shared_ptr<const std::vector<DimTaps>>;

/// A row-major tensor seen along one dimension.
struct Lines {
  std::int64_t outer, inner;
  Lines(IntArrayRef sizes, std::size_t d)
      : outer(numel_of(sizes.slice(0, d))), inner(numel_of(sizes.slice(d + 1))) {}
};

/// y[., o, .] = sum of weight * x[., input, .].
template <class T>
void apply(const Taps& taps, const Lines& l, const T* x, T* y) {
  const std::int64_t in = taps.inputs(), out = taps.outputs();
  parallel_for(l.outer, grain_for(l.inner * std::max(in, out)), [&](std::int64_t begin, std::int64_t end) {
    for (std::int64_t i = begin; i < end; ++i) {
      const T* const from = x + i * in * l.inner;
      T* const to = y + i * out * l.inner;
      for (std::int64_t o = 0; o < out; ++o) {
        const Taps::Entry *tap = taps.begin(o), *const last = taps.end(o);
        if (l.inner == 1) {
          T sum = tap == last ? T(0) : static_cast<T>(tap->weight) * from[tap->input];
          for (++tap; tap < last; ++tap) sum += static_cast<T>(tap->weight) * from[tap->input];
          to[o] = sum;
          continue;
        }
        T* const row = to + o * l.inner;
        if (tap == last) std::fill(row, row + l.inner, T(0));
        for (bool first = true; tap != last; ++tap, first = false) {
          const T weight = static_cast<T>(tap->weight);
          const T* const source = from + tap->input * l.inner;
          if (first) {
            for (std::int64_t k = 0; k < l.inner; ++k) row[k] = weight * source[k];
          } else {
            for (std::int64_t k = 0; k < l.inner; ++k) row[k] += weight * source[k];
          }
        }
      }
    }
  });
}

/// x[., input, .] = sum of weight * y[., o, .]: the transpose.
template <class T>
void apply_transposed(const Taps& taps, const Lines& l, const T* y, T* x) {
  const std::int64_t in = taps.inputs(), out = taps.outputs();
  parallel_for(l.outer, grain_for(l.inner * std::max(in, out)), [&](std::int64_t begin, std::int64_t end) {
    std::fill(x + begin * in * l.inner, x + end * in * l.inner, T(0));
    for (std::int64_t i = begin; i < end; ++i) {
      const T* const from = y + i * out * l.inner;
      T* const to = x + i * in * l.inner;
      for (std::int64_t o = 0; o < out; ++o) {
        for (const Taps::Entry* tap = taps.begin(o); tap != taps.end(o); ++tap) {
          const T weight = static_cast<T>(tap->weight);
          T* const row = to + tap->input * l.inner;
          const T* const source = from + o * l.inner;
          for (std::int64_t k = 0; k < l.inner; ++k) row[k] += weight * source[k];
        }
      }
    }
  });
}

Dims with(IntArrayRef sizes, std::size_t d, std::int64_t n) {
  Dims out(sizes);
  out[d] = n;
  return out;
}

Tensor recorded(const char* name, const Tensor& x, const Plan& plan, bool transposed) {
  const Tape tape(x);
  Tensor out = x;
  const auto n_dims = static_cast<std::ptrdiff_t>(plan->size());
  const auto step_of = [&](std::ptrdiff_t i) -> const DimTaps& {
    return (*plan)[static_cast<std::size_t>(transposed ? n_dims - 1 - i : i)];
  };
  if (x.is_meta()) {
    Dims sizes(x.sizes());
    for (const DimTaps& d : *plan) sizes[d.dim] = transposed ? d.taps.inputs() : d.taps.outputs();
    out = empty(sizes, x.options());
  } else {
    visit_dtype_of<kReals>(x.dtype(), name, [&]<class T>(std::type_identity<T>) {
      using C = compute_t<T>;
      out = x.to(dtype_of<C>).contiguous();
      for (std::ptrdiff_t i = 0; i < n_dims; ++i) {
        const DimTaps& d = step_of(i);
        const Tensor from = out;
        out =
            empty(with(from.sizes(), d.dim, transposed ? d.taps.inputs() : d.taps.outputs()), from.options());
        const Lines lines(from.sizes(), d.dim);
        (transposed ? apply_transposed<C> : apply<C>)(d.taps, lines, from.template data_ptr<C>(),
                                                      out.template data_ptr<C>());
      }
      if (n_dims == 0) out = out.clone();
      out = out.to(x.dtype());
    });
  }
  if (tape.on()) {
    tape.record(name, out, saved(), [name, plan, transposed](Backward& b) {
      b.give(0, recorded(name, b.grad(), plan, !transposed));
    });
  }
  return out;
}

}  // namespace

Tensor resample(const char* name, const Tensor& x, std::vector<DimTaps> dims) {
  return recorded(name, x, std::make_shared<const std::vector<DimTaps>>(std::move(dims)), false);
}

}  // namespace ballast::detail
