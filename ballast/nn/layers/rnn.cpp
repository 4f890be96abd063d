#include "ballast/nn/layers/rnn.h"

#include <cmath>

#include "ballast/core/warning.h"
#include "ballast/nn/extra_repr.h"
#include "ballast/nn/functional/rnn.h"
#include "ballast/nn/init.h"
#include "ballast/ops/factories.h"
#include "ballast/ops/indexing.h"

namespace ballast::nn {
namespace {

template <class Options>
RNNBaseOptions base_options(RNNMode mode, const Options& options) {
  RNNBaseOptions base(std::move(mode), options.input_size(), options.hidden_size());
  base.num_layers(options.num_layers())
      .bias(options.bias())
      .batch_first(options.batch_first())
      .dropout(options.dropout())
      .bidirectional(options.bidirectional());
  return base;
}

RNNMode mode_of(const RNNNonlinearity& nonlinearity) {
  check<ValueError>(nonlinearity.known(), "Unknown nonlinearity '{}'. Select from 'tanh' or 'relu'.",
                    nonlinearity.python());
  return nonlinearity.is(kTanh) ? RNNMode(kRNN_TANH) : RNNMode(kRNN_RELU);
}

std::int64_t gates(const RNNMode& mode) {
  check<ValueError>(mode.known(), "Unrecognized RNN mode: {}", mode.python());
  return mode.is(kLSTM) ? 4 : mode.is(kGRU) ? 3 : 1;
}

RecurrentKind kind_of(const RNNMode& mode) {
  return mode.is(kLSTM)       ? RecurrentKind::kLstm
         : mode.is(kGRU)      ? RecurrentKind::kGru
         : mode.is(kRNN_TANH) ? RecurrentKind::kRnnTanh
                              : RecurrentKind::kRnnRelu;
}

/// The parameters of each layer and direction, as they are now.
std::vector<RecurrentWeights> weights_of(const RNNBaseImpl& rnn) {
  const RNNBaseOptions& o = rnn.options_base;
  std::vector<RecurrentWeights> out;
  std::string name;
  for (std::int64_t layer = 0; layer < o.num_layers(); ++layer) {
    for (const char* const direction : {"", "_reverse"}) {
      if (*direction != 0 && !o.bidirectional()) continue;
      const auto parameter = [&](const char* kind) -> const Tensor& {
        name = kind + std::to_string(layer);
        return rnn.parameter(name += direction);
      };
      RecurrentWeights w{parameter("weight_ih_l"), parameter("weight_hh_l"), {}, {}, {}};
      if (o.bias()) {
        w.input_bias = parameter("bias_ih_l");
        w.state_bias = parameter("bias_hh_l");
      }
      if (o.proj_size() > 0) w.projection = parameter("weight_hr_l");
      out.push_back(std::move(w));
    }
  }
  return out;
}

void check_options(const RNNBaseOptions& o) {
  const double dropout = o.dropout();
  check<ValueError>(
      dropout >= 0 && dropout <= 1,
      "dropout should be a number in range [0, 1] representing the probability of an element being zeroed");
  if (dropout > 0 && o.num_layers() == 1) {
    warn(
        fmt::format("dropout option adds dropout after all but last recurrent layer, so non-zero dropout "
                    "expects num_layers greater than 1, but got dropout={} and num_layers={}",
                    detail::python_text(o.dropout()), o.num_layers()));
  }
  check<ValueError>(o.input_size() > 0, "input_size must be greater than zero");
  check<ValueError>(o.hidden_size() > 0, "hidden_size must be greater than zero");
  check<ValueError>(o.num_layers() > 0, "num_layers must be greater than zero");
  check<ValueError>(o.proj_size() >= 0,
                    "proj_size should be a positive integer or zero to disable projections");
  check<ValueError>(o.proj_size() < o.hidden_size(), "proj_size has to be smaller than hidden_size");
}

}  // namespace

RNNBaseImpl::RNNBaseImpl(const RNNBaseOptions& options_) : options_base(options_) { RNNBaseImpl::reset(); }

void RNNBaseImpl::reset() {
  const RNNBaseOptions& o = options_base;
  check_options(o);
  own_parameters().clear();  // of another number of layers, perhaps
  const std::int64_t gate_size = gates(o.mode()) * o.hidden_size();
  const std::int64_t directions = o.bidirectional() ? 2 : 1;
  const std::int64_t output_size = o.proj_size() > 0 ? o.proj_size() : o.hidden_size();
  for (std::int64_t layer = 0; layer < o.num_layers(); ++layer) {
    const std::int64_t input_size = layer == 0 ? o.input_size() : output_size * directions;
    for (std::int64_t direction = 0; direction < directions; ++direction) {
      const std::string suffix = "_l" + std::to_string(layer) + (direction == 1 ? "_reverse" : "");
      register_parameter("weight_ih" + suffix, empty({gate_size, input_size}));
      register_parameter("weight_hh" + suffix, empty({gate_size, output_size}));
      if (o.bias()) {
        register_parameter("bias_ih" + suffix, empty(gate_size));
        register_parameter("bias_hh" + suffix, empty(gate_size));
      }
      if (o.proj_size() > 0)
        register_parameter("weight_hr" + suffix, empty({o.proj_size(), o.hidden_size()}));
    }
  }
  reset_parameters();
}

void RNNBaseImpl::reset_parameters() {
  const double bound = 1.0 / std::sqrt(static_cast<double>(options_base.hidden_size()));
  for (const Tensor& weight : parameters()) init::uniform_(weight, -bound, bound);
}

std::vector<Tensor> RNNBaseImpl::all_weights() const {
  // Not parameters(): what is tied counts at each place.
  std::vector<Tensor> out;
  for (const RecurrentWeights& w : weights_of(*this)) {
    for (const Tensor* const t : {&w.input, &w.state, &w.input_bias, &w.state_bias, &w.projection}) {
      if (t->defined()) out.push_back(*t);
    }
  }
  return out;
}

RNNBaseImpl::Result RNNBaseImpl::run_rows(const Tensor& rows, IntArrayRef batch_sizes,
                                          const State& first) const {
  const RNNBaseOptions& o = options_base;
  check<ShapeError>(rows.size(-1) == o.input_size(),
                    "input.size(-1) must be equal to input_size. Expected {}, got {}", o.input_size(),
                    rows.size(-1));
  const std::vector<RecurrentWeights> weights = weights_of(*this);
  const DType dtype = weights[0].input.dtype();
  check<DTypeError>(rows.dtype() == dtype,
                    "RNN input dtype ({}) does not match weight dtype ({}). Convert input: input.to({}), or "
                    "convert model: model.to({})",
                    dtype_name(rows.dtype()), dtype_name(dtype), dtype_name(dtype), dtype_name(rows.dtype()));
  const bool lstm = o.mode().is(kLSTM);
  const std::int64_t places = o.num_layers() * (o.bidirectional() ? 2 : 1);
  const auto state_of = [&](const Tensor& given, std::int64_t size, const char* name) {
    const Dims expected{places, batch_sizes[0], size};
    if (!given.defined()) return zeros(expected, rows.options());
    check<ShapeError>(given.sizes() == expected.ref(), "Expected {} size ({}, {}, {}), got {}", name,
                      expected[0], expected[1], expected[2], Shown{given.sizes()});
    return given;
  };
  const Tensor h0 =
      state_of(first.h, o.proj_size() > 0 ? o.proj_size() : o.hidden_size(), lstm ? "hidden[0]" : "hidden");
  const Tensor c0 = lstm ? state_of(first.c, o.hidden_size(), "hidden[1]") : Tensor();
  RecurrentResult r = functional::recurrent_stack({.kind = kind_of(o.mode()),
                                                   .num_layers = o.num_layers(),
                                                   .bidirectional = o.bidirectional(),
                                                   .dropout = o.dropout(),
                                                   .training = is_training()},
                                                  rows, batch_sizes, h0, c0, weights);
  return {std::move(r.output), {std::move(r.h), std::move(r.c)}};
}

RNNBaseImpl::Result RNNBaseImpl::run(const Tensor& input, const State& first) const {
  const RNNBaseOptions& o = options_base;
  const bool lstm = o.mode().is(kLSTM);
  check<ShapeError>(input.dim() == 2 || input.dim() == 3,
                    "{}: Expected input to be 2D or 3D, got {}D instead",
                    lstm                ? "LSTM"
                    : o.mode().is(kGRU) ? "GRU"
                                        : "RNN",
                    input.dim());
  const bool batched = input.dim() == 3;
  const auto fits = [&](const Tensor& t) { return !t.defined() || t.dim() == input.dim(); };
  if (lstm) {
    check<ShapeError>(fits(first.h) && fits(first.c),
                      "For {} input, hx and cx should also be {}-D but got ({}-D, {}-D) tensors",
                      batched ? "batched 3-D" : "unbatched 2-D", input.dim(),
                      first.h.defined() ? first.h.dim() : 0, first.c.defined() ? first.c.dim() : 0);
  } else {
    check<ShapeError>(fits(first.h), "For {} input, hx should also be {}-D but got {}-D tensor",
                      batched ? "batched 3-D" : "unbatched 2-D", input.dim(),
                      first.h.defined() ? first.h.dim() : 0);
  }
  const Tensor x = !batched ? input.unsqueeze(1) : o.batch_first() ? input.transpose(0, 1) : input;
  const std::int64_t steps = x.size(0);
  const std::int64_t batch = x.size(1);
  check<ShapeError>(steps > 0, "Expected sequence length to be larger than 0 in RNN");
  const auto with_batch = [&](const Tensor& t) { return t.defined() && !batched ? t.unsqueeze(1) : t; };
  const auto without_batch = [&](const Tensor& t, std::int64_t dim) {
    return t.defined() && !batched ? t.squeeze(dim) : t;
  };
  const std::vector<std::int64_t> batch_sizes(static_cast<std::size_t>(steps), batch);
  Result r = run_rows(x.reshape({steps * batch, x.size(2)}), batch_sizes,
                      {with_batch(first.h), with_batch(first.c)});
  Tensor out = r.output.view({steps, batch, r.output.size(1)});
  if (batched && o.batch_first()) out = out.transpose(0, 1);
  return {without_batch(out, 1), {without_batch(r.last.h, 1), without_batch(r.last.c, 1)}};
}

std::tuple<utils::rnn::PackedSequence, RNNBaseImpl::State> RNNBaseImpl::run_packed(
    const utils::rnn::PackedSequence& input, const State& first) const {
  check<ShapeError>(input.data().dim() == 2, "input must have 2 dimensions, got {}", input.data().dim());
  const auto* const sizes = input.batch_sizes().data_ptr<std::int64_t>();
  const std::vector<std::int64_t> batch_sizes(sizes, sizes + input.batch_sizes().numel());
  const auto in_order = [](const Tensor& state, const Tensor& order) {
    return state.defined() && order.defined() ? index_select(state, 1, order) : state;
  };
  const Tensor& sorted = input.sorted_indices();
  Result r = run_rows(input.data(), batch_sizes, {in_order(first.h, sorted), in_order(first.c, sorted)});
  const Tensor& unsorted = input.unsorted_indices();
  return {input.with(r.output), State{in_order(r.last.h, unsorted), in_order(r.last.c, unsorted)}};
}

std::string RNNBaseImpl::extra_repr() const {
  const RNNBaseOptions& o = options_base;
  return ExtraRepr()
      .add(o.input_size())
      .add(o.hidden_size())
      .add_if(o.proj_size() != 0, "proj_size", o.proj_size())
      .add_if(o.num_layers() != 1, "num_layers", o.num_layers())
      .add_if(!o.bias(), "bias", false)
      .add_if(o.batch_first(), "batch_first", true)
      .add_if(o.dropout() != 0, "dropout", static_cast<double>(o.dropout()))
      .add_if(o.bidirectional(), "bidirectional", true);
}

RNNImpl::RNNImpl(const RNNOptions& options_)
    : Cloneable(base_options(mode_of(options_.nonlinearity()), options_)), options(options_) {}

LSTMImpl::LSTMImpl(const LSTMOptions& options_)
    : Cloneable(base_options(kLSTM, options_).proj_size(options_.proj_size())), options(options_) {}

GRUImpl::GRUImpl(const GRUOptions& options_) : Cloneable(base_options(kGRU, options_)), options(options_) {}

std::tuple<Tensor, Tensor> RNNImpl::forward(const Tensor& input, const Tensor& hx) {
  Result r = run(input, {hx, {}});
  return {std::move(r.output), std::move(r.last.h)};
}
std::tuple<utils::rnn::PackedSequence, Tensor> RNNImpl::forward_with_packed_input(
    const utils::rnn::PackedSequence& input, const Tensor& hx) {
  auto [output, last] = run_packed(input, {hx, {}});
  return {std::move(output), std::move(last.h)};
}

std::tuple<Tensor, Tensor> GRUImpl::forward(const Tensor& input, const Tensor& hx) {
  Result r = run(input, {hx, {}});
  return {std::move(r.output), std::move(r.last.h)};
}
std::tuple<utils::rnn::PackedSequence, Tensor> GRUImpl::forward_with_packed_input(
    const utils::rnn::PackedSequence& input, const Tensor& hx) {
  auto [output, last] = run_packed(input, {hx, {}});
  return {std::move(output), std::move(last.h)};
}

std::tuple<Tensor, LSTMImpl::States> LSTMImpl::forward(const Tensor& input, const std::optional<States>& hx) {
  Result r = run(input, hx ? State{std::get<0>(*hx), std::get<1>(*hx)} : State());
  return {std::move(r.output), States(std::move(r.last.h), std::move(r.last.c))};
}
std::tuple<utils::rnn::PackedSequence, LSTMImpl::States> LSTMImpl::forward_with_packed_input(
    const utils::rnn::PackedSequence& input, const std::optional<States>& hx) {
  auto [output, last] = run_packed(input, hx ? State{std::get<0>(*hx), std::get<1>(*hx)} : State());
  return {std::move(output), States(std::move(last.h), std::move(last.c))};
}

}  // namespace ballast::nn
