// The formats of 16 and 8 bits: against PyTorch's tables, and against a slow encoder that looks at every
// value.
#include "ballast/core/minifloat.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <iostream>
#include <limits>
#include <random>
#include <vector>

#include "tests/support/golden.h"
#include <gtest/gtest.h>

#include "ballast/core/convert_element.h"

namespace ballast {
namespace {

using testing::Json;

template <class T>
using BitsOf = decltype(T{}.bits);

template <class F>
void for_each_format(F&& f) {
  f(std::type_identity<Half>{});
  f(std::type_identity<BFloat16>{});
  f(std::type_identity<Float8_e5m2>{});
  f(std::type_identity<Float8_e4m3fn>{});
  f(std::type_identity<Float8_e5m2fnuz>{});
  f(std::type_identity<Float8_e4m3fnuz>{});
  f(std::type_identity<Float8_e8m0fnu>{});
}

template <class T>
std::string name() {
  return std::string(dtype_name(dtype_of<T>));
}

template <class T>
T element(const std::string& hex) {
  T v;
  const std::string bytes = testing::from_hex(hex);
  std::memcpy(&v, bytes.data(), sizeof v);
  return v;
}

TEST(MinifloatTest, MeansWhatPyTorchReads) {
  const Json golden = testing::read_json("core/minifloat.json")["decode"];
  std::size_t n = 0;
  for_each_format([&]<class T>(std::type_identity<T>) {
    if (!golden.contains(name<T>())) return;  // 16 bits: told by the encodings and by TheExactValueSurvives
    const Json& table = golden[name<T>()];
    for (unsigned bits = 0; bits < 256; ++bits, ++n) {
      const float expected = element<float>(table[bits]);
      const float value = T::from_bits(static_cast<BitsOf<T>>(bits));
      if (std::isnan(expected)) {
        EXPECT_TRUE(std::isnan(value)) << name<T>() << ' ' << bits;
      } else {
        EXPECT_EQ(std::bit_cast<std::uint32_t>(value), std::bit_cast<std::uint32_t>(expected))
            << name<T>() << ' ' << bits;
      }
    }
  });
  std::cout << "[ cases ] " << n << " bit patterns of core/minifloat.json\n";
  EXPECT_EQ(n, 5u * 256u);
}

TEST(MinifloatTest, RoundsAsPyTorch) {
  const Json golden = testing::read_json("core/minifloat.json");
  std::size_t n = 0;
  for_each_format([&]<class T>(std::type_identity<T>) {
    const Json& encoded = golden["encode"][name<T>()];
    for (std::size_t i = 0; i < encoded.size(); ++i, ++n) {
      const auto value = element<float>(golden["floats"][i]);
      const std::string expected = encoded[i];
      if (expected == "nan") {
        EXPECT_TRUE(std::isnan(static_cast<float>(T(value)))) << name<T>() << " of " << value;
      } else {
        EXPECT_EQ(T(value).bits, element<T>(expected).bits) << name<T>() << " of " << value;
      }
    }
  });
  std::cout << "[ cases ] " << n << " floats of core/minifloat.json\n";
  EXPECT_GT(n, 0u);
}

TEST(MinifloatTest, TheExactValueSurvives) {
  for_each_format([]<class T>(std::type_identity<T>) {
    constexpr unsigned kCount = 1u << (8 * sizeof(T));
    for (unsigned bits = 0; bits < kCount; ++bits) {
      const T e = T::from_bits(static_cast<BitsOf<T>>(bits));
      const float value = e;
      if (std::isnan(value)) {
        ASSERT_TRUE(std::isnan(static_cast<float>(T(value)))) << name<T>() << ' ' << bits;
      } else {
        ASSERT_EQ(T(value).bits, e.bits) << name<T>() << ' ' << bits;
      }
    }
  });
}

/// All finite values of a format from 0 upwards, by their bits.
template <class T>
std::vector<double> magnitudes() {
  std::vector<double> out;
  const unsigned count = std::is_same_v<T, Float8_e8m0fnu> ? 255 : 1u << (8 * sizeof(T) - 1);
  for (unsigned bits = 0; bits < count; ++bits) {
    const float v = T::from_bits(static_cast<BitsOf<T>>(bits));
    if (!std::isfinite(v)) break;
    out.push_back(v);
  }
  return out;
}

/// The value nearest to |x|, of two equally near the one with even bits; one step past the last for too large
/// ones.
std::size_t nearest(const std::vector<double>& values, double x) {
  const auto up =
      static_cast<std::size_t>(std::lower_bound(values.begin(), values.end(), x) - values.begin());
  const double next_step = values.back() + (values.back() - values[values.size() - 2]);
  const double above = up < values.size() ? values[up] : next_step;
  if (up > values.size() || x >= next_step) return values.size();
  if (up == 0) return 0;
  const double below = values[up - 1];
  if (x - below != above - x) return x - below < above - x ? up - 1 : up;
  return up % 2 == 0 ? up : up - 1;
}

template <class T>
void expect_nearest(float value, const std::vector<double>& values) {
  const T encoded(value);
  const float back = encoded;
  const double x = std::abs(static_cast<double>(value));
  const std::size_t k = nearest(values, x);
  if (k < values.size()) {
    ASSERT_EQ(std::abs(static_cast<double>(back)), values[k]) << name<T>() << " of " << value;
    if (value != 0 && back != 0) {
      ASSERT_EQ(std::signbit(back), std::signbit(value)) << name<T>() << " of " << value;
    }
  } else if (std::is_same_v<T, Float8_e4m3fn>) {
    ASSERT_EQ(std::abs(static_cast<double>(back)), values.back()) << "saturates";
  } else {
    ASSERT_FALSE(std::isfinite(back)) << name<T>() << " of " << value;
  }
}

TEST(MinifloatTest, GivesTheNearestValueTiesToEven) {
  std::mt19937 random(1);
  for_each_format([&]<class T>(std::type_identity<T>) {
    if constexpr (!std::is_same_v<T,
                                  Float8_e8m0fnu>) {  // it has no zero and no sign; RoundsAsPyTorch covers it
      const std::vector<double> values = magnitudes<T>();
      for (int i = 0; i < 200'000; ++i) {
        const float value = std::bit_cast<float>(static_cast<std::uint32_t>(random()));
        if (std::isfinite(value)) expect_nearest<T>(value, values);
      }
      for (std::size_t i = 0; i + 1 < values.size(); ++i) {
        const auto middle = static_cast<float>((values[i] + values[i + 1]) / 2);
        for (const float v : {middle, std::nextafter(middle, 0.0f), std::nextafter(middle, 3e38f)}) {
          expect_nearest<T>(v, values);
          expect_nearest<T>(-v, values);
        }
      }
    }
  });
}

TEST(MinifloatTest, DoublesRoundToFloatFirst) {
  // Halfway between two halves for float, a little above for double.
  const double above_the_middle = 1.0 + 0x1p-11 + 0x1p-40;
  EXPECT_EQ(static_cast<float>(convert_element<Half>(above_the_middle)), 1.0f);
}

TEST(MinifloatTest, IsKnownAtCompileTime) {
  static_assert(Half(1.0f).bits == 0x3C00);
  static_assert(static_cast<float>(BFloat16(1.00390625f)) == 1.0f);
  static_assert(Float8_e4m3fn(1e9f).bits == 0x7E);
  static_assert(Float8_e5m2fnuz(-0.0f).bits == 0);
}

}  // namespace
}  // namespace ballast
