#include "ballast/ops/blas.h"

#include <atomic>
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

/// OpenBLAS has a pool of its own: it uses as many threads as we do.
void follow_num_threads() {
  static std::atomic<int> told{0};
  const int n = get_num_threads();
  if (told.exchange(n, std::memory_order_relaxed) != n) openblas_set_num_threads(n);
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
  follow_num_threads();
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
  follow_num_threads();
  cblas_sgemm(CblasRowMajor, letter(a), letter(b), size_of(m), size_of(n), size_of(k), alpha, a.data,
              size_of(a.step), b.data, size_of(b.step), beta, c, size_of(c_step));
}

void gemm(std::int64_t m, std::int64_t n, std::int64_t k, double alpha, Matrix<double> a, Matrix<double> b,
          double beta, double* c, std::int64_t c_step) {
  follow_num_threads();
  cblas_dgemm(CblasRowMajor, letter(a), letter(b), size_of(m), size_of(n), size_of(k), alpha, a.data,
              size_of(a.step), b.data, size_of(b.step), beta, c, size_of(c_step));
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
