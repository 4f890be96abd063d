// Tensors to look at, and their elements read one by one.
#pragma once

#include <cstdint>
#include <functional>
#include <random>
#include <string>
#include <vector>

#include "ballast/core/cpu.h"
#include "ballast/core/parallel.h"
#include "ballast/core/tensor.h"

namespace ballast::testing {

/// Every dtype there is.
[[nodiscard]] std::vector<DType> all_dtypes();

/// Elements in row-major order, complex ones as their two parts, each converted to double by itself.
[[nodiscard]] std::vector<double> values_of(const Tensor& t);

/// A tensor of given numbers, converted by convert_element.
[[nodiscard]] Tensor tensor_of(const std::vector<double>& values, DType dtype,
                               const std::vector<std::int64_t>& sizes);
[[nodiscard]] inline Tensor vector_of(const std::vector<double>& values, DType dtype = kFloat32) {
  return tensor_of(values, dtype, {static_cast<std::int64_t>(values.size())});
}
/// Numbers around zero, as weights are; small whole ones for integers.
[[nodiscard]] Tensor weights(std::mt19937_64& random, DType dtype, const std::vector<std::int64_t>& sizes,
                             double scale = 1);
/// Elements of random bits: NaN, infinities, subnormal numbers, everything.
[[nodiscard]] Tensor random_bits(std::mt19937_64& random, DType dtype,
                                 const std::vector<std::int64_t>& sizes);

/// The same elements as views with strides: whole, transposed, every other column, one column, expanded, empty, a scalar.
struct Layout {
  std::string name;
  std::function<Tensor(const Tensor& matrix)> view;
};
[[nodiscard]] std::vector<Layout> layouts();

/// Calls `f` at every SimdLevel of this CPU with one and with two threads, and puts things back.
void at_every_level(const std::function<void(SimdLevel, int threads)>& f);

}  // namespace ballast::testing
