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

/// The factors of one matrix of m rows and n columns, in LAPACK's form.
template <class T>
class Factors {
 public:
  explicit Factors(const Tensor& a)
      : m_(a.sizes()[0]),
        n_(a.sizes()[1]),
        k_(std::min(m_, n_)),
        step_(padded(m_)),
        columns_(empty({n_, step_}, a.options()).narrow(1, 0, m_)) {
    copy_elements(columns_.t(), a);
    tau_.resize(static_cast<std::size_t>(k_));
    blas::geqrf(m_, n_, data(), step_, tau_.data());
  }

  void write_r(const Tensor& r) {  // [k, n]
    for (std::int64_t i = 0; i < k_; ++i) {
      T* const row = r.data_ptr<T>() + i * r.strides()[0];
      for (std::int64_t j = 0; j < n_; ++j) row[j] = j < i ? T{0} : data()[j * step_ + i];
    }
  }
  void write_diagonal(const Tensor& d) {  // [k]
    for (std::int64_t i = 0; i < k_; ++i) d.data_ptr<T>()[i] = data()[i * step_ + i];
  }
  /// [m, k], the last: Q takes the place of the factors.
  [[nodiscard]] Tensor q() {
    blas::orgqr(m_, k_, k_, data(), step_, tau_.data());
    return columns_.narrow(0, 0, k_).t();
  }

 private:
  /// The distance of columns. At a multiple of 2 KiB the elements of a row would compete for few places in the cache.
  [[nodiscard]] static std::int64_t padded(std::int64_t m) {
    constexpr std::int64_t kPeriod = 2048 / sizeof(T);
    constexpr std::int64_t kLine = 64 / sizeof(T);
    return m % kPeriod == 0 ? m + kLine : m;
  }
  [[nodiscard]] T* data() const { return columns_.data_ptr<T>(); }
  std::int64_t m_, n_, k_, step_;
  Tensor columns_;  // column-major
  std::vector<T> tau_;
};

void check_factorable(const Tensor& a) {
  check<ShapeError>(a.dim() >= 2, "linalg.qr: The input tensor A must have at least 2 dimensions.");
  check<DTypeError>(a.is_floating_point() || a.is_complex(),
                    "linalg.qr: Expected a floating point or complex tensor as input. Got {}",
                    dtype_error_name(a.dtype()));
}

template <class F>
void visit_factorable(DType dtype, const F& f) {
  visit_dtype_of<set_of(kFloat32, kFloat64)>(dtype, "geqrf_cpu", f);
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
  check_factorable(a);
  const std::int64_t k = std::min(a.size(-2), a.size(-1));
  Dims q_sizes(a.sizes());
  Dims r_sizes(a.sizes());
  q_sizes[q_sizes.size() - 1] = k;
  r_sizes[r_sizes.size() - 2] = k;
  const Tensor q = empty(q_sizes, a.options());
  const Tensor r = empty(r_sizes, a.options());
  visit_factorable(a.dtype(), [&]<class T>(std::type_identity<T>) {
    if (a.is_meta() || a.numel() == 0) return;
    const auto matrices = [](const Tensor& t) { return t.reshape({-1, t.size(-2), t.size(-1)}); };
    const Tensor as = matrices(a);
    const Tensor qs = matrices(q);
    const Tensor rs = matrices(r);
    for (std::int64_t i = 0; i < as.size(0); ++i) {
      Factors<T> factors(as[i]);
      factors.write_r(rs[i]);
      copy_elements(qs[i], factors.q());
    }
  });
  return {q, r};
}

std::tuple<Tensor, Tensor> linalg_qr_diagonal(const Tensor& a) {
  check_factorable(a);
  check<ShapeError>(a.dim() == 2, "linalg_qr_diagonal expects one matrix, but got a tensor of {} dimensions",
                    a.dim());
  Tensor q = empty({a.size(0), std::min(a.size(0), a.size(1))}, a.options());
  Tensor diagonal = empty(q.size(1), a.options());
  visit_factorable(a.dtype(), [&]<class T>(std::type_identity<T>) {
    if (a.is_meta() || a.numel() == 0) return;
    Factors<T> factors(a);
    factors.write_diagonal(diagonal);
    q = factors.q();
  });
  return {q, diagonal};
}

Tensor triu(const Tensor& self, std::int64_t diagonal) { return triangle(self, diagonal, true); }
Tensor tril(const Tensor& self, std::int64_t diagonal) { return triangle(self, diagonal, false); }

}  // namespace ballast
