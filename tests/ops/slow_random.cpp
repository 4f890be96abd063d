#include "tests/ops/slow_random.h"

namespace ballast::testing {
namespace {

/// A single-precision logarithm of u in (0, 1]: Cephes' polynomial.
float log_of(float u) {
  int exponent = 0;
  float x = std::frexp(u, &exponent);
  auto e = static_cast<float>(exponent);
  if (x < 0.707106781186547524f) {
    e -= 1;
    x = (x - 1) + x;
  } else {
    x -= 1;
  }
  const float z = x * x;
  float y = 7.0376836292e-2f;
  for (const float p : {-1.1514610310e-1f, 1.1676998740e-1f, -1.2420140846e-1f, 1.4249322787e-1f,
                        -1.6668057665e-1f, 2.0000714765e-1f, -2.4999993993e-1f, 3.3333331174e-1f}) {
    y = std::fma(y, x, p);
  }
  y *= x;
  y = std::fma(y, z, e * -2.12194440e-4f);
  y = std::fma(-z, 0.5f, y);
  return std::fma(e, 0.693359375f, x + y);
}

struct SinCos {
  float sin, cos;
};

/// Of an angle in [0, 2 pi]: Cephes' polynomials on the nearest multiple of pi / 4.
SinCos sin_cos_of(float angle) {
  int j = static_cast<int>(angle * 1.27323954473516f);
  j = (j + 1) & ~1;
  const auto f = static_cast<float>(j);
  float x = std::fma(f, -0.78515625f, angle);
  x = std::fma(f, -2.4187564849853515625e-4f, x);
  x = std::fma(f, -3.77489497744594108e-8f, x);
  const float z = x * x;
  float p = std::fma(2.443315711809948e-5f, z, -1.388731625493765e-3f);
  p = std::fma(p, z, 4.166664568298827e-2f);
  p *= z;
  p = std::fma(p, z, -(z * 0.5f));
  p += 1;
  float q = std::fma(-1.9515295891e-4f, z, 8.3321608736e-3f);
  q = std::fma(q, z, -1.6666654611e-1f);
  q *= z;
  q = std::fma(q, x, x);
  const bool swapped = (j & 2) != 0;
  const float sine = swapped ? p : q;
  const float cosine = swapped ? q : p;
  return {(j & 4) != 0 ? -sine : sine, ((j - 2) & 4) == 0 ? -cosine : cosine};
}

}  // namespace

double SlowGenerator::normal() {
  if (kept_) {
    const double z = *kept_;
    kept_.reset();
    return z;
  }
  const double u1 = u53();
  const double u2 = u53();
  const double radius = std::sqrt(-2 * std::log1p(-u2));
  const double angle = 6.283185307179586 * u1;
  kept_ = radius * std::sin(angle);
  return radius * std::cos(angle);
}

void box_muller(float* x, float mean, float std) {
  for (int k = 0; k < 8; ++k) {
    const float radius = std::sqrt(-2 * log_of(1 - x[k]));
    const auto [sine, cosine] = sin_cos_of(6.283185307179586f * x[k + 8]);
    x[k] = std::fma(radius * cosine, std, mean);
    x[k + 8] = std::fma(radius * sine, std, mean);
  }
}

bool draws_until_inside(double mean, double std, double a, double b) {
  const auto share_below = [&](double x) { return (1 + std::erf((x - mean) / std / std::sqrt(2.0))) / 2; };
  return share_below(b) - share_below(a) > 0.3;
}

}  // namespace ballast::testing
