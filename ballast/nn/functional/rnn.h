// Recurrent networks as functions: stacks of layers over packed sequences, and single steps.
//
//   RecurrentStack lstm{.kind = RecurrentKind::kLstm, .num_layers = 2, .bidirectional = true};
//   RecurrentResult r = recurrent_stack(lstm, rows, batch_sizes, h0, c0, weights);
//
//   auto [h, c] = lstm_cell(x, h, c, w_ih, w_hh, b_ih, b_hh);
#pragma once

#include <cstdint>
#include <tuple>
#include <vector>

#include "ballast/ops/recurrent.h"

namespace ballast::nn::functional {

struct RecurrentStack {
  RecurrentKind kind;
  std::int64_t num_layers = 1;
  bool bidirectional = false;
  double dropout = 0;     ///< between layers,
  bool training = false;  ///< in training
};

/// `rows` of [rows, features] and `batch_sizes` as in ops/recurrent.h; `h0` of [layers * directions,
/// sequences, size], `c0` likewise for an LSTM, else undefined; `weights` for each layer and direction. The
/// output is [rows, directions * size]; h and c are shaped as h0 and c0. A second direction reads each
/// sequence from its end.
[[nodiscard]] RecurrentResult recurrent_stack(const RecurrentStack& stack, const Tensor& rows,
                                              IntArrayRef batch_sizes, const Tensor& h0, const Tensor& c0,
                                              const std::vector<RecurrentWeights>& weights);

/// One step: x of [batch, features], h of [batch, hidden] (and c the same) to the next state.
[[nodiscard]] Tensor rnn_tanh_cell(const Tensor& x, const Tensor& h, const Tensor& w_ih, const Tensor& w_hh,
                                   const Tensor& b_ih = {}, const Tensor& b_hh = {});
[[nodiscard]] Tensor rnn_relu_cell(const Tensor& x, const Tensor& h, const Tensor& w_ih, const Tensor& w_hh,
                                   const Tensor& b_ih = {}, const Tensor& b_hh = {});
[[nodiscard]] Tensor gru_cell(const Tensor& x, const Tensor& h, const Tensor& w_ih, const Tensor& w_hh,
                              const Tensor& b_ih = {}, const Tensor& b_hh = {});
[[nodiscard]] std::tuple<Tensor, Tensor> lstm_cell(const Tensor& x, const Tensor& h, const Tensor& c,
                                                   const Tensor& w_ih, const Tensor& w_hh,
                                                   const Tensor& b_ih = {}, const Tensor& b_hh = {});

}  // namespace ballast::nn::functional
