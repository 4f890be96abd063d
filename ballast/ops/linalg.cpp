#include "ballast/ops/linalg.h"

#include <algorithm>
#include <vector>

#include "ballast/ops/blas.h"
#include "ballast/ops/comparison.h"
#include "ballast/ops/elementwise.h"
#include "ballast/ops/factories.h"
#include "ballast/ops/selection.h"

namespace ballast {
namespace {

/// Factors one matrix; q [m, k] and r [k, n] are written.
template <class T>
void factor(const Tensor& a, const Tensor& q, const Tensor& r) {
  const std::int64_t m = a.sizes()[0];
  const std::int64_t n = a.sizes()[1];
  const std::int64_t k = std::min(m, n);
  const Tensor columns = empty({n, m}, a.options());  // column-major
  copy_elements(columns.t(), a);
  std::vector<T> tau(static_cast<std::size_t>(k));
  T* const data = columns.data_ptr<T>();
  blas::geqrf(m, n, data, tau.data());
  for (std::int64_t i = 0; i < k; ++i) {
    T* const row = r.data_ptr<T>() + i * r.strides()[0];
    for (std::int64_t j = 0; j < n; ++j) row[j] = j < i ? T{0} : data[j * m + i];
  }
  blas::orgqr(m, k, k, data, tau.data());
  copy_elements(q, columns.narrow(0, 0, k).t());
}

/// Whether column - row <= diagonal, or its opposite, for each element of a matrix of this shape.
Tensor triangle(const Tensor& self, std::int64_t diagonal, bool upper) {
  check<ShapeError>(self.dim() >= 2, "{}: input tensor must have at least 2 dimensions",
                    upper ? "triu" : "tril");
  const Tensor rows = arange(self.size(-2)).unsqueeze(1);
  const Tensor columns = arange(self.size(-1));
  const Tensor above = columns.sub(rows);
  const Tensor kept = upper ? above >= diagonal : above <= diagonal;
  return self.masked_fill(self.is_meta() ? kept.to(kMeta) : logical_not(kept),
                          self.dtype() == kBool ? Scalar(false) : Scalar(0));
}

}  // namespace

std::tuple<Tensor, Tensor> linalg_qr(const Tensor& a) {
  check<ShapeError>(a.dim() >= 2, "linalg.qr: The input tensor A must have at least 2 dimensions.");
  check<DTypeError>(a.is_floating_point() || a.is_complex(),
                    "linalg.qr: Expected a floating point or complex tensor as input. Got {}",
                    dtype_error_name(a.dtype()));
  const std::int64_t k = std::min(a.size(-2), a.size(-1));
  Dims q_sizes(a.sizes());
  Dims r_sizes(a.sizes());
  q_sizes[q_sizes.size() - 1] = k;
  r_sizes[r_sizes.size() - 2] = k;
  const Tensor q = empty(q_sizes, a.options());
  const Tensor r = empty(r_sizes, a.options());
  visit_dtype_of<set_of(kFloat32, kFloat64)>(a.dtype(), "geqrf_cpu", [&]<class T>(std::type_identity<T>) {
    if (a.is_meta() || a.numel() == 0) return;
    const auto matrices = [](const Tensor& t) { return t.reshape({-1, t.size(-2), t.size(-1)}); };
    const Tensor as = matrices(a);
    const Tensor qs = matrices(q);
    const Tensor rs = matrices(r);
    for (std::int64_t i = 0; i < as.size(0); ++i) factor<T>(as[i], qs[i], rs[i]);
  });
  return {q, r};
}

Tensor triu(const Tensor& self, std::int64_t diagonal) { return triangle(self, diagonal, true); }
Tensor tril(const Tensor& self, std::int64_t diagonal) { return triangle(self, diagonal, false); }

}  // namespace ballast
