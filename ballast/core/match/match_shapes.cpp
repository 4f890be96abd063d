#include "ballast/core/match/match_shapes.h"

#include <algorithm>
#include <optional>
#include <vector>

#include "ballast/core/dtype.h"
#include "ballast/core/shape.h"

namespace ballast {
namespace {

std::vector<std::int64_t> sorted(IntArrayRef sizes) {
  std::vector<std::int64_t> out(sizes.begin(), sizes.end());
  std::sort(out.begin(), out.end());
  return out;
}

std::vector<std::int64_t> without_ones(IntArrayRef sizes) {
  std::vector<std::int64_t> out;
  std::copy_if(sizes.begin(), sizes.end(), std::back_inserter(out), [](std::int64_t n) { return n != 1; });
  return out;
}

/// The number of elements; nullopt where it is beyond all numbers.
std::optional<std::int64_t> elements(IntArrayRef sizes) {
  std::optional<std::int64_t> n = 1;
  for (const std::int64_t size : sizes) {
    if (n) n = checked_mul(*n, size);
  }
  return n;
}

}  // namespace

bool same_shape(IntArrayRef from, IntArrayRef to) noexcept {
  if (from == to) return true;
  return to.empty() && from.size() == 1 && from[0] == 1;
}

ShapeCause shape_cause(IntArrayRef from, IntArrayRef to) {
  if (same_shape(from, to)) return ShapeCause::kEqual;
  if (from.size() == to.size()) {
    if (sorted(from) == sorted(to))
      return from.size() == 2 ? ShapeCause::kTransposed : ShapeCause::kOtherOrder;
    std::size_t differ = 0;
    for (std::size_t d = 0; d < from.size(); ++d) differ += from[d] == to[d] ? 0 : 1;
    if (differ == 1) return from[0] != to[0] ? ShapeCause::kFirstSize : ShapeCause::kOneSize;
  }
  if (without_ones(from) == without_ones(to)) return ShapeCause::kSizesOfOne;
  const auto n = elements(from);
  if (n && *n > 0 && n == elements(to)) return ShapeCause::kReshaped;
  return from.size() == to.size() ? ShapeCause::kSeveralSizes : ShapeCause::kDimensions;
}

std::string shape_reason(ShapeCause cause, IntArrayRef from, IntArrayRef to) {
  const auto guess = [&]() -> std::string {
    switch (cause) {
      case ShapeCause::kTransposed:
        return "transposed?";
      case ShapeCause::kOtherOrder:
        return "the same sizes in another order: permuted?";
      case ShapeCause::kSizesOfOne:
        return "only sizes of 1 differ: squeezed?";
      case ShapeCause::kReshaped:
        return "as many elements: reshaped?";
      case ShapeCause::kFirstSize:
        return "only the first size differs";
      case ShapeCause::kOneSize:
        return "only one size differs";
      case ShapeCause::kSeveralSizes:
        return "several sizes differ: another layer?";
      case ShapeCause::kDimensions:
        return "another number of dimensions: another layer?";
      case ShapeCause::kEqual:
        break;
    }
    return "the same";
  };
  return fmt::format("{} in the file, {} in the model: {}", shape_text(from), shape_text(to), guess());
}

bool holds_every_value(std::string_view to, std::string_view from) {
  if (to == from) return true;
  const auto t = dtype_from_name(to), f = dtype_from_name(from);
  if (!t || !f) return false;
  if (*f == kBool) return true;
  /// Bits of precision and of range that a real type has.
  struct Width {
    int digits, exponent;
    bool sign;
  };
  const auto width = [](DType d) -> std::optional<Width> {
    switch (is_complex(d) ? to_real_dtype(d) : d) {
      case DType::kUInt8:
        return Width{8, 8, false};
      case DType::kInt8:
        return Width{7, 7, true};
      case DType::kUInt16:
        return Width{16, 16, false};
      case DType::kInt16:
        return Width{15, 15, true};
      case DType::kUInt32:
        return Width{32, 32, false};
      case DType::kInt32:
        return Width{31, 31, true};
      case DType::kUInt64:
        return Width{64, 64, false};
      case DType::kInt64:
        return Width{63, 63, true};
      case DType::kFloat16:
        return Width{11, 16, true};
      case DType::kBFloat16:
        return Width{8, 128, true};
      case DType::kFloat32:
        return Width{24, 128, true};
      case DType::kFloat64:
        return Width{53, 1024, true};
      case DType::kFloat8_e5m2:
      case DType::kFloat8_e5m2fnuz:
        return Width{3, 16, true};
      case DType::kFloat8_e4m3fn:
      case DType::kFloat8_e4m3fnuz:
        return Width{4, 9, true};
      default:
        return std::nullopt;
    }
  };
  if (is_complex(*f) && !is_complex(*t)) return false;
  const bool to_integers = is_integral(*t, true);
  if (to_integers && !is_integral(*f, true)) return false;
  if (is_float8(*t)) return false;  // each has values of its own: no infinity, no zero with a sign
  const auto a = width(*t), b = width(*f);
  return a && b && a->digits >= b->digits && a->exponent >= b->exponent && (a->sign || !b->sign);
}

}  // namespace ballast
