// A dataset of tensors that have one example in each row: inputs and targets.
//
//   data::TensorDataset dataset(images, labels);        // [1797, 64] and [1797]
//   auto [x, y] = dataset.get(3);                       // [64] and []
//   auto [xs, ys] = dataset.get_batch(indices);         // [n, 64] and [n]
//
// Any class with `size()` and `get_batch(std::span<const std::int64_t>)` is a dataset for data::DataLoader.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>

#include "ballast/core/tensor.h"

namespace ballast::data {

namespace detail {
/// The number of rows that all have. ShapeError "Size mismatch between tensors".
[[nodiscard]] std::int64_t common_rows(std::span<const Tensor> tensors);
/// New tensors of the rows `indices`. IndexError out of range.
void select_rows(std::span<const Tensor> tensors, std::span<const std::int64_t> indices,
                 std::span<Tensor> out);
}  // namespace detail

template <std::size_t N>
class TensorDataset {
 public:
  using Batch = std::array<Tensor, N>;

  /// ShapeError unless all have the same size in dimension 0.
  template <class... T>
  requires(sizeof...(T) == N) explicit TensorDataset(const T&... tensors)
      : tensors_{tensors...}, size_(detail::common_rows(tensors_)) {}

  /// The number of examples.
  [[nodiscard]] std::int64_t size() const noexcept { return size_; }
  [[nodiscard]] const Batch& tensors() const noexcept { return tensors_; }
  /// An example: views of the tensors. IndexError out of range.
  [[nodiscard]] Batch get(std::int64_t index) const {
    Batch out;
    for (std::size_t i = 0; i < N; ++i) out[i] = tensors_[i].select(0, index);
    return out;
  }
  /// Examples side by side, copied. IndexError out of range.
  [[nodiscard]] Batch get_batch(std::span<const std::int64_t> indices) const {
    Batch out;
    detail::select_rows(tensors_, indices, out);
    return out;
  }

 private:
  Batch tensors_;
  std::int64_t size_;
};

template <class... T>
TensorDataset(const T&...) -> TensorDataset<sizeof...(T)>;

}  // namespace ballast::data
