// Sequences of several lengths in one batch: padded to the longest, or packed without padding.
//
//   namespace rnn = nn::utils::rnn;
//   Tensor padded = rnn::pad_sequence({a, b, c});                       // [longest, 3, ...], zeros behind
// the shorter ones
//   rnn::PackedSequence packed = rnn::pack_sequence({a, b, c}, false);
//   auto [output, state] = lstm->forward_with_packed_input(packed);
//   auto [back, lengths] = rnn::pad_packed_sequence(output);
//
// A packed batch holds the rows of all steps one after the other, of the sequences sorted by falling length:
// `batch_sizes` says how many take part in each step. All of it can be differentiated.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string_view>
#include <tuple>
#include <vector>

#include "ballast/core/tensor.h"

namespace ballast::nn::utils::rnn {

/// Where number i stands in `permutation`, at place i; undefined for an undefined one.
[[nodiscard]] Tensor invert_permutation(const Tensor& permutation);

class PackedSequence {
 public:
  PackedSequence() = default;
  /// `sorted_indices`: which sequence stands at each place of the sorted batch; `unsorted_indices`: at which
  /// place each sequence stands; the second follows from the first.
  explicit PackedSequence(Tensor data, Tensor batch_sizes, Tensor sorted_indices = {},
                          Tensor unsorted_indices = {});

  [[nodiscard]] const Tensor& data() const { return parts().data; }                ///< [rows, ...]
  [[nodiscard]] const Tensor& batch_sizes() const { return parts().batch_sizes; }  ///< int64, on the CPU
  /// Undefined if the sequences were given sorted.
  [[nodiscard]] const Tensor& sorted_indices() const { return parts().sorted_indices; }
  [[nodiscard]] const Tensor& unsorted_indices() const { return parts().unsorted_indices; }

  /// The same sequence where nothing changes.
  [[nodiscard]] PackedSequence to(const TensorOptions& options) const { return with(data().to(options)); }
  [[nodiscard]] PackedSequence to(DType dtype) const { return with(data().to(dtype)); }
  [[nodiscard]] PackedSequence to(Device device) const { return with(data().to(device)); }
  [[nodiscard]] PackedSequence cpu() const { return with(data().cpu()); }
  [[nodiscard]] PackedSequence pin_memory() const { return *this; }
  [[nodiscard]] bool is_cuda() const { return false; }
  [[nodiscard]] bool is_pinned() const { return false; }
  [[nodiscard]] Device device() const { return data().device(); }
  /// The sequence with other rows.
  [[nodiscard]] PackedSequence with(const Tensor& rows) const;

 private:
  struct Parts {
    Tensor data, batch_sizes, sorted_indices, unsorted_indices;
  };
  [[nodiscard]] const Parts& parts() const;
  std::shared_ptr<const Parts> parts_;
};

/// Packs a padded batch: `input` of [steps, batch, ...], or [batch, steps, ...] with `batch_first`. Unless
/// sorting is left to us, `lengths` must fall: Error "`lengths` array must be sorted in decreasing order when
/// `enforce_sorted` is True. ...".
[[nodiscard]] PackedSequence pack_padded_sequence(const Tensor& input, const Tensor& lengths,
                                                  bool batch_first = false, bool enforce_sorted = true);
/// The way back: the padded batch in its first order, and the lengths. ValueError "Expected total_length to
/// be at least the length of the longest sequence in input, ...".
[[nodiscard]] std::tuple<Tensor, Tensor> pad_packed_sequence(
    const PackedSequence& sequence, bool batch_first = false, double padding_value = 0.0,
    std::optional<std::int64_t> total_length = std::nullopt);
/// Sequences of [length, ...] in one batch, [longest, batch, ...] or with `batch_first` [batch, longest,
/// ...].
[[nodiscard]] Tensor pad_sequence(TensorList sequences, bool batch_first = false, double padding_value = 0,
                                  std::string_view padding_side = "right");
/// The sequences of a padded batch, without padding.
[[nodiscard]] std::vector<Tensor> unpad_sequence(const Tensor& padded, const Tensor& lengths,
                                                 bool batch_first = false);
[[nodiscard]] PackedSequence pack_sequence(TensorList sequences, bool enforce_sorted = true);
/// The sequences of a packed batch in their first order.
[[nodiscard]] std::vector<Tensor> unpack_sequence(const PackedSequence& packed);

}  // namespace ballast::nn::utils::rnn
