// Scalars: kinds, types and conversions with PyTorch's overflow rules.
#include "ballast/core/scalar.h"

#include <cmath>
#include <limits>

#include <gtest/gtest.h>

#include "ballast/core/error.h"

namespace ballast {
namespace {

template <class T>
std::string refusal(const Scalar& s) {
  try {
    (void)s.to<T>();
  } catch (const DTypeError& e) {
    return e.what();
  }
  return "nothing was thrown";
}

std::string overflow_text(const std::string& type) {
  return "value cannot be converted to type " + type + " without overflow";
}

TEST(ScalarTest, HasTheTypeOfAPythonNumber) {
  EXPECT_EQ(Scalar(true).dtype(), kBool);
  EXPECT_EQ(Scalar(3).dtype(), kInt64);
  EXPECT_EQ(Scalar(std::uint8_t{3}).dtype(), kInt64);
  EXPECT_EQ(Scalar(std::uint64_t{3}).dtype(), kInt64);
  EXPECT_EQ(Scalar(std::numeric_limits<std::uint64_t>::max()).dtype(), kUInt64);
  EXPECT_EQ(Scalar(2.5f).dtype(), kFloat32);
  EXPECT_EQ(Scalar(2.5).dtype(), kFloat32);
  EXPECT_EQ(Scalar(std::complex<double>(1, 2)).dtype(), kComplex64);
  set_default_dtype(kFloat64);
  EXPECT_EQ(Scalar(2.5).dtype(), kFloat64);
  EXPECT_EQ(Scalar(std::complex<float>(1, 2)).dtype(), kComplex128);
  set_default_dtype(kFloat32);
}

TEST(ScalarTest, ConvertsWhatFits) {
  EXPECT_EQ(Scalar(2.9).toLong(), 2);
  EXPECT_EQ(Scalar(-2.9).toInt(), -2);
  EXPECT_EQ(Scalar(255).to<std::uint8_t>(), 255);
  EXPECT_EQ(Scalar(true).toDouble(), 1.0);
  EXPECT_TRUE(Scalar(0.5).toBool());
  EXPECT_FALSE(Scalar(-0.0).toBool());
  EXPECT_TRUE(Scalar(std::complex<double>(0, 1)).toBool());
  EXPECT_EQ(Scalar(std::complex<double>(3, 0)).toLong(), 3);
  EXPECT_EQ(Scalar(3).toComplexDouble(), std::complex<double>(3, 0));
  EXPECT_EQ(Scalar(std::numeric_limits<std::uint64_t>::max()).to<std::uint64_t>(),
            std::numeric_limits<std::uint64_t>::max());
  EXPECT_EQ(Scalar(std::numeric_limits<std::uint64_t>::max()).toDouble(), 0x1p64);
  EXPECT_EQ(Scalar(std::numeric_limits<std::int64_t>::min()).toLong(),
            std::numeric_limits<std::int64_t>::min());
  EXPECT_EQ(Scalar(Half(1.5f)).toDouble(), 1.5);
  EXPECT_EQ(Scalar(BFloat16(1.5f)).toDouble(), 1.5);
}

TEST(ScalarTest, RefusesWhatDoesNotFit) {
  EXPECT_EQ(refusal<std::uint8_t>(256), overflow_text("uint8_t"));
  EXPECT_EQ(refusal<std::uint8_t>(255.5), overflow_text("uint8_t")) << "compared before it is truncated";
  EXPECT_EQ(refusal<std::int8_t>(-129), overflow_text("int8_t"));
  EXPECT_EQ(refusal<std::int32_t>(2147483647.5), overflow_text("int"));
  EXPECT_EQ(refusal<std::int32_t>(-2147483648.5), overflow_text("int"));
  EXPECT_EQ(refusal<std::int64_t>(0x1p63), overflow_text("int64_t"));
  EXPECT_EQ(refusal<std::int64_t>(std::nan("")), overflow_text("int64_t"));
  EXPECT_EQ(refusal<std::int64_t>(std::numeric_limits<std::uint64_t>::max()), overflow_text("int64_t"));
  EXPECT_EQ(refusal<std::uint64_t>(INFINITY), overflow_text("uint64_t"));
  EXPECT_EQ(refusal<std::uint16_t>(-0.5), overflow_text("uint16_t"));
  EXPECT_EQ(refusal<float>(1e39), overflow_text("float"));
  const Scalar z(std::complex<double>(3, 1));
  EXPECT_EQ(refusal<double>(z), overflow_text("double"));
  EXPECT_EQ(refusal<float>(z), overflow_text("float"));
  EXPECT_EQ(refusal<std::int16_t>(z), overflow_text("int16_t"));
}

TEST(ScalarTest, InfinityIsAFloat) {
  EXPECT_EQ(Scalar(INFINITY).toFloat(), INFINITY);
  EXPECT_TRUE(std::isnan(Scalar(std::nan("")).toFloat()));
}

TEST(ScalarTest, NegativeIntegersWrapIntoUnsignedTypesWhereTheirMagnitudeFits) {
  EXPECT_EQ(Scalar(-1).to<std::uint8_t>(), 255);
  EXPECT_EQ(Scalar(-255).to<std::uint8_t>(), 1);
  EXPECT_EQ(refusal<std::uint8_t>(-256), overflow_text("uint8_t"));
  EXPECT_EQ(Scalar(-1).to<std::uint64_t>(), std::numeric_limits<std::uint64_t>::max());
  EXPECT_EQ(Scalar(std::numeric_limits<std::int64_t>::min()).to<std::uint64_t>(), std::uint64_t{1} << 63);
}

}  // namespace
}  // namespace ballast
