#include "ballast/ops/join.h"

#include <span>
#include <vector>

#include "ballast/autograd/tape.h"
#include "ballast/autograd/view.h"

namespace ballast {
namespace {

bool is_skipped(const Tensor& t) { return t.dim() == 1 && t.numel() == 0; }

void check_joins(const Tensor& first, const Tensor& t, std::size_t d, std::size_t number) {
  check<ShapeError>(t.dim() == first.dim(), "Tensors must have same number of dimensions: got {} and {}",
                    first.dim(), t.dim());
  for (std::size_t i = 0; i < t.sizes().size(); ++i) {
    check<ShapeError>(
        i == d || t.sizes()[i] == first.sizes()[i],
        "Sizes of tensors must match except in dimension {}. Expected size {} but got size {} for tensor "
        "number {} in the list.",
        d, first.sizes()[i], t.sizes()[i], number);
  }
}

}  // namespace

Tensor cat(TensorList tensors, std::int64_t dim) {
  check<ValueError>(!tensors.empty(), "torch.cat(): expected a non-empty list of Tensors");
  const Tensor* first = nullptr;
  DType dtype = tensors[0].dtype();
  Device device = tensors[0].device();
  for (std::size_t i = 0; i < tensors.size(); ++i) {
    check<ShapeError>(tensors[i].dim() > 0, "zero-dimensional tensor (at position {}) cannot be concatenated",
                      i);
    dtype = promote_types(dtype, tensors[i].dtype());
    if (tensors[i].is_meta()) device = kMeta;
    if (first == nullptr && !is_skipped(tensors[i])) first = &tensors[i];
  }
  if (first == nullptr) return empty({0}, TensorOptions(dtype).device(device));
  const auto d = static_cast<std::size_t>(wrap_dim(dim, first->dim()));

  Dims sizes(first->sizes());
  sizes[d] = 0;
  for (std::size_t i = 0; i < tensors.size(); ++i) {
    if (is_skipped(tensors[i])) continue;
    check_joins(*first, tensors[i], d, i);
    const auto sum = checked_add(sizes[d], tensors[i].sizes()[d]);
    check<ShapeError>(sum.has_value(), "the joined size of dimension {} does not fit into 64 bits", d);
    sizes[d] = *sum;
  }
  const ListTape tape(tensors);
  Tensor out = empty(sizes, TensorOptions(dtype).device(device));
  std::int64_t at = 0;
  for (const Tensor& t : tensors) {
    if (is_skipped(t)) continue;
    const std::int64_t n = t.sizes()[d];
    copy_elements(out.narrow(dim, at, n), t);
    at += n;
  }
  if (tape.on()) {
    std::vector<std::int64_t> lengths;
    for (const Tensor& t : tensors) lengths.push_back(is_skipped(t) ? 0 : t.sizes()[d]);
    tape.record("CatBackward0", std::span(&out, 1), [dim, lengths = std::move(lengths)](Backward& b) {
      std::int64_t begin = 0;
      for (std::size_t i = 0; i < lengths.size(); ++i) {
        if (b.wants(i) && lengths[i] > 0) b.give(i, b.grad().narrow(dim, begin, lengths[i]));
        begin += lengths[i];
      }
    });
  }
  return out;
}

Tensor concat(TensorList tensors, std::int64_t dim) { return cat(tensors, dim); }

Tensor stack(TensorList tensors, std::int64_t dim) {
  check<ValueError>(!tensors.empty(), "stack expects a non-empty TensorList");
  const std::int64_t d = wrap_dim(dim, tensors[0].dim() + 1);
  std::vector<Tensor> rows;
  for (std::size_t i = 0; i < tensors.size(); ++i) {
    check<ShapeError>(tensors[i].sizes() == tensors[0].sizes(),
                      "stack expects each tensor to be equal size, but got {} at entry 0 and {} at entry {}",
                      Shown{tensors[0].sizes()}, Shown{tensors[i].sizes()}, i);
    rows.push_back(tensors[i].unsqueeze(d));
  }
  return cat(rows, d);
}

std::vector<Tensor> split_with_sizes(const Tensor& self, IntArrayRef sizes, std::int64_t dim) {
  const std::int64_t d = wrap_dim(dim, self.dim());
  std::int64_t sum = 0;
  for (const std::int64_t n : sizes) {
    check<ShapeError>(n >= 0,
                      "split_with_sizes expects split_sizes have only non-negative entries, but got {}",
                      Shown{sizes});
    sum += n;
  }
  check<ShapeError>(
      sum == self.size(d),
      "split_with_sizes expects split_sizes to sum exactly to {} (input tensor's size at dimension "
      "{}), but got split_sizes={}",
      self.size(d), d, Shown{sizes});
  const auto place = static_cast<std::size_t>(d);
  std::vector<Tensor> parts;
  bool recorded = false;
  std::int64_t at = 0;
  for (const std::int64_t n : sizes) {
    Dims own(self.sizes());
    own[place] = n;
    parts.push_back(self.alias(own, self.strides(), self.storage_offset() + at * self.strides()[place]));
    recorded = autograd::begin_view(self, parts.back());
    at += n;
  }
  if (recorded) {
    const Tape tape(self);
    tape.record_all("SplitWithSizesBackward0", parts, saved(), [d, n = parts.size()](Backward& b) {
      std::vector<Tensor> grads;
      for (std::size_t i = 0; i < n; ++i) grads.push_back(b.grad_or_zeros(i));
      b.give(0, cat(grads, d));
    });
  }
  return parts;
}

}  // namespace ballast
