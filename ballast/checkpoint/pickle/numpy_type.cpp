#include "ballast/checkpoint/pickle/numpy_type.h"

#include <algorithm>
#include <array>

#include <fmt/format.h>

#include "ballast/core/shape.h"

namespace ballast::checkpoint {
namespace {

struct Code {
  std::string_view code;
  DType dtype;
};
constexpr std::array kCodes{Code{"b1", kBool},      Code{"i1", kInt8},       Code{"i2", kInt16},
                            Code{"i4", kInt32},     Code{"i8", kInt64},      Code{"u1", kUInt8},
                            Code{"u2", kUInt16},    Code{"u4", kUInt32},     Code{"u8", kUInt64},
                            Code{"f2", kFloat16},   Code{"f4", kFloat32},    Code{"f8", kFloat64},
                            Code{"c8", kComplex64}, Code{"c16", kComplex128}};

}  // namespace

std::optional<NumpyType> numpy_type(std::string_view order, std::string_view code) {
  if (order != "<" && order != ">" && order != "=" && order != "|") return std::nullopt;
  const auto* row = std::find_if(kCodes.begin(), kCodes.end(), [&](const Code& c) { return c.code == code; });
  if (row == kCodes.end()) return std::nullopt;
  const auto width = static_cast<std::uint8_t>(itemsize(row->dtype));
  if (width == 1 || order != ">")
    return order == "|" && width > 1 ? std::nullopt : std::optional(NumpyType{row->dtype});
  return NumpyType{row->dtype, is_complex(row->dtype) ? static_cast<std::uint8_t>(width / 2) : width};
}

std::optional<NumpyType> numpy_type(std::string_view descr) {
  if (descr.size() < 2) return std::nullopt;
  return numpy_type(descr.substr(0, 1), descr.substr(1));
}

std::optional<std::string> numpy_descr(DType dtype) {
  const auto* row =
      std::find_if(kCodes.begin(), kCodes.end(), [&](const Code& c) { return c.dtype == dtype; });
  if (row == kCodes.end()) return std::nullopt;
  return fmt::format("{}{}", itemsize(dtype) == 1 ? '|' : '<', row->code);
}

Dims numpy_strides(const Dims& shape, bool fortran) {
  if (!fortran) return contiguous_strides(shape);
  Dims turned(shape);
  std::reverse(turned.begin(), turned.end());
  Dims out = contiguous_strides(turned);
  std::reverse(out.begin(), out.end());
  return out;
}

}  // namespace ballast::checkpoint
