#include "ballast/ops/view.h"

#include <algorithm>
#include <vector>

namespace ballast {
namespace {

/// `sizes` with its -1, if there is one, replaced by the size that makes the product `numel`.
Dims infer_size(IntArrayRef sizes, std::int64_t numel) {
  Dims out(sizes);
  std::optional<std::size_t> inferred;
  std::int64_t known = 1;
  bool fits = true;
  for (std::size_t i = 0; i < sizes.size(); ++i) {
    if (sizes[i] == -1) {
      check<ShapeError>(!inferred, "only one dimension can be inferred");
      inferred = i;
      continue;
    }
    check<ShapeError>(sizes[i] >= 0, "invalid shape dimension {} at index {} of shape {}", sizes[i], i,
                      shape_text(sizes));
    const auto product = checked_mul(known, sizes[i]);
    fits = fits && product.has_value();
    known = product.value_or(0);
  }
  if (fits && inferred && known == 0 && numel == 0) {
    throw ShapeError(fmt::format(
        "cannot reshape tensor of 0 elements into shape {} because the unspecified dimension size -1 "
        "can be any value and is ambiguous",
        shape_text(sizes)));
  }
  const bool divides = fits && (inferred ? known != 0 && numel % known == 0 : known == numel);
  check<ShapeError>(divides, "shape '{}' is invalid for input of size {}", shape_text(sizes), numel);
  if (inferred) out[*inferred] = numel / known;
  return out;
}

/// The strides under which `t` shows its elements in shape `sizes` (of as many elements) without a copy, or nullopt: each
/// stretch of memory that neighbouring dimensions run through evenly must be cut up by some run of new ones.
std::optional<Dims> strides_of_view(const Tensor& t, IntArrayRef sizes) {
  if (t.numel() == 0) return t.sizes() == sizes ? Dims(t.strides()) : contiguous_strides(sizes);
  Dims strides(sizes.size(), 1);
  std::size_t unplaced = sizes.size();  // new dimensions [0, unplaced) have no stride yet
  for (std::size_t d = t.sizes().size(); d > 0;) {
    const std::int64_t step = t.strides()[d - 1];
    std::int64_t stretch = t.sizes()[d - 1];
    --d;
    while (d > 0 && (t.sizes()[d - 1] == 1 || t.strides()[d - 1] == stretch * step))
      stretch *= t.sizes()[--d];
    std::int64_t placed = 1;
    while (unplaced > 0 && (placed < stretch || sizes[unplaced - 1] == 1)) {
      --unplaced;
      strides[unplaced] = step * placed;
      placed *= sizes[unplaced];
    }
    if (placed != stretch) return std::nullopt;
  }
  return strides;
}

}  // namespace

Tensor Tensor::select(std::int64_t d, std::int64_t index) const {
  check<IndexError>(dim() > 0, "select() cannot be applied to a 0-dim tensor.");
  const std::size_t k = dim_index(d);
  const std::int64_t n = sizes()[k];
  check<IndexError>(index >= -n && index < n,
                    "select(): index {} out of range for tensor of size {} at dimension {}", index,
                    shape_text(sizes()), k);
  Dims new_sizes(sizes());
  Dims new_strides(strides());
  new_sizes.erase(k);
  new_strides.erase(k);
  return alias(new_sizes, new_strides, storage_offset() + (index < 0 ? index + n : index) * strides()[k]);
}

Tensor Tensor::slice(std::int64_t d, std::optional<std::int64_t> start, std::optional<std::int64_t> end,
                     std::int64_t step) const {
  check<IndexError>(dim() > 0, "slice() cannot be applied to a 0-dim tensor.");
  check<ValueError>(step > 0, "slice step must be positive");
  const std::size_t k = dim_index(d);
  const std::int64_t n = sizes()[k];
  const auto position = [n](std::int64_t i) { return std::clamp<std::int64_t>(i < 0 ? i + n : i, 0, n); };
  const std::int64_t from = position(start.value_or(0));
  const std::int64_t to = std::max(from, position(end.value_or(n)));
  const std::int64_t length = to - from;
  Dims new_sizes(sizes());
  Dims new_strides(strides());
  new_sizes[k] = length / step + (length % step != 0 ? 1 : 0);
  if (new_sizes[k] > 1) {
    new_strides[k] *= step;  // a step beyond the last element may not fit into 64 bits, and does not matter
  } else if (const auto product = checked_mul(new_strides[k], step)) {
    new_strides[k] = *product;
  }
  return alias(new_sizes, new_strides, storage_offset() + from * strides()[k]);
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
  return dim() < 2 ? alias(sizes(), strides(), storage_offset()) : transpose(0, 1);
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
  return alias(new_sizes, new_strides, storage_offset());
}

Tensor Tensor::permute(IntArrayRef dims) const {
  const std::size_t rank = sizes().size();
  check<ShapeError>(dims.size() == rank,
                    "permute(): number of dimensions in the tensor input does not match the length of the "
                    "desired ordering of "
                    "dimensions i.e. input.dim() = {} is not equal to len(dims) = {}",
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
  return alias(new_sizes, new_strides, storage_offset());
}

Tensor Tensor::view(IntArrayRef new_sizes) const {
  const Dims inferred = infer_size(new_sizes, numel());
  const auto new_strides = strides_of_view(*this, inferred);
  check<ShapeError>(new_strides.has_value(),
                    "view size is not compatible with input tensor's size and stride (at least one dimension "
                    "spans across two "
                    "contiguous subspaces). Use .reshape(...) instead.");
  return alias(inferred, *new_strides, storage_offset());
}

Tensor Tensor::view_as(const Tensor& o) const { return view(o.sizes()); }

Tensor Tensor::reshape(IntArrayRef new_sizes) const {
  const Dims inferred = infer_size(new_sizes, numel());
  if (const auto new_strides = strides_of_view(*this, inferred))
    return alias(inferred, *new_strides, storage_offset());
  const Tensor copied = empty(sizes(), options());
  copy_elements(copied, *this);
  return copied.view(inferred);
}

Tensor Tensor::flatten(std::int64_t start_dim, std::int64_t end_dim) const {
  const std::size_t first = dim_index(start_dim);
  const std::size_t last = dim_index(end_dim);
  check<ShapeError>(first <= last, "flatten() has invalid args: start_dim cannot come after end_dim");
  if (dim() == 0) return reshape({1});
  if (first == last) return *this;
  Dims new_sizes;
  std::int64_t joined = 1;
  for (std::size_t d = 0; d < sizes().size(); ++d) {
    if (d < first || d > last) {
      new_sizes.push_back(sizes()[d]);
    } else {
      joined *= sizes()[d];
      if (d == last) new_sizes.push_back(joined);
    }
  }
  return reshape(new_sizes);
}

Tensor Tensor::expand(IntArrayRef target) const {
  const std::size_t rank = sizes().size();
  check<ShapeError>(target.size() >= rank,
                    "expand(torch.{}Tensor{{{}}}, size={}): the number of sizes provided ({}) must be "
                    "greater or equal to the "
                    "number of dimensions in the tensor ({})",
                    dtype_error_name(dtype()), shape_text(sizes()), shape_text(target), target.size(), rank);
  const std::size_t added = target.size() - rank;
  Dims new_sizes(target);
  Dims new_strides(target.size());
  for (std::size_t i = target.size(); i-- > 0;) {
    const bool exists = i >= added;
    const std::int64_t size = exists ? sizes()[i - added] : 1;
    if (target[i] == -1) {
      check<ShapeError>(
          exists,
          "The expanded size of the tensor (-1) isn't allowed in a leading, non-existing dimension {}", i);
      new_sizes[i] = size;
    }
    check<ShapeError>(new_sizes[i] >= 0, "expand: a size must be -1 or non-negative, but size {} is {}", i,
                      target[i]);
    if (exists) {
      new_strides[i] = strides()[i - added];
    } else {
      new_strides[i] = i + 1 < target.size() ? new_sizes[i + 1] * new_strides[i + 1] : 1;
    }
    if (size != new_sizes[i]) {
      check<ShapeError>(
          size == 1,
          "The expanded size of the tensor ({}) must match the existing size ({}) at non-singleton dimension "
          "{}.  Target sizes: {}.  Tensor sizes: {}",
          new_sizes[i], size, i, shape_text(target), shape_text(sizes()));
      new_strides[i] = 0;
    }
  }
  return alias(new_sizes, new_strides, storage_offset());
}

Tensor Tensor::expand_as(const Tensor& o) const { return expand(o.sizes()); }

Tensor Tensor::squeeze() const {
  Dims new_sizes;
  Dims new_strides;
  for (std::size_t d = 0; d < sizes().size(); ++d) {
    if (sizes()[d] == 1) continue;
    new_sizes.push_back(sizes()[d]);
    new_strides.push_back(strides()[d]);
  }
  return alias(new_sizes, new_strides, storage_offset());
}

Tensor Tensor::squeeze(std::int64_t d) const {
  const auto k = static_cast<std::size_t>(wrap_dim(d, dim()));
  Dims new_sizes(sizes());
  Dims new_strides(strides());
  if (dim() > 0 && new_sizes[k] == 1) {
    new_sizes.erase(k);
    new_strides.erase(k);
  }
  return alias(new_sizes, new_strides, storage_offset());
}

Tensor Tensor::unsqueeze(std::int64_t d) const {
  const auto k = static_cast<std::size_t>(wrap_dim(d, dim() + 1));
  Dims new_sizes(sizes());
  Dims new_strides(strides());
  const std::int64_t step = k < sizes().size() ? sizes()[k] * strides()[k] : 1;
  new_sizes.insert(k, 1);
  new_strides.insert(k, step);
  return alias(new_sizes, new_strides, storage_offset());
}

Tensor Tensor::diagonal(std::int64_t offset, std::int64_t dim1, std::int64_t dim2) const {
  const std::int64_t row = wrap_dim(dim1, dim());
  const std::int64_t column = wrap_dim(dim2, dim());
  check<ShapeError>(row != column, "diagonal dimensions cannot be identical {}, {}", dim1, dim2);
  const auto r = static_cast<std::size_t>(row);
  const auto c = static_cast<std::size_t>(column);
  const std::int64_t rows = sizes()[r];
  const std::int64_t columns = sizes()[c];
  // Beyond the corners the diagonal is empty; the comparison is made without a sum that could overflow.
  std::int64_t length = 0;
  std::int64_t start = storage_offset();
  if (offset >= 0 && offset < columns) {
    length = std::min(rows, columns - offset);
    start += length > 0 ? offset * strides()[c] : 0;
  } else if (offset < 0 && offset > -rows) {
    length = std::min(rows + offset, columns);
    start += length > 0 ? -offset * strides()[r] : 0;
  }
  Dims new_sizes(sizes());
  Dims new_strides(strides());
  const std::int64_t step = strides()[r] + strides()[c];
  for (const std::size_t k : {std::max(r, c), std::min(r, c)}) {
    new_sizes.erase(k);
    new_strides.erase(k);
  }
  new_sizes.push_back(length);
  new_strides.push_back(step);
  return alias(new_sizes, new_strides, start);
}

Tensor Tensor::as_strided(IntArrayRef new_sizes, IntArrayRef new_strides,
                          std::optional<std::int64_t> offset) const {
  check<ShapeError>(new_sizes.size() == new_strides.size(), "mismatch in length of strides and shape");
  for (const std::int64_t s : new_strides) {
    check<ShapeError>(s >= 0, "as_strided: Negative strides are not supported at the moment, got strides: {}",
                      shape_text(new_strides));
  }
  const std::int64_t start = offset.value_or(storage_offset());
  check<ShapeError>(start >= 0, "Tensor: invalid storage offset {}", start);
  return alias(new_sizes, new_strides, start);
}

Tensor Tensor::view_as_real() const {
  check<DTypeError>(is_complex(), "view_as_real is only supported for complex tensors");
  Dims new_sizes(sizes());
  Dims new_strides(strides());
  for (std::int64_t& s : new_strides) s *= 2;
  new_sizes.push_back(2);
  new_strides.push_back(1);
  return tensor_on(storage(), to_real_dtype(dtype()), new_sizes, new_strides, 2 * storage_offset());
}

Tensor transpose(const Tensor& self, std::int64_t a, std::int64_t b) { return self.transpose(a, b); }
Tensor t(const Tensor& self) { return self.t(); }
Tensor permute(const Tensor& self, IntArrayRef dims) { return self.permute(dims); }
Tensor reshape(const Tensor& self, IntArrayRef sizes) { return self.reshape(sizes); }
Tensor flatten(const Tensor& self, std::int64_t start_dim, std::int64_t end_dim) {
  return self.flatten(start_dim, end_dim);
}
Tensor squeeze(const Tensor& self) { return self.squeeze(); }
Tensor squeeze(const Tensor& self, std::int64_t dim) { return self.squeeze(dim); }
Tensor unsqueeze(const Tensor& self, std::int64_t dim) { return self.unsqueeze(dim); }
Tensor narrow(const Tensor& self, std::int64_t dim, std::int64_t start, std::int64_t length) {
  return self.narrow(dim, start, length);
}
Tensor select(const Tensor& self, std::int64_t dim, std::int64_t index) { return self.select(dim, index); }
Tensor diagonal(const Tensor& self, std::int64_t offset, std::int64_t dim1, std::int64_t dim2) {
  return self.diagonal(offset, dim1, dim2);
}
Tensor view_as_real(const Tensor& self) { return self.view_as_real(); }

}  // namespace ballast
