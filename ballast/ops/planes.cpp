#include "ballast/ops/planes.h"

#include "ballast/autograd/tape.h"
#include "ballast/core/parallel.h"
#include "ballast/ops/compute_type.h"
#include "ballast/ops/copy.h"

namespace ballast::detail {
namespace {

constexpr DTypeSet kTypes = kIntegers | kReals;

struct Planes {
  std::int64_t count, in, out;  ///< planes, and elements of one on both sides
};

/// Calls f(T, Index, ...) for the element type and for the type of the index.
template <class F>
void visit(DType dtype, DType index, const char* name, const F& f) {
  visit_dtype_of<kTypes>(dtype, name, [&]<class T>(std::type_identity<T> t) {
    if (index == kInt32) {
      f(t, std::type_identity<std::int32_t>{});
    } else {
      check<DTypeError>(index == kInt64, "elements in indices should be type int64 but got: {}",
                        dtype_error_name(index));
      f(t, std::type_identity<std::int64_t>{});
    }
  });
}

[[noreturn]] void throw_outside(std::int64_t at, std::int64_t size) {
  throw IndexError(fmt::format("Found an invalid max index: {} (planes have {} elements)", at, size));
}

IntArrayRef leading(const Tensor& t, std::size_t rank) { return t.sizes().slice(0, t.sizes().size() - rank); }

}  // namespace

Tensor gather_planes(const Tensor& x, const Tensor& index, std::size_t rank, const char* name) {
  const Tape tape(x);
  Tensor out = empty(index.sizes(), x.options());
  if (!out.is_meta()) {
    const Tensor from = x.contiguous(), at = index.contiguous();
    const Planes p{numel_of(leading(x, rank)), numel_of(x.sizes().slice(x.sizes().size() - rank)),
                   numel_of(index.sizes().slice(index.sizes().size() - rank))};
    visit(x.dtype(), index.dtype(), "max_unpool",
          [&]<class T, class I>(std::type_identity<T>, std::type_identity<I>) {
            const T* const source = from.data_ptr<T>();
            const I* const where = at.data_ptr<I>();
            T* const to = out.data_ptr<T>();
            parallel_for(p.count, grain_for(std::max(p.in, p.out)),
                         [&](std::int64_t begin, std::int64_t end) {
                           for (std::int64_t i = begin * p.out; i < end * p.out; ++i) {
                             const I k = where[i];
                             if (k < 0 || k >= p.in) throw_outside(k, p.in);
                             to[i] = source[i / p.out * p.in + k];
                           }
                         });
          });
  }
  if (tape.on()) {
    const Dims sizes(x.sizes().slice(x.sizes().size() - rank));
    tape.record(name, out, saved(index),
                [sizes, name](Backward& b) { b.give(0, scatter_planes(b.grad(), b.saved(0), sizes, name)); });
  }
  return out;
}

Tensor scatter_planes(const Tensor& y, const Tensor& index, IntArrayRef sizes, const char* name) {
  const std::size_t rank = sizes.size();
  const Tape tape(y);
  Dims whole(leading(y, rank));
  for (const std::int64_t s : sizes) whole.push_back(s);
  Tensor out = empty(whole, y.options());
  if (!out.is_meta()) {
    const Tensor from = y.contiguous(), at = index.contiguous();
    const Planes p{numel_of(leading(y, rank)), numel_of(sizes),
                   numel_of(y.sizes().slice(y.sizes().size() - rank))};
    visit(y.dtype(), index.dtype(), "max_pool_backward",
          [&]<class T, class I>(std::type_identity<T>, std::type_identity<I>) {
            const T* const source = from.data_ptr<T>();
            const I* const where = at.data_ptr<I>();
            T* const to = out.data_ptr<T>();
            parallel_for(p.count, grain_for(std::max(p.in, p.out)),
                         [&](std::int64_t begin, std::int64_t end) {
                           std::fill(to + begin * p.in, to + end * p.in, T(0));
                           for (std::int64_t plane = begin; plane < end; ++plane) {
                             T* const row = to + plane * p.in;
                             for (std::int64_t i = plane * p.out; i < (plane + 1) * p.out; ++i) {
                               const I k = where[i];
                               if (k < 0 || k >= p.in) throw_outside(k, p.in);
                               row[k] = convert_element<T>(to_compute(row[k]) + to_compute(source[i]));
                             }
                           }
                         });
          });
  }
  if (tape.on()) {
    tape.record(name, out, saved(index),
                [rank, name](Backward& b) { b.give(0, gather_planes(b.grad(), b.saved(0), rank, name)); });
  }
  return out;
}

}  // namespace ballast::detail
