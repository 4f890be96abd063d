#include "ballast/ops/random_bounds.h"

#include <limits>

#include "ballast/core/error.h"

namespace ballast::detail {
namespace {

template <class T>
constexpr double largest() {
  if constexpr (std::is_same_v<T, Half>) return 65504;
  if constexpr (std::is_same_v<T, BFloat16>) return 0x1.FEp127;
  if constexpr (std::is_floating_point_v<T>) return std::numeric_limits<T>::max();
}

}  // namespace

template <class T>
void check_uniform_bounds(double from, double to) {
  constexpr double kMost = largest<T>();
  check<ValueError>(from >= -kMost && from <= kMost, "from is out of bounds for {}",
                    dtype_cpp_name(dtype_of<T>));
  check<ValueError>(to >= -kMost && to <= kMost, "to is out of bounds for {}", dtype_cpp_name(dtype_of<T>));
  check<ValueError>(from <= to,
                    "uniform_ expects to return a [from, to) range, but found from={:g} > to={:g}", from, to);
  check<ValueError>(
      to - from <= kMost,
      "uniform_ expects to-from <= std::numeric_limits<{}>::max(), but found to={:g} and from={:g} which "
      "result in to-from to exceed the limit",
      dtype_error_name(dtype_of<T>), to, from);
}

template void check_uniform_bounds<float>(double, double);
template void check_uniform_bounds<double>(double, double);
template void check_uniform_bounds<Half>(double, double);
template void check_uniform_bounds<BFloat16>(double, double);

}  // namespace ballast::detail
