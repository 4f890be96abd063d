// One step of a recurrent layer: RNNCell, LSTMCell, GRUCell.
//
//   nn::LSTMCell cell(3, 4);
//   auto [h, c] = cell->forward(x);                       // x: [batch, 3] or [3]; h and c alike
//   std::tie(h, c) = cell->forward(y, {{h, c}});
//
// Parameters, with g = 1, 4, 3 gates: weight_ih [g * hidden, input], weight_hh [g * hidden, hidden], bias_ih
// and bias_hh [g * hidden] (undefined with bias(false)), all from U(-1/sqrt(hidden), 1/sqrt(hidden)) in this
// order.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <tuple>

#include "ballast/nn/layers/rnn.h"

namespace ballast::nn {

struct RNNCellOptions {
  RNNCellOptions(std::int64_t input_size, std::int64_t hidden_size)
      : input_size_(input_size), hidden_size_(hidden_size) {}
  BALLAST_ARG(std::int64_t, input_size);
  BALLAST_ARG(std::int64_t, hidden_size);
  BALLAST_ARG(bool, bias) = true;
  BALLAST_ARG(RNNNonlinearity,
              nonlinearity);  ///< of RNNCell; a string that is none is only refused by forward
};
using LSTMCellOptions = RNNCellOptions;
using GRUCellOptions = RNNCellOptions;

class RNNCellBaseImpl : public Module {
 public:
  RNNCellBaseImpl(const RNNCellOptions& options_, std::int64_t gates);
  virtual void reset();
  void reset_parameters();
  std::string extra_repr() const override;

  RNNCellOptions options;
  Tensor weight_ih, weight_hh;
  Tensor bias_ih, bias_hh;

 protected:
  /// `input` and a state with a batch, as the step takes them; zeros for an undefined state.
  [[nodiscard]] Tensor checked_input(const Tensor& input, const char* cell) const;
  [[nodiscard]] Tensor checked_state(const Tensor& state, const Tensor& input, const char* cell,
                                     const char* name, int number) const;

 private:
  std::int64_t gates_;
};

class RNNCellImpl : public Cloneable<RNNCellImpl, RNNCellBaseImpl> {
 public:
  RNNCellImpl(std::int64_t input_size, std::int64_t hidden_size)
      : RNNCellImpl(RNNCellOptions(input_size, hidden_size)) {}
  explicit RNNCellImpl(const RNNCellOptions& options_) : Cloneable(options_, 1) {}
  /// The next state; `hx` undefined: from zeros.
  Tensor forward(const Tensor& input, const Tensor& hx = {});
};
class LSTMCellImpl : public Cloneable<LSTMCellImpl, RNNCellBaseImpl> {
 public:
  LSTMCellImpl(std::int64_t input_size, std::int64_t hidden_size)
      : LSTMCellImpl(LSTMCellOptions(input_size, hidden_size)) {}
  explicit LSTMCellImpl(const LSTMCellOptions& options_) : Cloneable(options_, 4) {}
  /// The next h and c.
  std::tuple<Tensor, Tensor> forward(const Tensor& input,
                                     const std::optional<std::tuple<Tensor, Tensor>>& hx = std::nullopt);
};
class GRUCellImpl : public Cloneable<GRUCellImpl, RNNCellBaseImpl> {
 public:
  GRUCellImpl(std::int64_t input_size, std::int64_t hidden_size)
      : GRUCellImpl(GRUCellOptions(input_size, hidden_size)) {}
  explicit GRUCellImpl(const GRUCellOptions& options_) : Cloneable(options_, 3) {}
  /// The next state; `hx` undefined: from zeros.
  Tensor forward(const Tensor& input, const Tensor& hx = {});
};
BALLAST_MODULE(RNNCell);
BALLAST_MODULE(LSTMCell);
BALLAST_MODULE(GRUCell);

}  // namespace ballast::nn
