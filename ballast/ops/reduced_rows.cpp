#include "ballast/ops/reduced_rows.h"

#include <algorithm>

namespace ballast::detail {

ReducedDims which_reduced(const Tensor& t, IntArrayRef dims) {
  ReducedDims reduced(std::max<std::size_t>(static_cast<std::size_t>(t.dim()), 1), dims.empty());
  Dims wrapped;
  for (const std::int64_t dim : dims) wrapped.push_back(wrap_dim(dim, t.dim()));
  for (const std::int64_t dim : wrapped) {
    const auto d = static_cast<std::size_t>(dim);
    check<ShapeError>(!reduced[d], "dim {} appears multiple times in the list of dims", d);
    reduced[d] = true;
  }
  return reduced;
}

Dims reduced_sizes(const Tensor& t, const ReducedDims& reduced, bool keepdim) {
  Dims sizes;
  for (std::size_t d = 0; d < static_cast<std::size_t>(t.dim()); ++d) {
    if (!reduced[d]) {
      sizes.push_back(t.sizes()[d]);
    } else if (keepdim) {
      sizes.push_back(1);
    }
  }
  return sizes;
}

ReducedRows reduce_rows(const Tensor& t, IntArrayRef dims, bool keepdim) {
  if (dims.empty() && t.is_contiguous()) {  // all of it, as it lies
    const Dims kept(static_cast<std::size_t>(t.dim()), 1);
    return {.rows = t, .count = 1, .n = t.numel(), .result = keepdim ? kept : Dims()};
  }
  return rows_without(t, which_reduced(t, dims), keepdim);
}

ReducedRows rows_without(const Tensor& t, const ReducedDims& reduced, bool keepdim) {
  const auto rank = static_cast<std::size_t>(t.dim());
  ReducedRows out{.rows = t, .count = 1, .n = 1, .result = reduced_sizes(t, reduced, keepdim)};
  Dims order;
  for (const bool last : {false, true}) {
    for (std::size_t d = 0; d < rank; ++d) {
      if (reduced[d] == last) order.push_back(static_cast<std::int64_t>(d));
    }
  }
  for (std::size_t d = 0; d < rank; ++d) (reduced[d] ? out.n : out.count) *= t.sizes()[d];
  if (rank > 0) out.rows = t.permute(order).contiguous();
  return out;
}

Reduced::Reduced(const Tensor& t, IntArrayRef dims) : sizes_(t.sizes()), kept_(t.sizes()) {
  for (const std::int64_t d : dims) {
    if (t.dim() > 0) kept_[static_cast<std::size_t>(wrap_dim(d, t.dim()))] = 1;
  }
  if (dims.empty()) std::fill(kept_.begin(), kept_.end(), 1);
}

}  // namespace ballast::detail
