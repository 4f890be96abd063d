#include "ballast/checkpoint/formats/safetensors_types.h"

#include <algorithm>
#include <iterator>

namespace ballast::checkpoint {
namespace {

struct Type {
  std::string_view name;
  DType dtype;
};

/// In the order of the format's own list.
constexpr Type kTypes[] = {{"BOOL", kBool},
                           {"U8", kUInt8},
                           {"I8", kInt8},
                           {"F8_E5M2", kFloat8_e5m2},
                           {"F8_E4M3", kFloat8_e4m3fn},
                           {"F8_E8M0", kFloat8_e8m0fnu},
                           {"F8_E4M3FNUZ", kFloat8_e4m3fnuz},
                           {"F8_E5M2FNUZ", kFloat8_e5m2fnuz},
                           {"I16", kInt16},
                           {"U16", kUInt16},
                           {"F16", kFloat16},
                           {"BF16", kBFloat16},
                           {"I32", kInt32},
                           {"U32", kUInt32},
                           {"F32", kFloat32},
                           {"C64", kComplex64},
                           {"F64", kFloat64},
                           {"I64", kInt64},
                           {"U64", kUInt64}};

const Type* find(DType dtype) {
  const auto* it =
      std::find_if(std::begin(kTypes), std::end(kTypes), [&](const Type& t) { return t.dtype == dtype; });
  return it == std::end(kTypes) ? nullptr : it;
}

}  // namespace

std::optional<DType> dtype_of_safetensors(std::string_view name) noexcept {
  for (const Type& t : kTypes) {
    if (t.name == name) return t.dtype;
  }
  return std::nullopt;
}

bool is_safetensors_fraction(std::string_view name) noexcept {
  return name == "F4" || name == "F6_E2M3" || name == "F6_E3M2";
}

std::optional<std::string_view> safetensors_name(DType dtype) noexcept {
  const Type* t = find(dtype);
  if (t == nullptr) return std::nullopt;
  return t->name;
}

std::size_t safetensors_order(DType dtype) noexcept {
  const Type* t = find(dtype);
  return t == nullptr ? 0 : static_cast<std::size_t>(t - std::begin(kTypes));
}

}  // namespace ballast::checkpoint
