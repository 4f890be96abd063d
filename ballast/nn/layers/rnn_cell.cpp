#include "ballast/nn/layers/rnn_cell.h"

#include <cmath>

#include "ballast/nn/extra_repr.h"
#include "ballast/nn/functional/rnn.h"
#include "ballast/nn/init.h"
#include "ballast/ops/factories.h"

namespace ballast::nn {

RNNCellBaseImpl::RNNCellBaseImpl(const RNNCellOptions& options_, std::int64_t gates)
    : options(options_), gates_(gates) {
  RNNCellBaseImpl::reset();
}

void RNNCellBaseImpl::reset() {
  const std::int64_t rows = gates_ * options.hidden_size();
  bind_parameter("weight_ih", weight_ih, empty({rows, options.input_size()}));
  bind_parameter("weight_hh", weight_hh, empty({rows, options.hidden_size()}));
  bind_parameter("bias_ih", bias_ih, options.bias() ? empty(rows) : Tensor());
  bind_parameter("bias_hh", bias_hh, options.bias() ? empty(rows) : Tensor());
  reset_parameters();
}

void RNNCellBaseImpl::reset_parameters() {
  const double hidden = static_cast<double>(options.hidden_size());
  const double bound = hidden > 0 ? 1.0 / std::sqrt(hidden) : 0;
  for (const Tensor& weight : parameters()) init::uniform_(weight, 0 - bound, bound);
}

std::string RNNCellBaseImpl::extra_repr() const {
  return ExtraRepr()
      .add(options.input_size())
      .add(options.hidden_size())
      .add_if(!options.bias(), "bias", false)
      .add_if(!options.nonlinearity().is(kTanh), "nonlinearity", options.nonlinearity().python());
}

Tensor RNNCellBaseImpl::checked_input(const Tensor& input, const char* cell) const {
  check<ShapeError>(input.dim() == 1 || input.dim() == 2,
                    "{}: Expected input to be 1D or 2D, got {}D instead", cell, input.dim());
  check<ShapeError>(input.size(-1) == options.input_size(),
                    "input has inconsistent input_size: got {} expected {}", input.size(-1),
                    options.input_size());
  return input.dim() == 1 ? input.unsqueeze(0) : input;
}

Tensor RNNCellBaseImpl::checked_state(const Tensor& state, const Tensor& input, const char* cell,
                                      const char* name, int number) const {
  const std::int64_t batch = input.size(0);
  if (!state.defined()) return zeros({batch, options.hidden_size()}, input.options());
  check<ShapeError>(state.dim() == 1 || state.dim() == 2, "{}: Expected {} to be 1D or 2D, got {}D instead",
                    cell, name, state.dim());
  Tensor rows = state.dim() == 1 ? state.unsqueeze(0) : state;
  check<ShapeError>(rows.size(0) == batch, "Input batch size {} doesn't match hidden{} batch size {}", batch,
                    number, rows.size(0));
  check<ShapeError>(rows.size(1) == options.hidden_size(),
                    "hidden{} has inconsistent hidden_size: got {}, expected {}", number, rows.size(1),
                    options.hidden_size());
  return rows;
}

Tensor RNNCellImpl::forward(const Tensor& input, const Tensor& hx) {
  const Tensor x = checked_input(input, "RNNCell");
  const Tensor h = checked_state(hx, x, "RNNCell", "hidden", 0);
  check<ValueError>(options.nonlinearity().known(), "Unknown nonlinearity: {}",
                    options.nonlinearity().python());
  const Tensor next = options.nonlinearity().is(kTanh)
                          ? functional::rnn_tanh_cell(x, h, weight_ih, weight_hh, bias_ih, bias_hh)
                          : functional::rnn_relu_cell(x, h, weight_ih, weight_hh, bias_ih, bias_hh);
  return input.dim() == 1 ? next.squeeze(0) : next;
}

Tensor GRUCellImpl::forward(const Tensor& input, const Tensor& hx) {
  const Tensor x = checked_input(input, "GRUCell");
  const Tensor h = checked_state(hx, x, "GRUCell", "hidden", 0);
  const Tensor next = functional::gru_cell(x, h, weight_ih, weight_hh, bias_ih, bias_hh);
  return input.dim() == 1 ? next.squeeze(0) : next;
}

std::tuple<Tensor, Tensor> LSTMCellImpl::forward(const Tensor& input,
                                                 const std::optional<std::tuple<Tensor, Tensor>>& hx) {
  const Tensor x = checked_input(input, "LSTMCell");
  const Tensor h = checked_state(hx ? std::get<0>(*hx) : Tensor(), x, "LSTMCell", "hx[0]", 0);
  const Tensor c = checked_state(hx ? std::get<1>(*hx) : Tensor(), x, "LSTMCell", "hx[1]", 1);
  auto [next_h, next_c] = functional::lstm_cell(x, h, c, weight_ih, weight_hh, bias_ih, bias_hh);
  if (input.dim() == 2) return {next_h, next_c};
  return {next_h.squeeze(0), next_c.squeeze(0)};
}

}  // namespace ballast::nn
