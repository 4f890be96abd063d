// Singular values by one-sided Jacobi rotations (Hestenes 1958): the vectors of the short side are turned pairwise until each is
// orthogonal to all others; their lengths then are the singular values, small ones with high relative accuracy (Demmel &
// Veselic 1992). Slow beside LAPACK, which this room does not know, and therefore bounded by kSpectrumWork.
#include <algorithm>
#include <array>
#include <cmath>
#include <cstring>

#include "ballast/inspect/distribution.h"
#include "ballast/inspect/element_runs.h"

namespace ballast::inspect::detail {
namespace {

/// `count` vectors of `length` numbers, one after the other.
struct Vectors {
  std::int64_t count = 0, length = 0;
  std::vector<double> numbers;
  [[nodiscard]] double* at(std::int64_t i) { return numbers.data() + i * length; }
};

double dot(const double* a, const double* b, std::int64_t n) {
  constexpr std::int64_t kSide = 8;
  std::array<double, kSide> sum{};
  std::int64_t i = 0;
  for (; i + kSide <= n; i += kSide) {
    for (std::int64_t k = 0; k < kSide; ++k) sum[static_cast<std::size_t>(k)] += a[i + k] * b[i + k];
  }
  double rest = 0;
  for (; i < n; ++i) rest += a[i] * b[i];
  for (const double s : sum) rest += s;
  return rest;
}

/// Turns two vectors so that they are orthogonal. Whether they had to be.
bool rotate(double* a, double* b, std::int64_t n) {
  constexpr double kSmall = 1e-15;
  const double aa = dot(a, a, n), bb = dot(b, b, n), ab = dot(a, b, n);
  if (std::fabs(ab) <= kSmall * std::sqrt(aa) * std::sqrt(bb)) return false;
  const double zeta = (bb - aa) / (2 * ab);
  const double t = std::copysign(1.0, zeta) / (std::fabs(zeta) + std::hypot(1.0, zeta));
  const double c = 1 / std::sqrt(1 + t * t), s = c * t;
  for (std::int64_t i = 0; i < n; ++i) {
    const double x = a[i], y = b[i];
    a[i] = c * x - s * y;
    b[i] = s * x + c * y;
  }
  return true;
}

void make_orthogonal(Vectors& v) {
  constexpr int kSweeps = 60;  // ten are usual
  for (int sweep = 0; sweep < kSweeps; ++sweep) {
    bool turned = false;
    for (std::int64_t i = 0; i < v.count; ++i) {
      for (std::int64_t j = i + 1; j < v.count; ++j) turned |= rotate(v.at(i), v.at(j), v.length);
    }
    if (!turned) return;
  }
}

/// The matrix by the vectors of its short side, divided by `scale`. Columns may come in another order: it is the same for all rows.
Vectors vectors_of(const Tensor& tensor, std::int64_t rows, std::int64_t columns, double scale) {
  const bool by_rows = rows <= columns;
  Vectors v{std::min(rows, columns), std::max(rows, columns),
            std::vector<double>(static_cast<std::size_t>(rows * columns))};
  const bool wide = is_wide(tensor.dtype());
  for (std::int64_t r = 0; r < rows; ++r) {
    const Tensor row = part_at(tensor, 0, r);
    std::int64_t c = 0;
    with_run_type(wide, [&]<class T>(std::type_identity<T>) {
      each_run<T>(row, 0, columns, [&](const std::byte* p, std::int64_t n) {
        for (std::int64_t i = 0; i < n; ++i, ++c) {
          const auto x = static_cast<double>(load<T>(p + i * static_cast<std::int64_t>(sizeof(T))));
          *(by_rows ? v.at(r) + c : v.at(c) + r) = x / scale;
        }
      });
    });
  }
  return v;
}

}  // namespace

std::optional<Spectrum> spectrum(const Tensor& tensor, double abs_max) {
  if (tensor.dim() == 0 || tensor.numel() == 0 || tensor.is_complex()) return std::nullopt;
  const std::int64_t rows = tensor.size(0), columns = tensor.numel() / rows;
  const auto small = static_cast<double>(std::min(rows, columns));
  if (static_cast<double>(tensor.numel()) * small > kSpectrumWork) return std::nullopt;
  Spectrum out;
  if (abs_max == 0) {
    out.singular_values.resize(static_cast<std::size_t>(std::min(rows, columns)));
    out.condition = std::numeric_limits<double>::infinity();
    return out;
  }
  Vectors v = vectors_of(tensor, rows, columns, abs_max);
  make_orthogonal(v);
  double sum = 0, squares = 0;
  for (std::int64_t i = 0; i < v.count; ++i) {
    out.singular_values.push_back(std::sqrt(dot(v.at(i), v.at(i), v.length)));
  }
  std::sort(out.singular_values.begin(), out.singular_values.end(), std::greater<>());
  for (const double s : out.singular_values) {
    sum += s;
    squares += s * s;
  }
  const double largest = out.singular_values.front();
  double entropy = 0;
  for (const double s : out.singular_values) {
    if (s > 0) entropy -= s / sum * std::log(s / sum);
  }
  out.effective_rank = std::exp(entropy);
  out.stable_rank = squares / (largest * largest);
  out.condition = largest / out.singular_values.back();
  for (double& s : out.singular_values) s *= abs_max;
  return out;
}

}  // namespace ballast::inspect::detail
