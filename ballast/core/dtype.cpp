#include "ballast/core/dtype.h"

#include <array>
#include <atomic>

#include "ballast/core/error.h"

namespace ballast {
namespace {

enum class Category : std::uint8_t { kBool, kInteger, kFloat, kComplex };

struct Info {
  std::string_view name;
  std::string_view error_name;
  std::string_view cpp_name;
  std::int8_t size;
  Category category;
};

constexpr std::array<Info, kDTypeCount> kInfo{{
    {"uint8", "Byte", "unsigned char", 1, Category::kInteger},
    {"int8", "Char", "signed char", 1, Category::kInteger},
    {"int16", "Short", "short int", 2, Category::kInteger},
    {"int32", "Int", "int", 4, Category::kInteger},
    {"int64", "Long", "long int", 8, Category::kInteger},
    {"uint16", "UInt16", "short unsigned int", 2, Category::kInteger},
    {"uint32", "UInt32", "unsigned int", 4, Category::kInteger},
    {"uint64", "UInt64", "long unsigned int", 8, Category::kInteger},
    {"float16", "Half", "c10::Half", 2, Category::kFloat},
    {"float32", "Float", "float", 4, Category::kFloat},
    {"float64", "Double", "double", 8, Category::kFloat},
    {"bfloat16", "BFloat16", "c10::BFloat16", 2, Category::kFloat},
    {"complex32", "ComplexHalf", "c10::complex<c10::Half>", 4, Category::kComplex},
    {"complex64", "ComplexFloat", "c10::complex<float>", 8, Category::kComplex},
    {"complex128", "ComplexDouble", "c10::complex<double>", 16, Category::kComplex},
    {"bool", "Bool", "bool", 1, Category::kBool},
    {"float8_e5m2", "Float8_e5m2", "c10::Float8_e5m2", 1, Category::kFloat},
    {"float8_e4m3fn", "Float8_e4m3fn", "c10::Float8_e4m3fn", 1, Category::kFloat},
    {"float8_e5m2fnuz", "Float8_e5m2fnuz", "c10::Float8_e5m2fnuz", 1, Category::kFloat},
    {"float8_e4m3fnuz", "Float8_e4m3fnuz", "c10::Float8_e4m3fnuz", 1, Category::kFloat},
    {"float8_e8m0fnu", "Float8_e8m0fnu", "c10::Float8_e8m0fnu", 1, Category::kFloat},
}};

constexpr const Info& info(DType d) { return kInfo[static_cast<std::size_t>(d)]; }

std::atomic<DType> default_dtype{kFloat32};

bool is_wide_unsigned(DType d) { return d == kUInt16 || d == kUInt32 || d == kUInt64; }

DType promote_integers(DType a, DType b) {
  if (a == kUInt8 || b == kUInt8) {
    const DType s = a == kUInt8 ? b : a;
    return s == kInt8 ? kInt16 : s;
  }
  return itemsize(a) >= itemsize(b) ? a : b;
}

}  // namespace

std::int64_t itemsize(DType dtype) noexcept { return info(dtype).size; }
std::string_view dtype_name(DType dtype) noexcept { return info(dtype).name; }
std::string_view dtype_error_name(DType dtype) noexcept { return info(dtype).error_name; }
std::string_view dtype_cpp_name(DType dtype) noexcept { return info(dtype).cpp_name; }

std::optional<DType> dtype_from_name(std::string_view name) noexcept {
  if (name.starts_with("torch.")) name.remove_prefix(6);
  for (int i = 0; i < kDTypeCount; ++i) {
    if (kInfo[static_cast<std::size_t>(i)].name == name) return static_cast<DType>(i);
  }
  return std::nullopt;
}

bool is_floating_point(DType dtype) noexcept { return info(dtype).category == Category::kFloat; }
bool is_complex(DType dtype) noexcept { return info(dtype).category == Category::kComplex; }
bool is_integral(DType dtype, bool include_bool) noexcept {
  return info(dtype).category == Category::kInteger || (include_bool && dtype == kBool);
}
bool is_signed(DType dtype) noexcept {
  switch (dtype) {
    case kUInt8:
    case kUInt16:
    case kUInt32:
    case kUInt64:
    case kBool:
    case kFloat8_e8m0fnu:
      return false;
    default:
      return true;
  }
}
bool is_float8(DType dtype) noexcept { return is_floating_point(dtype) && itemsize(dtype) == 1; }

DType to_complex_dtype(DType dtype) {
  switch (dtype) {
    case kFloat16:
      return kComplex32;
    case kFloat32:
    case kBFloat16:
      return kComplex64;
    case kFloat64:
      return kComplex128;
    default:
      check<DTypeError>(is_complex(dtype), "Unknown Complex ScalarType for {}", dtype_error_name(dtype));
      return dtype;
  }
}

DType to_real_dtype(DType dtype) noexcept {
  switch (dtype) {
    case kComplex32:
      return kFloat16;
    case kComplex64:
      return kFloat32;
    case kComplex128:
      return kFloat64;
    default:
      return dtype;
  }
}

DType promote_types(DType a, DType b) {
  if (a == b) return a;
  check<DTypeError>(!is_float8(a) && !is_float8(b),
                    "Promotion for Float8 Types is not supported, attempted to promote {} and {}",
                    dtype_error_name(a), dtype_error_name(b));
  check<DTypeError>(
      (!is_wide_unsigned(a) || is_floating_point(b)) && (!is_wide_unsigned(b) || is_floating_point(a)),
      "Promotion for uint16, uint32, uint64 types is not supported, attempted to promote {} and {}",
      dtype_error_name(a), dtype_error_name(b));
  if (info(a).category < info(b).category) std::swap(a, b);  // a has the higher category
  if (info(a).category != info(b).category) {
    if (is_complex(a) && is_floating_point(b)) {
      if (b == kFloat64) return kComplex128;
      if (b == kFloat32 || b == kBFloat16) return a == kComplex32 ? kComplex64 : a;
    }
    return a;
  }
  switch (info(a).category) {
    case Category::kBool:
      return a;
    case Category::kInteger:
      return promote_integers(a, b);
    case Category::kFloat:
      if (itemsize(a) == itemsize(b)) return kFloat32;  // float16 with bfloat16
      [[fallthrough]];
    case Category::kComplex:
      return itemsize(a) > itemsize(b) ? a : b;
  }
  __builtin_unreachable();
}

bool can_cast(DType from, DType to) noexcept {
  if (is_complex(from) && !is_complex(to)) return false;
  if (is_floating_point(from) && is_integral(to, true)) return false;
  return from == kBool || to != kBool;
}

DType get_default_dtype() noexcept { return default_dtype.load(std::memory_order_relaxed); }

void set_default_dtype(DType dtype) {
  check<DTypeError>(dtype == kFloat16 || dtype == kBFloat16 || dtype == kFloat32 || dtype == kFloat64,
                    "only floating-point types are supported as the default type, not {}", dtype_name(dtype));
  default_dtype.store(dtype, std::memory_order_relaxed);
}

}  // namespace ballast
