// Tensors written out in the program: a number, a vector, or braces nested as deep as the tensor has dimensions.
//
//   tensor(3.5)                        // no dimensions
//   tensor({{1, 2}, {3, 4}})           // [2, 2], int64
//   tensor({1, 2}, kFloat16)
//   tensor(std::vector<float>{1, 2})
//   tensor({{}, {}})                   // [2, 0]
//
// Without a type in the options, integers give int64, truth values bool, floating numbers the default type and complex
// numbers the complex type that goes with it. All elements must be of one C++ type, all sub-lists of one shape:
// ShapeError "Expected all sub-lists to have sizes: 2 (e.g. {5, 6}), but got sub-list {7} with sizes: 1",
// DTypeError "Expected all elements of the tensor to have the same scalar type: Int, but got element of scalar type: Double".
#pragma once

#include <initializer_list>
#include <string>
#include <vector>

#include "ballast/core/tensor.h"

namespace ballast {

/// A number, or anything that a tensor holds.
template <class T>
concept TensorNumber = Element<T> && requires(T v) {
  Scalar(v);
};

namespace detail {

/// The argument of `tensor`: its shape and its numbers in row-major order.
class TensorDataContainer {
 public:
  TensorDataContainer();
  template <TensorNumber T>
  TensorDataContainer(T value)
      : dtype_(dtype_of<T>), is_scalar_(true), values_{Scalar(value)} {}  // NOLINT(*-explicit-*)
  TensorDataContainer(std::initializer_list<TensorDataContainer> list);
  template <TensorNumber T>
  TensorDataContainer(ArrayRef<T> values)  // NOLINT(*-explicit-*)
      : sizes_{static_cast<std::int64_t>(values.size())},
        dtype_(dtype_of<T>),
        values_(values.begin(), values.end()) {}
  template <TensorNumber T>
  TensorDataContainer(const std::vector<T>& values)  // NOLINT(*-explicit-*)
      : sizes_{static_cast<std::int64_t>(values.size())},
        dtype_(dtype_of<T>),
        values_(values.begin(), values.end()) {}

  [[nodiscard]] bool is_scalar() const { return is_scalar_; }
  [[nodiscard]] IntArrayRef sizes() const { return sizes_; }
  [[nodiscard]] DType scalar_type() const { return dtype_; }
  /// Error for a list.
  [[nodiscard]] const Scalar& scalar() const;
  /// The text as written: `{{1, 2}, {3, 4}}`.
  [[nodiscard]] std::string text() const;
  [[nodiscard]] Tensor to_tensor(const TensorOptions& options) const;

 private:
  std::vector<std::int64_t> sizes_;
  DType dtype_;
  bool is_scalar_ = false;
  bool has_dtype_ = true;  ///< false for an empty list, which goes with any type
  std::vector<Scalar> values_;
};

}  // namespace detail

/// A tensor of the given numbers.
[[nodiscard]] inline Tensor tensor(const detail::TensorDataContainer& data,
                                   const TensorOptions& options = {}) {
  return data.to_tensor(options);
}

}  // namespace ballast
