#include "ballast/ops/indexing.h"

#include "ballast/autograd/tape.h"
#include "ballast/core/strided_loop.h"
#include "ballast/ops/compute_type.h"
#include "ballast/ops/factories.h"

namespace ballast {
namespace {

/// An index tensor checked: int64, and each in [0, size) of dimension `dim`.
void check_indices(const Tensor& index, std::int64_t size, std::int64_t dim, const char* name) {
  check<DTypeError>(index.dtype() == kInt64, "{}(): Expected dtype int64 for index, but got {}", name,
                    dtype_name(index.dtype()));
  if (index.is_meta()) return;
  StridedLoop<1>(index.sizes(), {operand(index)})
      .run_range(0, index.numel(), [&](std::byte* const* p, const std::int64_t* step, std::int64_t n) {
        for (std::int64_t i = 0; i < n; ++i) {
          const auto at = load<std::int64_t>(p[0] + i * step[0]);
          check<IndexError>(at >= 0 && at < size, "index {} is out of bounds for dimension {} with size {}",
                            at, dim, size);
        }
      });
}

/// A view of `t` in which position 0 of `dim` stands for all of them: what an index counts from.
Tensor without_steps(const Tensor& t, std::size_t dim, IntArrayRef sizes) {
  Dims strides(t.strides());
  strides[dim] = 0;
  return t.alias(sizes, strides, t.storage_offset());
}

void check_index_shape(const Tensor& self, std::size_t d, const Tensor& index, const char* name) {
  check<ShapeError>(index.dim() == self.dim(),
                    "Index tensor must have the same number of dimensions as {} tensor: {} against {}", name,
                    index.dim(), self.dim());
  for (std::size_t i = 0; i < index.sizes().size(); ++i) {
    check<ShapeError>(
        i == d || index.sizes()[i] <= self.sizes()[i],
        "Size does not match at dimension {} expected index {} to be no larger than {} {} apart from "
        "dimension {}",
        i, Shown{index.sizes()}, name, Shown{self.sizes()}, d);
  }
}

/// A number is a vector of one, here.
Tensor as_vector(const Tensor& t) { return t.dim() == 0 ? t.reshape({1}) : t; }

/// self[index] along d, or added to it: the walk both share. The rows of the walk go `f(place in self, place in other)`.
template <class T, class F>
void walk_indexed(const Tensor& self, std::size_t d, const Tensor& index, const Tensor& other, const F& f) {
  const Tensor from = without_steps(self, d, index.sizes());
  const std::int64_t step = self.strides()[d] * self.itemsize();
  StridedLoop<3>(index.sizes(), {operand(other), operand(from), operand(index)})
      .run_range(0, index.numel(), [&](std::byte* const* p, const std::int64_t* s, std::int64_t n) {
        for (std::int64_t i = 0; i < n; ++i) {
          f(p[1] + i * s[1] + load<std::int64_t>(p[2] + i * s[2]) * step, p[0] + i * s[0]);
        }
      });
}

Tensor spread_index(const Tensor& index, std::size_t d, IntArrayRef sizes) {
  Dims shape(sizes.size(), 1);
  shape[d] = index.numel();
  Dims target(sizes);
  target[d] = index.numel();
  return index.reshape(shape).expand(target);
}

}  // namespace

Tensor gather(const Tensor& self, std::int64_t dim, const Tensor& index) {
  const auto d = static_cast<std::size_t>(wrap_dim(dim, self.dim()));
  if (index.numel() == 0) return empty(index.sizes(), self.options());
  if (self.dim() == 0 || index.dim() == 0)
    return gather(as_vector(self), 0, as_vector(index)).reshape(index.sizes());
  check_index_shape(self, d, index, "input");
  check_indices(index, self.sizes()[d], static_cast<std::int64_t>(d), "gather");
  const Tape tape(self);
  Tensor out = empty(index.sizes(), self.options());
  if (!out.is_meta()) {
    visit_dtype(self.dtype(), [&]<class T>(std::type_identity<T>) {
      walk_indexed<T>(self, d, index, out,
                      [](const std::byte* from, std::byte* to) { store(to, load<T>(from)); });
    });
  }
  if (tape.on()) {
    tape.record("GatherBackward0", out, saved(index), [d, sizes = Dims(self.sizes())](Backward& b) {
      b.give(0, scatter_add(zeros(sizes, b.grad().options()), static_cast<std::int64_t>(d), b.saved(0),
                            b.grad()));
    });
  }
  return out;
}

Tensor scatter_add(const Tensor& self, std::int64_t dim, const Tensor& index, const Tensor& src) {
  const auto d = static_cast<std::size_t>(wrap_dim(dim, self.dim()));
  if (self.dim() == 0) {
    return scatter_add(as_vector(self), 0, as_vector(index), as_vector(src)).reshape({});
  }
  check_index_shape(self, d, index, "self");
  check_indices(index, self.sizes()[d], static_cast<std::int64_t>(d), "scatter_add");
  check<DTypeError>(self.dtype() == src.dtype(), "scatter(): Expected self.dtype to be equal to src.dtype");
  for (std::size_t i = 0; i < index.sizes().size(); ++i) {
    check<ShapeError>(index.sizes()[i] <= src.sizes()[i],
                      "Expected index {} to be no larger than src {} in dimension {}", Shown{index.sizes()},
                      Shown{src.sizes()}, i);
  }
  const Tape tape(self, src);
  Tensor out = empty(self.sizes(), self.options());
  if (!out.is_meta()) {
    copy_elements(out, self);
    const Tensor part = src.alias(index.sizes(), src.strides(), src.storage_offset());
    visit_dtype_of<kBools | kIntegers | kReals | kComplexes>(
        self.dtype(), "scatter_add_cpu", [&]<class T>(std::type_identity<T>) {
          walk_indexed<T>(out, d, index, part, [](std::byte* to, const std::byte* from) {
            store(to, convert_element<T>(load_for_compute<T>(to) + load_for_compute<T>(from)));
          });
        });
  }
  if (tape.on()) {
    tape.record("ScatterAddBackward0", out, saved(index), [d, shape = Dims(src.sizes())](Backward& b) {
      if (b.wants(0)) b.give(0, b.grad());
      if (b.wants(1)) {
        Tensor part = gather(b.grad(), static_cast<std::int64_t>(d), b.saved(0));
        check<NotImplementedError>(part.sizes() == shape.ref(),
                                   "scatter_add: no gradient where src is larger than index");
        b.give(1, std::move(part));
      }
    });
  }
  return out;
}

Tensor index_select(const Tensor& self, std::int64_t dim, const Tensor& index) {
  check<ShapeError>(index.dim() <= 1, "index_select(): Index is supposed to be a vector, but got dim: {}",
                    index.dim());
  if (self.dim() == 0) return index_select(as_vector(self), 0, index).reshape({});
  const auto d = static_cast<std::size_t>(wrap_dim(dim, self.dim()));
  check_indices(index, self.sizes()[d], static_cast<std::int64_t>(d), "index_select");
  const Tape tape(self);
  Dims sizes(self.sizes());
  sizes[d] = index.numel();
  Tensor out = empty(sizes, self.options());
  if (!out.is_meta() && out.numel() > 0) {
    // Slices are copied whole: a row of a table is one run.
    const auto slice = [d](const Tensor& t, std::int64_t at) {
      Dims rest(t.sizes()), steps(t.strides());
      rest.erase(d);
      steps.erase(d);
      return t.alias(rest, steps, t.storage_offset() + at * t.strides()[d]);
    };
    const Tensor plain = as_vector(index).contiguous();
    const auto* const at = plain.data_ptr<std::int64_t>();
    if (self.is_contiguous() && d == 0) {
      const std::int64_t bytes = self.strides()[0] * self.itemsize();
      const auto* const from = static_cast<const std::byte*>(self.data_ptr());
      auto* const to = static_cast<std::byte*>(out.data_ptr());
      for (std::int64_t i = 0; i < plain.numel(); ++i)
        std::memcpy(to + i * bytes, from + at[i] * bytes, static_cast<std::size_t>(bytes));
    } else {
      for (std::int64_t i = 0; i < plain.numel(); ++i) copy_elements(slice(out, i), slice(self, at[i]));
    }
  }
  if (tape.on()) {
    tape.record("IndexSelectBackward0", out, saved(index), [d, own = Dims(self.sizes())](Backward& b) {
      b.give(0,
             index_add(zeros(own, b.grad().options()), static_cast<std::int64_t>(d), b.saved(0), b.grad()));
    });
  }
  return out;
}

Tensor index_add(const Tensor& self, std::int64_t dim, const Tensor& index, const Tensor& source,
                 const Scalar& alpha) {
  check<ShapeError>(index.dim() <= 1, "index_add_(): Index is supposed to be a vector, but got dim: {}",
                    index.dim());
  if (self.dim() == 0) return index_add(as_vector(self), 0, index, as_vector(source), alpha).reshape({});
  const auto d = static_cast<std::size_t>(wrap_dim(dim, self.dim()));
  const bool one = alpha.toComplexDouble() == 1.0;
  return scatter_add(self, static_cast<std::int64_t>(d), spread_index(as_vector(index), d, source.sizes()),
                     one ? source : source.mul(alpha));
}

}  // namespace ballast
