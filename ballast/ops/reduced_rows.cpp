#include "ballast/ops/reduced_rows.h"

#include <algorithm>
#include <vector>

namespace ballast::detail {

ReducedRows reduce_rows(const Tensor& t, IntArrayRef dims, bool keepdim) {
  const auto rank = static_cast<std::size_t>(t.dim());
  if (dims.empty() && t.is_contiguous()) {  // all of it, as it lies
    return {.rows = t, .count = 1, .n = t.numel(), .result = keepdim ? Dims(rank, 1) : Dims()};
  }
  std::vector<bool> reduced(std::max<std::size_t>(rank, 1), dims.empty());
  Dims wrapped;
  for (const std::int64_t dim : dims) wrapped.push_back(wrap_dim(dim, t.dim()));
  for (const std::int64_t dim : wrapped) {
    const auto d = static_cast<std::size_t>(dim);
    check<ShapeError>(!reduced[d], "dim {} appears multiple times in the list of dims", d);
    reduced[d] = true;
  }
  ReducedRows out{.rows = t, .count = 1, .n = 1, .result = {}};
  Dims order;
  for (const bool last : {false, true}) {
    for (std::size_t d = 0; d < rank; ++d) {
      if (reduced[d] == last) order.push_back(static_cast<std::int64_t>(d));
    }
  }
  for (std::size_t d = 0; d < rank; ++d) {
    (reduced[d] ? out.n : out.count) *= t.sizes()[d];
    if (!reduced[d]) {
      out.result.push_back(t.sizes()[d]);
    } else if (keepdim) {
      out.result.push_back(1);
    }
  }
  if (rank > 0) out.rows = t.permute(order).contiguous();
  return out;
}

Reduced::Reduced(const Tensor& t, IntArrayRef dims, bool keepdim) : sizes_(t.sizes()), kept_(t.sizes()) {
  static_cast<void>(keepdim);  // either way the result has the elements of the kept shape
  for (const std::int64_t d : dims) {
    if (t.dim() > 0) kept_[static_cast<std::size_t>(wrap_dim(d, t.dim()))] = 1;
  }
  if (dims.empty()) std::fill(kept_.begin(), kept_.end(), 1);
}

}  // namespace ballast::detail
