#include "tests/inspect/slow_difference.h"

#include <cmath>
#include <limits>

#include "tests/inspect/samples.h"
#include <gtest/gtest.h>

namespace ballast::testing {

using inspect::Difference;

Difference slow_difference(const Tensor& a, const Tensor& b, const inspect::CompareOptions& o) {
  Difference d;
  const std::vector<double> x = values_of(a), y = values_of(b);
  long double difference = 0, aa = 0, bb = 0, ab = 0;
  std::int64_t finite = 0;
  for (std::size_t i = 0; i < x.size(); ++i) {
    ++d.count;
    const bool both_nan = std::isnan(x[i]) && std::isnan(y[i]);
    const bool equal = x[i] == y[i] || (both_nan && o.equal_nan);
    d.changed += equal ? 0 : 1;
    if (!std::isfinite(x[i]) || !std::isfinite(y[i])) {
      d.outside += equal ? 0 : 1;
      d.not_finite += equal ? 0 : 1;
      continue;
    }
    ++finite;
    const double apart = std::fabs(x[i] - y[i]);
    d.outside += apart <= o.atol + o.rtol * std::fabs(y[i]) ? 0 : 1;
    d.max_abs = std::max(d.max_abs, apart);
    difference += static_cast<long double>(apart) * apart;
    aa += static_cast<long double>(x[i]) * x[i];
    bb += static_cast<long double>(y[i]) * y[i];
    ab += static_cast<long double>(x[i]) * y[i];
  }
  if (d.not_finite > 0) d.max_abs = std::numeric_limits<double>::infinity();
  if (finite > 0) d.rms = static_cast<double>(std::sqrt(difference / static_cast<long double>(finite)));
  d.a_norm = static_cast<double>(std::sqrt(aa));
  d.difference_norm = static_cast<double>(std::sqrt(difference));
  if (difference > 0) {
    d.relative =
        aa > 0 ? static_cast<double>(std::sqrt(difference / aa)) : std::numeric_limits<double>::infinity();
    d.cosine = aa > 0 && bb > 0 ? static_cast<double>(ab / (std::sqrt(aa) * std::sqrt(bb))) : 0;
  }
  return d;
}

void expect_equal(const Difference& found, const Difference& slow, bool overflows) {
  EXPECT_EQ(found.count, slow.count);
  EXPECT_EQ(found.changed, slow.changed);
  EXPECT_EQ(found.outside, slow.outside);
  EXPECT_EQ(found.not_finite, slow.not_finite);
  EXPECT_EQ(found.max_abs, slow.max_abs);
  if (overflows) return;  // the squares of doubles of random bits
  constexpr double kError = 1e-11;
  EXPECT_NEAR(found.rms, slow.rms, kError * slow.rms);
  EXPECT_NEAR(found.a_norm, slow.a_norm, kError * slow.a_norm);
  EXPECT_NEAR(found.difference_norm, slow.difference_norm, kError * slow.difference_norm);
  if (std::isfinite(slow.relative)) {
    EXPECT_NEAR(found.relative, slow.relative, kError * slow.relative);
  } else {
    EXPECT_EQ(found.relative, slow.relative);
  }
  EXPECT_NEAR(found.cosine, slow.cosine, kError);
}

}  // namespace ballast::testing
