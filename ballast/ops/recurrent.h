// Recurrent layers over sequences: Elman's (tanh or ReLU), LSTM, GRU; one layer in one direction at a time.
//
//   // 5 steps of 2 sequences, all of one length:
//   RecurrentResult r = recurrent_layer(RecurrentKind::kLstm, x.view({10, 3}), {2, 2, 2, 2, 2}, h0, c0,
// weights);
//   r.output;                                   // [10, hidden]: the state after each step
//
// Sequences are packed (ops/packed_rows.h): the rows of all steps one after the other, step t with
// `batch_sizes[t]` rows.
//
// The product of all steps' input with its weights is one, each step then adds one product of the state and
// one pass over the gates; the backward pass likewise, as one node of the tape. A gradient that is to be
// differentiated again is computed step by step with recorded operations instead.
#pragma once

#include <cstdint>

#include "ballast/core/tensor.h"

namespace ballast {

enum class RecurrentKind : std::uint8_t { kRnnTanh, kRnnRelu, kLstm, kGru };

/// Rows of the weights for one unit: 1, 4 (input, forget, cell, output) or 3 (reset, update, new).
[[nodiscard]] std::int64_t gates_of(RecurrentKind kind) noexcept;

struct RecurrentWeights {
  Tensor input;       ///< [gates * hidden, features]
  Tensor state;       ///< [gates * hidden, size of the state]
  Tensor input_bias;  ///< [gates * hidden], or undefined
  Tensor state_bias;  ///< the same
  Tensor projection;  ///< [size of the state, hidden] for an LSTM with projection, else undefined
};

struct RecurrentResult {
  Tensor output;  ///< [rows, size of the state]
  Tensor h;       ///< [sequences, size of the state]: after each sequence's last step
  Tensor c;       ///< [sequences, hidden] for an LSTM, else undefined
};

/// `input` of [rows, features], `h0` of [sequences, size of the state], `c0` of [sequences, hidden] for an
/// LSTM.
[[nodiscard]] RecurrentResult recurrent_layer(RecurrentKind kind, const Tensor& input,
                                              IntArrayRef batch_sizes, const Tensor& h0, const Tensor& c0,
                                              const RecurrentWeights& weights);

}  // namespace ballast
