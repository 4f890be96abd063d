#include <optional>
#include <string>

#include "ballast/autograd/view.h"
#include "ballast/ops/view.h"

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
                      Shown{sizes});
    const auto product = checked_mul(known, sizes[i]);
    fits = fits && product.has_value();
    known = product.value_or(0);
  }
  if (fits && inferred && known == 0 && numel == 0) {
    throw ShapeError(fmt::format(
        "cannot reshape tensor of 0 elements into shape {} because the unspecified dimension size -1 "
        "can be any value and is ambiguous",
        Shown{sizes}));
  }
  const bool divides = fits && (inferred ? known != 0 && numel % known == 0 : known == numel);
  check<ShapeError>(divides, "shape '{}' is invalid for input of size {}", Shown{sizes}, numel);
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

/// `view`, which shows the elements of `self` in the same order in another shape.
Tensor other_shape(const char* name, const Tensor& self, Tensor view) {
  if (autograd::begin_view(self, view)) {
    const Tape tape(self);
    tape.record(name, view, saved(),
                [sizes = Dims(self.sizes())](Backward& b) { b.give(0, b.grad().reshape(sizes)); });
  }
  return view;
}

Tensor clone_contiguous(const Tensor& t) {
  const Tape tape(t);
  Tensor out = empty(t.sizes(), t.options());
  copy_elements(out, t);
  if (tape.on()) tape.record("CloneBackward0", out, saved(), [](Backward& b) { b.give(0, b.grad()); });
  return out;
}

}  // namespace

Tensor Tensor::view(IntArrayRef new_sizes) const {
  const Dims inferred = infer_size(new_sizes, numel());
  const auto new_strides = strides_of_view(*this, inferred);
  check<ShapeError>(new_strides.has_value(),
                    "view size is not compatible with input tensor's size and stride (at least one "
                    "dimension spans across two contiguous subspaces). Use .reshape(...) instead.");
  return other_shape("ViewBackward0", *this, alias(inferred, *new_strides, storage_offset()));
}

Tensor Tensor::view_as(const Tensor& o) const { return view(o.sizes()); }

Tensor Tensor::reshape(IntArrayRef new_sizes) const {
  const Dims inferred = infer_size(new_sizes, numel());
  if (const auto new_strides = strides_of_view(*this, inferred))
    return other_shape("ViewBackward0", *this, alias(inferred, *new_strides, storage_offset()));
  return clone_contiguous(*this).view(inferred);
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

namespace {

/// The type as PyTorch's refusal of expand names it.
std::string type_text(const Tensor& t) {
  const std::string_view type = dtype_error_name(t.dtype());
  if (t.is_meta()) return fmt::format("Meta{}Type", type);
  switch (t.dtype()) {
    case kUInt8:
    case kInt8:
    case kInt16:
    case kInt32:
    case kInt64:
    case kFloat16:
    case kFloat32:
    case kFloat64:
      return fmt::format("torch.{}Tensor", type);
    default:
      return fmt::format("CPU{}Type", type);
  }
}

/// The stride that a dimension of size 1 takes outside of one of `size` and `stride`; any will do where it does not fit.
std::int64_t stride_around(std::int64_t size, std::int64_t stride) {
  return checked_mul(size, stride).value_or(stride);
}

}  // namespace

Tensor Tensor::expand(IntArrayRef target) const {
  const std::size_t rank = sizes().size();
  if (target.size() < rank) [[unlikely]] {
    throw ShapeError(
        fmt::format("expand({}{{{}}}, size={}): the number of sizes provided ({}) must be greater or equal "
                    "to the number of dimensions in the tensor ({})",
                    type_text(*this), Shown{sizes()}, Shown{target}, target.size(), rank));
  }
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
    check<ShapeError>(
        size == 1 || size == new_sizes[i],
        "The expanded size of the tensor ({}) must match the existing size ({}) at non-singleton dimension "
        "{}.  Target sizes: {}.  Tensor sizes: {}",
        new_sizes[i], size, i, Shown{target}, Shown{sizes()});
    check<ShapeError>(new_sizes[i] >= 0, "expand: a size must be -1 or non-negative, but size {} is {}", i,
                      target[i]);
    if (rank == 0 || size != new_sizes[i]) {
      new_strides[i] = 0;
    } else if (exists) {
      new_strides[i] = strides()[i - added];
    } else {
      new_strides[i] = i + 1 < target.size() ? stride_around(new_sizes[i + 1], new_strides[i + 1]) : 1;
    }
  }
  return record_view("ExpandBackward0", *this, alias(new_sizes, new_strides, storage_offset()),
                     [](Backward& b) { b.give(0, b.grad()); });  // summed to the shape by the engine
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
  return other_shape("SqueezeBackward0", *this, alias(new_sizes, new_strides, storage_offset()));
}

Tensor Tensor::squeeze(std::int64_t d) const {
  const auto k = static_cast<std::size_t>(wrap_dim(d, dim()));
  Dims new_sizes(sizes());
  Dims new_strides(strides());
  if (dim() > 0 && new_sizes[k] == 1) {
    new_sizes.erase(k);
    new_strides.erase(k);
  }
  return other_shape("SqueezeBackward1", *this, alias(new_sizes, new_strides, storage_offset()));
}

Tensor Tensor::unsqueeze(std::int64_t d) const {
  const auto k = static_cast<std::size_t>(wrap_dim(d, dim() + 1));
  Dims new_sizes(sizes());
  Dims new_strides(strides());
  const std::int64_t step = k < sizes().size() ? stride_around(sizes()[k], strides()[k]) : 1;
  new_sizes.insert(k, 1);
  new_strides.insert(k, step);
  return other_shape("UnsqueezeBackward0", *this, alias(new_sizes, new_strides, storage_offset()));
}

Tensor reshape(const Tensor& self, IntArrayRef sizes) { return self.reshape(sizes); }
Tensor flatten(const Tensor& self, std::int64_t start_dim, std::int64_t end_dim) {
  return self.flatten(start_dim, end_dim);
}
Tensor squeeze(const Tensor& self) { return self.squeeze(); }
Tensor squeeze(const Tensor& self, std::int64_t dim) { return self.squeeze(dim); }
Tensor unsqueeze(const Tensor& self, std::int64_t dim) { return self.unsqueeze(dim); }

}  // namespace ballast
