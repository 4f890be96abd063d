#include "ballast/nn/functional/rnn.h"

#include "ballast/nn/functional/dropout.h"
#include "ballast/ops/join.h"
#include "ballast/ops/packed_rows.h"

namespace ballast::nn::functional {
namespace {

RecurrentResult one_step(RecurrentKind kind, const Tensor& x, const Tensor& h, const Tensor& c,
                         const Tensor& w_ih, const Tensor& w_hh, const Tensor& b_ih, const Tensor& b_hh) {
  const std::int64_t batch = x.size(0);
  return recurrent_layer(kind, x, {batch}, h, c, {w_ih, w_hh, b_ih, b_hh, {}});
}

Tensor stacked_or_one(const std::vector<Tensor>& states) {
  return states.size() == 1 ? states[0].unsqueeze(0) : stack(states, 0);
}

}  // namespace

RecurrentResult recurrent_stack(const RecurrentStack& s, const Tensor& rows, IntArrayRef batch_sizes,
                                const Tensor& h0, const Tensor& c0,
                                const std::vector<RecurrentWeights>& weights) {
  const std::int64_t directions = s.bidirectional ? 2 : 1;
  check<ValueError>(static_cast<std::int64_t>(weights.size()) == s.num_layers * directions,
                    "recurrent_stack(): {} layers of {} directions need as many weights, but {} are given",
                    s.num_layers, directions, weights.size());
  Tensor x = rows;
  std::vector<Tensor> h, c;
  for (std::int64_t layer = 0; layer < s.num_layers; ++layer) {
    std::vector<Tensor> outputs;
    for (std::int64_t direction = 0; direction < directions; ++direction) {
      const std::int64_t i = layer * directions + direction;
      // The second direction is the first one over sequences turned round: its bits are the same.
      RecurrentResult r = recurrent_layer(
          s.kind, direction == 0 ? x : turn_sequences(x, batch_sizes), batch_sizes, h0.select(0, i),
          c0.defined() ? c0.select(0, i) : Tensor(), weights[static_cast<std::size_t>(i)]);
      outputs.push_back(direction == 0 ? r.output : turn_sequences(r.output, batch_sizes));
      h.push_back(r.h);
      if (r.c.defined()) c.push_back(r.c);
    }
    x = directions == 1 ? outputs[0] : cat(outputs, 1);
    if (s.dropout > 0 && s.training && layer + 1 < s.num_layers)
      x = dropout(x, DropoutFuncOptions().p(s.dropout).training(true));
  }
  return {x, stacked_or_one(h), c.empty() ? Tensor() : stacked_or_one(c)};
}

Tensor rnn_tanh_cell(const Tensor& x, const Tensor& h, const Tensor& w_ih, const Tensor& w_hh,
                     const Tensor& b_ih, const Tensor& b_hh) {
  return one_step(RecurrentKind::kRnnTanh, x, h, {}, w_ih, w_hh, b_ih, b_hh).h;
}
Tensor rnn_relu_cell(const Tensor& x, const Tensor& h, const Tensor& w_ih, const Tensor& w_hh,
                     const Tensor& b_ih, const Tensor& b_hh) {
  return one_step(RecurrentKind::kRnnRelu, x, h, {}, w_ih, w_hh, b_ih, b_hh).h;
}
Tensor gru_cell(const Tensor& x, const Tensor& h, const Tensor& w_ih, const Tensor& w_hh, const Tensor& b_ih,
                const Tensor& b_hh) {
  return one_step(RecurrentKind::kGru, x, h, {}, w_ih, w_hh, b_ih, b_hh).h;
}
std::tuple<Tensor, Tensor> lstm_cell(const Tensor& x, const Tensor& h, const Tensor& c, const Tensor& w_ih,
                                     const Tensor& w_hh, const Tensor& b_ih, const Tensor& b_hh) {
  RecurrentResult r = one_step(RecurrentKind::kLstm, x, h, c, w_ih, w_hh, b_ih, b_hh);
  return {std::move(r.h), std::move(r.c)};
}

}  // namespace ballast::nn::functional
