#include "ballast/ops/blas.h"

#include <algorithm>
#include <limits>
#include <vector>

#include <cblas.h>

#include "ballast/core/error.h"
#include "ballast/core/parallel.h"

extern "C" {
void sgeqrf_(const blasint* m, const blasint* n, float* a, const blasint* lda, float* tau, float* work,
             const blasint* lwork, blasint* info);
void dgeqrf_(const blasint* m, const blasint* n, double* a, const blasint* lda, double* tau, double* work,
             const blasint* lwork, blasint* info);
void sorgqr_(const blasint* m, const blasint* n, const blasint* k, float* a, const blasint* lda,
             const float* tau, float* work, const blasint* lwork, blasint* info);
void dorgqr_(const blasint* m, const blasint* n, const blasint* k, double* a, const blasint* lda,
             const double* tau, double* work, const blasint* lwork, blasint* info);
}

namespace ballast::blas {
namespace {

/// OpenBLAS has a pool of its own, whose threads spin while they wait: beside ours, or with a busy neighbour, a product then takes
/// many times as long. So it is told once to keep to one thread, and products are cut up over our pool.
void keep_to_one_thread() {
  static const bool told = [] {
    openblas_set_num_threads(1);
    return true;
  }();
  static_cast<void>(told);
}

/// Products of fewer multiplications than this stay on one thread.
constexpr double kParallelFrom = 4e6;

/// part(first, count) over the rows of the result, or over its columns, whichever are more, in as many pieces as there are threads.
template <class Rows, class Columns>
void in_pieces(std::int64_t m, std::int64_t n, std::int64_t k, const Rows& rows, const Columns& columns) {
  keep_to_one_thread();
  const double work = static_cast<double>(m) * static_cast<double>(n) * static_cast<double>(k);
  const bool by_rows = m >= n;
  const std::int64_t all = by_rows ? m : n;
  const int pieces =
      work < kParallelFrom ? 1 : static_cast<int>(std::min<std::int64_t>(get_num_threads(), all / 16));
  if (pieces <= 1) {
    rows(0, m);
    return;
  }
  // Pieces begin at multiples of 16, where the kernels' tiles do.
  const std::int64_t each = (all / pieces + 15) / 16 * 16;
  parallel_tasks(pieces, [&](int i) {
    const std::int64_t first = i * each;
    const std::int64_t count = i + 1 == pieces ? all - first : std::min(each, all - first);
    if (count > 0) by_rows ? rows(first, count) : columns(first, count);
  });
}

/// `x` from row `i` on, and from column `j` on.
template <class T>
const T* from(const Matrix<T>& x, std::int64_t i, std::int64_t j) {
  return x.transposed ? x.data + j * x.step + i : x.data + i * x.step + j;
}

blasint size_of(std::int64_t n) {
  check<LimitError>(n <= std::numeric_limits<blasint>::max(),
                    "a matrix of size {} is too large for BLAS, which counts to {}", n,
                    std::numeric_limits<blasint>::max());
  return static_cast<blasint>(n);
}

template <class T>
CBLAS_TRANSPOSE letter(const Matrix<T>& x) {
  return x.transposed ? CblasTrans : CblasNoTrans;
}

/// Calls `routine(work, lwork, info)` twice: to ask for its workspace, then to run.
template <class T, class Routine>
void with_workspace(const char* name, const Routine& routine) {
  keep_to_one_thread();
  blasint info = 0;
  T wish = 0;
  const blasint ask = -1;
  routine(&wish, &ask, &info);
  const auto length = static_cast<blasint>(wish);
  std::vector<T> work(static_cast<std::size_t>(length > 1 ? length : 1));
  routine(work.data(), &length, &info);
  check(info == 0, "{}: argument {} has an illegal value", name, -info);
}

}  // namespace

void gemm(std::int64_t m, std::int64_t n, std::int64_t k, float alpha, Matrix<float> a, Matrix<float> b,
          float beta, float* c, std::int64_t c_step) {
  const auto piece = [&](std::int64_t row, std::int64_t column, std::int64_t rows, std::int64_t columns) {
    cblas_sgemm(CblasRowMajor, letter(a), letter(b), size_of(rows), size_of(columns), size_of(k), alpha,
                from(a, row, 0), size_of(a.step), from(b, 0, column), size_of(b.step), beta,
                c + row * c_step + column, size_of(c_step));
  };
  in_pieces(
      m, n, k, [&](std::int64_t first, std::int64_t count) { piece(first, 0, count, n); },
      [&](std::int64_t first, std::int64_t count) { piece(0, first, m, count); });
}

void gemm(std::int64_t m, std::int64_t n, std::int64_t k, double alpha, Matrix<double> a, Matrix<double> b,
          double beta, double* c, std::int64_t c_step) {
  const auto piece = [&](std::int64_t row, std::int64_t column, std::int64_t rows, std::int64_t columns) {
    cblas_dgemm(CblasRowMajor, letter(a), letter(b), size_of(rows), size_of(columns), size_of(k), alpha,
                from(a, row, 0), size_of(a.step), from(b, 0, column), size_of(b.step), beta,
                c + row * c_step + column, size_of(c_step));
  };
  in_pieces(
      m, n, k, [&](std::int64_t first, std::int64_t count) { piece(first, 0, count, n); },
      [&](std::int64_t first, std::int64_t count) { piece(0, first, m, count); });
}

void geqrf(std::int64_t rows, std::int64_t columns, float* a, std::int64_t step, float* tau) {
  const blasint m = size_of(rows);
  const blasint n = size_of(columns);
  const blasint ld = size_of(step);
  with_workspace<float>("sgeqrf", [&](float* work, const blasint* lwork, blasint* info) {
    sgeqrf_(&m, &n, a, &ld, tau, work, lwork, info);
  });
}

void geqrf(std::int64_t rows, std::int64_t columns, double* a, std::int64_t step, double* tau) {
  const blasint m = size_of(rows);
  const blasint n = size_of(columns);
  const blasint ld = size_of(step);
  with_workspace<double>("dgeqrf", [&](double* work, const blasint* lwork, blasint* info) {
    dgeqrf_(&m, &n, a, &ld, tau, work, lwork, info);
  });
}

void orgqr(std::int64_t rows, std::int64_t columns, std::int64_t reflectors, float* a, std::int64_t step,
           const float* tau) {
  const blasint m = size_of(rows);
  const blasint n = size_of(columns);
  const blasint ld = size_of(step);
  const blasint k = size_of(reflectors);
  with_workspace<float>("sorgqr", [&](float* work, const blasint* lwork, blasint* info) {
    sorgqr_(&m, &n, &k, a, &ld, tau, work, lwork, info);
  });
}

void orgqr(std::int64_t rows, std::int64_t columns, std::int64_t reflectors, double* a, std::int64_t step,
           const double* tau) {
  const blasint m = size_of(rows);
  const blasint n = size_of(columns);
  const blasint ld = size_of(step);
  const blasint k = size_of(reflectors);
  with_workspace<double>("dorgqr", [&](double* work, const blasint* lwork, blasint* info) {
    dorgqr_(&m, &n, &k, a, &ld, tau, work, lwork, info);
  });
}

}  // namespace ballast::blas
