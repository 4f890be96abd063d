// Which type an operation computes in: PyTorch's promotion.
//
//   result_type(int32_tensor, 1.5)                float32: the number lifts the category
//   result_type(float32_tensor, float64_number)   float32: a tensor without dimensions, like a number, lifts no more than it
//   result_type(int32_tensor, int64_tensor)       int64
//
// Tensors with dimensions count before tensors without, and those before numbers; a later one matters only if its category
// (truth value < integer < real < complex) is higher. Within one kind, promote_types (core/dtype.h) decides.
#pragma once

#include "ballast/core/tensor.h"

namespace ballast {

/// One argument of an elementwise operation: a tensor or a number. Made in the call, never kept.
class Operand {
 public:
  Operand(const Tensor& t) : tensor_(&t) {}            // NOLINT(*-explicit-*)
  Operand(const Scalar& number) : number_(&number) {}  // NOLINT(*-explicit-*)

  [[nodiscard]] bool is_number() const { return tensor_ == nullptr; }
  [[nodiscard]] const Tensor& tensor() const { return *tensor_; }
  [[nodiscard]] const Scalar& number() const { return *number_; }
  [[nodiscard]] DType dtype() const { return tensor_ != nullptr ? tensor_->dtype() : number_->dtype(); }
  [[nodiscard]] IntArrayRef sizes() const { return tensor_ != nullptr ? tensor_->sizes() : IntArrayRef(); }
  [[nodiscard]] bool is_meta() const { return tensor_ != nullptr && tensor_->is_meta(); }
  /// A number, or a tensor of one element.
  [[nodiscard]] bool is_single() const { return tensor_ == nullptr || tensor_->numel() == 1; }

 private:
  const Tensor* tensor_ = nullptr;
  const Scalar* number_ = nullptr;
};

/// Throws DTypeError where PyTorch has no common type (float8, unsigned types beyond 8 bits with signed ones).
[[nodiscard]] DType result_type(const Operand& a, const Operand& b);
[[nodiscard]] DType result_type(const Operand& a, const Operand& b, const Operand& c);

/// result_type(a, b), for operands that are about to be broadcast: ShapeError comes first where they cannot be.
[[nodiscard]] DType broadcast_type(const Operand& a, const Operand& b);

/// The type of functions with real results: integers and truth values give the default type.
[[nodiscard]] DType real_result_type(DType dtype);

/// DTypeError "result type Float can't be cast to the desired output type Int" unless an in-place operation may write the
/// one into the other.
void check_result_fits(DType result, DType written);

/// Whether the result is on meta. DeviceError if a tensor with dimensions is on another device than the rest.
[[nodiscard]] bool result_is_meta(std::initializer_list<Operand> operands);

}  // namespace ballast
