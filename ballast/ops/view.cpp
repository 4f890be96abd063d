#include "ballast/ops/view.h"

#include <algorithm>
#include <vector>

#include "ballast/autograd/view.h"

namespace ballast {
namespace {

using autograd::Layout;
using autograd::Window;

/// A view of some elements of `self`: `window_of(strides)` says where they lie for given strides. The gradient is zeros with
/// that of the view in their place.
template <class F>
Tensor part_of(const char* name, const Tensor& self, const F& window_of) {
  const Window here = window_of(self.strides());
  Tensor view = self.alias(here.sizes, here.strides, self.storage_offset() + here.offset);
  if (autograd::begin_view(self, view)) {
    const Tape tape(self);
    Layout layout{Dims(self.sizes()), contiguous_strides(self.sizes())};
    Window window = window_of(layout.strides);
    tape.record(name, view, saved(), [layout = std::move(layout), window = std::move(window)](Backward& b) {
      b.give(0, autograd::spread_window(b.grad(), layout, window));
    });
  }
  return view;
}

}  // namespace

Tensor Tensor::select(std::int64_t d, std::int64_t index) const {
  check<IndexError>(dim() > 0, "select() cannot be applied to a 0-dim tensor.");
  const std::size_t k = dim_index(d);
  const std::int64_t n = sizes()[k];
  check<IndexError>(index >= -n && index < n,
                    "select(): index {} out of range for tensor of size {} at dimension {}", index,
                    Shown{sizes()}, k);
  return part_of("SelectBackward0", *this, [&](IntArrayRef steps) {
    Window w{Dims(sizes()), Dims(steps), (index < 0 ? index + n : index) * steps[k]};
    w.sizes.erase(k);
    w.strides.erase(k);
    return w;
  });
}

Tensor Tensor::slice(std::int64_t d, std::optional<std::int64_t> start, std::optional<std::int64_t> end,
                     std::int64_t step) const {
  check<IndexError>(dim() > 0, "slice() cannot be applied to a 0-dim tensor.");
  const std::size_t k = dim_index(d);
  check<ValueError>(step > 0, "slice step must be positive");
  const std::int64_t n = sizes()[k];
  const auto position = [n](std::int64_t i) { return std::clamp<std::int64_t>(i < 0 ? i + n : i, 0, n); };
  const std::int64_t from = position(start.value_or(0));
  const std::int64_t to = std::max(from, position(end.value_or(n)));
  const std::int64_t length = to - from;
  return part_of("SliceBackward0", *this, [&](IntArrayRef steps) {
    Window w{Dims(sizes()), Dims(steps), from * steps[k]};
    w.sizes[k] = length / step + (length % step != 0 ? 1 : 0);
    if (w.sizes[k] > 1) {
      w.strides[k] *= step;  // a step beyond the last element may not fit into 64 bits, and does not matter
    } else if (const auto product = checked_mul(w.strides[k], step)) {
      w.strides[k] = *product;
    }
    return w;
  });
}

Tensor Tensor::narrow(std::int64_t d, std::int64_t start, std::int64_t length) const {
  check<ShapeError>(dim() > 0, "narrow() cannot be applied to a 0-dim tensor.");
  check<ShapeError>(length >= 0, "narrow(): length must be non-negative.");
  const std::int64_t n = size(d);
  check<IndexError>(start >= -n && start <= n,
                    "start out of range (expected to be in range of [{}, {}], but got {})", -n, n, start);
  const std::int64_t from = start < 0 ? start + n : start;
  check<ShapeError>(length <= n - from, "start ({}) + length ({}) exceeds dimension size ({}).", from, length,
                    n);
  return slice(d, from, from + length, 1);
}

Tensor Tensor::t() const {
  check<ShapeError>(dim() <= 2, "t() expects a tensor with <= 2 dimensions, but self is {}D", dim());
  const bool turns = dim() == 2;
  Dims new_sizes(sizes());
  Dims new_strides(strides());
  if (turns) {
    std::swap(new_sizes[0], new_sizes[1]);
    std::swap(new_strides[0], new_strides[1]);
  }
  return record_view("TBackward0", *this, alias(new_sizes, new_strides, storage_offset()),
                     [](Backward& b) { b.give(0, b.grad().t()); });
}

Tensor Tensor::transpose(std::int64_t a, std::int64_t b) const {
  const std::int64_t i = wrap_dim(a, dim());
  const std::int64_t j = wrap_dim(b, dim());
  Dims new_sizes(sizes());
  Dims new_strides(strides());
  if (i != j) {
    std::swap(new_sizes[static_cast<std::size_t>(i)], new_sizes[static_cast<std::size_t>(j)]);
    std::swap(new_strides[static_cast<std::size_t>(i)], new_strides[static_cast<std::size_t>(j)]);
  }
  return record_view("TransposeBackward0", *this, alias(new_sizes, new_strides, storage_offset()),
                     [i, j](Backward& back) { back.give(0, back.grad().transpose(i, j)); });
}

Tensor Tensor::permute(IntArrayRef dims) const {
  const std::size_t rank = sizes().size();
  check<ShapeError>(
      dims.size() == rank,
      "permute(sparse_coo): number of dimensions in the tensor input does not match the length of the "
      "desired ordering of dimensions i.e. input.dim() = {} is not equal to len(dims) = {}",
      rank, dims.size());
  Dims new_sizes(rank);
  Dims new_strides(rank);
  std::vector<bool> seen(rank);
  for (std::size_t i = 0; i < rank; ++i) {
    const std::size_t d = dim_index(dims[i]);
    check<ShapeError>(!seen[d], "permute(): duplicate dims are not allowed.");
    seen[d] = true;
    new_sizes[i] = sizes()[d];
    new_strides[i] = strides()[d];
  }
  Dims back(rank);
  for (std::size_t i = 0; i < rank; ++i) back[dim_index(dims[i])] = static_cast<std::int64_t>(i);
  return record_view("PermuteBackward0", *this, alias(new_sizes, new_strides, storage_offset()),
                     [back](Backward& b) { b.give(0, b.grad().permute(back)); });
}

Tensor Tensor::diagonal(std::int64_t offset, std::int64_t dim1, std::int64_t dim2) const {
  const std::int64_t row = wrap_dim(dim1, dim());
  const std::int64_t column = wrap_dim(dim2, dim());
  check<ShapeError>(row != column, "diagonal dimensions cannot be identical {}, {}", dim1, dim2);
  const auto r = static_cast<std::size_t>(row);
  const auto c = static_cast<std::size_t>(column);
  const std::int64_t rows = sizes()[r];
  const std::int64_t columns = sizes()[c];
  return part_of("DiagonalBackward0", *this, [&](IntArrayRef steps) {
    Window w{Dims(sizes()), Dims(steps), 0};
    // Beyond the corners the diagonal is empty; the comparison is made without a sum that could overflow.
    std::int64_t length = 0;
    if (offset >= 0 && offset < columns) {
      length = std::min(rows, columns - offset);
      w.offset = length > 0 ? offset * steps[c] : 0;
    } else if (offset < 0 && offset > -rows) {
      length = std::min(rows + offset, columns);
      w.offset = length > 0 ? -offset * steps[r] : 0;
    }
    const std::int64_t step = checked_add(steps[r], steps[c]).value_or(steps[c]);
    for (const std::size_t k : {std::max(r, c), std::min(r, c)}) {
      w.sizes.erase(k);
      w.strides.erase(k);
    }
    w.sizes.push_back(length);
    w.strides.push_back(step);
    return w;
  });
}

Tensor Tensor::as_strided(IntArrayRef new_sizes, IntArrayRef new_strides,
                          std::optional<std::int64_t> offset) const {
  check<ShapeError>(new_sizes.size() == new_strides.size(), "mismatch in length of strides and shape");
  for (const std::int64_t s : new_strides) {
    check<ShapeError>(s >= 0, "as_strided: Negative strides are not supported at the moment, got strides: {}",
                      Shown{new_strides});
  }
  const std::int64_t start = offset.value_or(storage_offset());
  check<ShapeError>(start >= 0, "Tensor: invalid storage offset {}", start);
  const auto extent = storage_extent(new_sizes, new_strides, start);
  const auto bytes = extent ? checked_mul(*extent, itemsize()) : std::nullopt;
  check<ShapeError>(
      !bytes || static_cast<std::uint64_t>(*bytes) <= storage().nbytes(),
      "setStorage: sizes {}, strides {}, storage offset {}, and itemsize {} requiring a storage size "
      "of {} are out of bounds for storage of size {}",
      Shown{new_sizes}, Shown{new_strides}, start, itemsize(), bytes.value_or(0), storage().nbytes());
  Tensor view = alias(new_sizes, new_strides, start);
  if (autograd::begin_view(*this, view)) {
    // The gradient is laid out as this tensor, in a block of memory that holds both it and the view.
    const Tape tape(*this);
    const Layout layout{Dims(sizes()), Dims(strides())};
    const Window window{Dims(new_sizes), Dims(new_strides), start - storage_offset()};
    tape.record("AsStridedBackward0", view, saved(), [layout, window](Backward& b) {
      b.give(0, autograd::spread_window(b.grad(), layout, window));
    });
  }
  return view;
}

Tensor Tensor::view_as_real() const {
  check<DTypeError>(is_complex(), "view_as_real is only supported for complex tensors");
  Dims new_sizes(sizes());
  Dims new_strides(strides());
  for (std::int64_t& s : new_strides) s = checked_mul(s, 2).value_or(s);  // what does not fit is never taken
  new_sizes.push_back(2);
  new_strides.push_back(1);
  return record_view(
      "ViewAsRealBackward0", *this,
      tensor_on(storage(), to_real_dtype(dtype()), new_sizes, new_strides, 2 * storage_offset()),
      [](Backward& b) { b.give(0, view_as_complex(b.grad().contiguous())); });
}

Tensor view_as_complex(const Tensor& self) {
  check<DTypeError>(self.dtype() == kFloat32 || self.dtype() == kFloat64 || self.dtype() == kFloat16,
                    "view_as_complex is only supported for half, float and double tensors, but got a tensor "
                    "of scalar type: {}",
                    dtype_error_name(self.dtype()));
  check<ShapeError>(self.dim() > 0, "Input tensor must have one or more dimensions");
  check<ShapeError>(self.size(-1) == 2, "Tensor must have a last dimension of size 2");
  check<ShapeError>(self.stride(-1) == 1, "Tensor must have a last dimension with stride 1");
  Dims sizes(self.sizes());
  Dims strides(self.strides());
  sizes.erase(sizes.size() - 1);
  strides.erase(strides.size() - 1);
  check<ShapeError>(self.storage_offset() % 2 == 0, "Tensor must have a storage_offset divisible by 2");
  for (std::int64_t& s : strides) {
    check<ShapeError>(s % 2 == 0, "Tensor must have a stride divisible by 2 for all but last dimension");
    s /= 2;
  }
  const DType type = self.dtype() == kFloat16   ? kComplex32
                     : self.dtype() == kFloat32 ? kComplex64
                                                : kComplex128;
  return record_view("ViewAsComplexBackward0", self,
                     tensor_on(self.storage(), type, sizes, strides, self.storage_offset() / 2),
                     [](Backward& b) { b.give(0, b.grad().view_as_real()); });
}

Tensor transpose(const Tensor& self, std::int64_t a, std::int64_t b) { return self.transpose(a, b); }
Tensor t(const Tensor& self) { return self.t(); }
Tensor permute(const Tensor& self, IntArrayRef dims) { return self.permute(dims); }
Tensor narrow(const Tensor& self, std::int64_t dim, std::int64_t start, std::int64_t length) {
  return self.narrow(dim, start, length);
}
Tensor select(const Tensor& self, std::int64_t dim, std::int64_t index) { return self.select(dim, index); }
Tensor diagonal(const Tensor& self, std::int64_t offset, std::int64_t dim1, std::int64_t dim2) {
  return self.diagonal(offset, dim1, dim2);
}
Tensor view_as_real(const Tensor& self) { return self.view_as_real(); }

}  // namespace ballast
