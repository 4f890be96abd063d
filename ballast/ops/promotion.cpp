#include "ballast/ops/promotion.h"

#include <span>

namespace ballast {
namespace {

/// The types seen so far, by how much they count.
struct Seen {
  std::optional<DType> with_dims, without_dims, number;

  void add(const Operand& o) {
    std::optional<DType>& slot = o.is_number() ? number : o.tensor().dim() > 0 ? with_dims : without_dims;
    slot = slot ? promote_types(*slot, o.dtype()) : o.dtype();
  }
};

std::optional<DType> combine(std::optional<DType> higher, std::optional<DType> lower) {
  if (!higher || !lower) return higher ? higher : lower;
  if (is_complex(*higher)) return higher;
  if (is_floating_point(*higher)) return is_complex(*lower) ? to_complex_dtype(*higher) : *higher;
  if (is_complex(*lower)) return lower;
  if (*higher == kBool || is_floating_point(*lower)) return promote_types(*higher, *lower);
  return higher;
}

DType result_of(const Seen& seen) {
  return combine(seen.with_dims, combine(seen.without_dims, seen.number)).value_or(get_default_dtype());
}

}  // namespace

DType result_type(const Operand& a, const Operand& b) {
  if (!a.is_number() && !b.is_number() && a.dtype() == b.dtype()) return a.dtype();
  Seen seen;
  seen.add(a);
  seen.add(b);
  return result_of(seen);
}

DType broadcast_type(const Operand& a, const Operand& b) {
  if (!a.is_number() && !b.is_number()) {
    if (a.dtype() == b.dtype()) return a.dtype();
    static_cast<void>(broadcast_shapes(a.sizes(), b.sizes()));
  }
  return result_type(a, b);
}

DType result_type(const Operand& a, const Operand& b, const Operand& c) {
  Seen seen;
  seen.add(a);
  seen.add(b);
  seen.add(c);
  return result_of(seen);
}

DType real_result_type(DType dtype) { return is_integral(dtype, true) ? get_default_dtype() : dtype; }

void check_result_fits(DType result, DType written) {
  check<DTypeError>(can_cast(result, written), "result type {} can't be cast to the desired output type {}",
                    dtype_error_name(result), dtype_error_name(written));
}

bool result_is_meta(std::initializer_list<Operand> operands) {
  bool meta = false;
  bool memory_with_dims = false;
  for (const Operand& o : operands) {
    meta = meta || o.is_meta();
    memory_with_dims = memory_with_dims || (!o.is_number() && !o.is_meta() && o.tensor().dim() > 0);
  }
  check<DeviceError>(!meta || !memory_with_dims, "Tensor on device cpu is not on the expected device meta!");
  return meta;
}

}  // namespace ballast
