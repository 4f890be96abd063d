// Element types: names, sizes, promotion and casting, against PyTorch's tables.
#include "ballast/core/dtype.h"

#include <iostream>
#include <set>

#include "tests/support/golden.h"
#include <gtest/gtest.h>

#include "ballast/core/error.h"

namespace ballast {
namespace {

using testing::Json;

DType named(const std::string& name) { return dtype_from_name(name).value(); }

TEST(DTypeTest, HasTheTypesOfPyTorch) {
  const Json types = testing::read_json("core/promotion.json")["types"];
  std::set<DType> seen;
  for (const Json& t : types) {
    const std::string name = t["name"];
    ASSERT_TRUE(dtype_from_name(name).has_value()) << name;
    const DType d = named(name);
    seen.insert(d);
    EXPECT_EQ(dtype_name(d), name);
    EXPECT_EQ(named("torch." + name), d);
    EXPECT_EQ(itemsize(d), t["itemsize"].get<std::int64_t>()) << name;
    EXPECT_EQ(is_floating_point(d), t["floating"].get<bool>()) << name;
    EXPECT_EQ(is_complex(d), t["complex"].get<bool>()) << name;
    EXPECT_EQ(is_signed(d), t["signed"].get<bool>()) << name;
    EXPECT_EQ(is_integral(d, true), !is_floating_point(d) && !is_complex(d)) << name;
    EXPECT_EQ(is_integral(d, false), is_integral(d, true) && d != kBool) << name;
    visit_dtype(d, [&]<class T>(std::type_identity<T>) {
      EXPECT_EQ(dtype_of<T>, d);
      EXPECT_EQ(static_cast<std::int64_t>(sizeof(T)), itemsize(d)) << name;
    });
  }
  EXPECT_EQ(seen.size(), static_cast<std::size_t>(kDTypeCount));
}

TEST(DTypeTest, KnowsNoOtherNames) {
  for (const char* name : {"", "torch.", "float", "Float32", "float8", "torch.torch.int8", "int128"}) {
    EXPECT_FALSE(dtype_from_name(name).has_value()) << name;
  }
}

TEST(DTypeTest, PromotesAsPyTorch) {
  const Json golden = testing::read_json("core/promotion.json")["promote"];
  std::size_t n = 0;
  for (const auto& [a, row] : golden.items()) {
    for (const auto& [b, expected] : row.items()) {
      ++n;
      if (expected.is_null()) {
        EXPECT_THROW((void)promote_types(named(a), named(b)), DTypeError) << a << " with " << b;
      } else {
        EXPECT_EQ(dtype_name(promote_types(named(a), named(b))), expected.get<std::string>())
            << a << " with " << b;
      }
    }
  }
  std::cout << "[ cases ] " << n << " of core/promotion.json\n";
  EXPECT_EQ(n, 441u);
}

TEST(DTypeTest, CastsInPlaceAsPyTorch) {
  const Json golden = testing::read_json("core/promotion.json")["can_cast"];
  for (const auto& [from, row] : golden.items()) {
    for (const auto& [to, expected] : row.items()) {
      EXPECT_EQ(can_cast(named(from), named(to)), expected.get<bool>()) << from << " to " << to;
    }
  }
}

TEST(DTypeTest, TheDefaultTypeIsAFloatingOne) {
  EXPECT_EQ(get_default_dtype(), kFloat32);
  set_default_dtype(kFloat64);
  EXPECT_EQ(get_default_dtype(), kFloat64);
  for (const DType d : {kInt64, kBool, kComplex64, kFloat8_e5m2}) {
    EXPECT_THROW(set_default_dtype(d), DTypeError) << dtype_name(d);
  }
  EXPECT_EQ(get_default_dtype(), kFloat64);
  set_default_dtype(kFloat32);
}

TEST(DTypeTest, ComplexTypesAndTheirPartsBelongTogether) {
  EXPECT_EQ(to_complex_dtype(kFloat16), kComplex32);
  EXPECT_EQ(to_complex_dtype(kBFloat16), kComplex64);
  EXPECT_EQ(to_complex_dtype(kFloat32), kComplex64);
  EXPECT_EQ(to_complex_dtype(kFloat64), kComplex128);
  EXPECT_EQ(to_complex_dtype(kComplex64), kComplex64);
  EXPECT_THROW((void)to_complex_dtype(kInt32), DTypeError);
  for (const DType c : {kComplex32, kComplex64, kComplex128})
    EXPECT_EQ(to_complex_dtype(to_real_dtype(c)), c);
  EXPECT_EQ(to_real_dtype(kInt8), kInt8);
}

TEST(DTypeTest, ErrorTextsUsePyTorchsOtherNames) {
  EXPECT_EQ(dtype_error_name(kFloat32), "Float");
  EXPECT_EQ(dtype_error_name(kInt64), "Long");
  EXPECT_EQ(dtype_error_name(kUInt8), "Byte");
  EXPECT_EQ(dtype_error_name(kUInt16), "UInt16");
  EXPECT_EQ(dtype_error_name(kComplex128), "ComplexDouble");
  EXPECT_EQ(dtype_error_name(kFloat8_e4m3fn), "Float8_e4m3fn");
}

}  // namespace
}  // namespace ballast
