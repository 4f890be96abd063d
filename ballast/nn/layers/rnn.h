// Recurrent layers: RNN (Elman 1990), LSTM (Hochreiter & Schmidhuber 1997), GRU (Cho et al. 2014).
//
//   nn::LSTM lstm(nn::LSTMOptions(3, 4).num_layers(2).bidirectional(true));
//   lstm->parameter("weight_ih_l0_reverse");
//
// Parameters per layer and direction, in this order, with g = 1, 4, 3 gates for RNN, LSTM, GRU and the suffix
// _reverse for the second direction: weight_ih_l{k} [g * hidden, input], weight_hh_l{k} [g * hidden, hidden],
// bias_ih_l{k}, bias_hh_l{k} [g * hidden], and, for an LSTM with projection, weight_hr_l{k} [proj, hidden].
// All start from U(-1/sqrt(hidden), 1/sqrt(hidden)), drawn in order.
//
//   auto [output, state] = lstm->forward(x);                     // x: [steps, batch, 3], output: [steps,
// batch, 2 * 4]
//   auto [h, c] = state;                                         // each [2 * 2, batch, 4]: layers times
// directions
//
// Inputs are [steps, batch, features], [batch, steps, features] with batch_first, or [steps, features] for
// one sequence (states and outputs then have no batch either). The first state is zero unless given. A second
// direction reads from the end; its results are, bit for bit, those of a first one with the same weights over
// the input turned round.
//
// ShapeError "input.size(-1) must be equal to input_size. Expected 3, got 4", "Expected hidden size (1, 2,
// 4), got [1, 3, 4]".
//
// ValueError for sizes below one, a dropout outside [0, 1], a nonlinearity other than tanh and ReLU, or a
// projection that is not smaller than the hidden size. Warns of dropout with a single layer, where there is
// nothing to drop out between.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <tuple>
#include <vector>

#include "ballast/nn/cloneable.h"
#include "ballast/nn/enums.h"
#include "ballast/nn/module_holder.h"
#include "ballast/nn/options.h"
#include "ballast/nn/utils/rnn.h"

namespace ballast::nn {

using RNNNonlinearity = Choice<enumtype::kTanh, enumtype::kReLU>;
using RNNMode = Choice<enumtype::kLSTM, enumtype::kGRU, enumtype::kRNN_TANH, enumtype::kRNN_RELU>;

struct RNNOptions {
  RNNOptions(std::int64_t input_size, std::int64_t hidden_size)
      : input_size_(input_size), hidden_size_(hidden_size) {}
  BALLAST_ARG(std::int64_t, input_size);
  BALLAST_ARG(std::int64_t, hidden_size);
  BALLAST_ARG(std::int64_t, num_layers) = 1;
  BALLAST_ARG(RNNNonlinearity, nonlinearity);
  BALLAST_ARG(bool, bias) = true;
  BALLAST_ARG(bool, batch_first) = false;
  BALLAST_ARG(Number, dropout) = 0.0;  ///< between layers
  BALLAST_ARG(bool, bidirectional) = false;
};
struct LSTMOptions {
  LSTMOptions(std::int64_t input_size, std::int64_t hidden_size)
      : input_size_(input_size), hidden_size_(hidden_size) {}
  BALLAST_ARG(std::int64_t, input_size);
  BALLAST_ARG(std::int64_t, hidden_size);
  BALLAST_ARG(std::int64_t, num_layers) = 1;
  BALLAST_ARG(bool, bias) = true;
  BALLAST_ARG(bool, batch_first) = false;
  BALLAST_ARG(Number, dropout) = 0.0;
  BALLAST_ARG(bool, bidirectional) = false;
  BALLAST_ARG(std::int64_t, proj_size) = 0;  ///< 0: no projection
};
struct GRUOptions {
  GRUOptions(std::int64_t input_size, std::int64_t hidden_size)
      : input_size_(input_size), hidden_size_(hidden_size) {}
  BALLAST_ARG(std::int64_t, input_size);
  BALLAST_ARG(std::int64_t, hidden_size);
  BALLAST_ARG(std::int64_t, num_layers) = 1;
  BALLAST_ARG(bool, bias) = true;
  BALLAST_ARG(bool, batch_first) = false;
  BALLAST_ARG(Number, dropout) = 0.0;
  BALLAST_ARG(bool, bidirectional) = false;
};
/// What the three have in common.
struct RNNBaseOptions {
  RNNBaseOptions(RNNMode mode, std::int64_t input_size, std::int64_t hidden_size)
      : mode_(std::move(mode)), input_size_(input_size), hidden_size_(hidden_size) {}
  BALLAST_ARG(RNNMode, mode);
  BALLAST_ARG(std::int64_t, input_size);
  BALLAST_ARG(std::int64_t, hidden_size);
  BALLAST_ARG(std::int64_t, num_layers) = 1;
  BALLAST_ARG(bool, bias) = true;
  BALLAST_ARG(bool, batch_first) = false;
  BALLAST_ARG(Number, dropout) = 0.0;
  BALLAST_ARG(bool, bidirectional) = false;
  BALLAST_ARG(std::int64_t, proj_size) = 0;
};

class RNNBaseImpl : public Module {
 public:
  explicit RNNBaseImpl(const RNNBaseOptions& options_);
  virtual void reset();
  void reset_parameters();
  /// All parameters in the order above.
  [[nodiscard]] std::vector<Tensor> all_weights() const;
  /// Nothing to do: products read the parameters where they are.
  void flatten_parameters() {}
  std::string extra_repr() const override;

  RNNBaseOptions options_base;

 protected:
  struct State {
    Tensor h, c;  ///< c of an LSTM only
  };
  struct Result {
    Tensor output;
    State last;
  };
  /// `first`: undefined tensors for zeros.
  [[nodiscard]] Result run(const Tensor& input, const State& first) const;
  [[nodiscard]] std::tuple<utils::rnn::PackedSequence, State> run_packed(
      const utils::rnn::PackedSequence& input, const State& first) const;

 private:
  [[nodiscard]] Result run_rows(const Tensor& rows, IntArrayRef batch_sizes, const State& first) const;
};

class RNNImpl : public Cloneable<RNNImpl, RNNBaseImpl> {
 public:
  RNNImpl(std::int64_t input_size, std::int64_t hidden_size) : RNNImpl(RNNOptions(input_size, hidden_size)) {}
  explicit RNNImpl(const RNNOptions& options_);
  /// The output, and the state after the last step.
  std::tuple<Tensor, Tensor> forward(const Tensor& input, const Tensor& hx = {});
  std::tuple<utils::rnn::PackedSequence, Tensor> forward_with_packed_input(
      const utils::rnn::PackedSequence& input, const Tensor& hx = {});
  std::tuple<utils::rnn::PackedSequence, Tensor> forward_with_packed_input(
      const utils::rnn::PackedSequence& input, std::nullopt_t) {
    return forward_with_packed_input(input);
  }
  RNNOptions options;
};
class LSTMImpl : public Cloneable<LSTMImpl, RNNBaseImpl> {
 public:
  LSTMImpl(std::int64_t input_size, std::int64_t hidden_size)
      : LSTMImpl(LSTMOptions(input_size, hidden_size)) {}
  explicit LSTMImpl(const LSTMOptions& options_);
  using States = std::tuple<Tensor, Tensor>;  ///< h and c
  std::tuple<Tensor, States> forward(const Tensor& input, const std::optional<States>& hx = std::nullopt);
  std::tuple<utils::rnn::PackedSequence, States> forward_with_packed_input(
      const utils::rnn::PackedSequence& input, const std::optional<States>& hx = std::nullopt);
  LSTMOptions options;
};
class GRUImpl : public Cloneable<GRUImpl, RNNBaseImpl> {
 public:
  GRUImpl(std::int64_t input_size, std::int64_t hidden_size) : GRUImpl(GRUOptions(input_size, hidden_size)) {}
  explicit GRUImpl(const GRUOptions& options_);
  /// The output, and the state after the last step.
  std::tuple<Tensor, Tensor> forward(const Tensor& input, const Tensor& hx = {});
  std::tuple<utils::rnn::PackedSequence, Tensor> forward_with_packed_input(
      const utils::rnn::PackedSequence& input, const Tensor& hx = {});
  std::tuple<utils::rnn::PackedSequence, Tensor> forward_with_packed_input(
      const utils::rnn::PackedSequence& input, std::nullopt_t) {
    return forward_with_packed_input(input);
  }
  GRUOptions options;
};
BALLAST_MODULE(RNN);
BALLAST_MODULE(LSTM);
BALLAST_MODULE(GRU);

}  // namespace ballast::nn
