#include "ballast/nn/layers/rnn.h"

#include <cmath>

#include "ballast/core/warning.h"
#include "ballast/nn/extra_repr.h"
#include "ballast/nn/init.h"

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

void check_options(const RNNBaseOptions& o) {
  const double dropout = o.dropout();
  check<ValueError>(
      dropout >= 0 && dropout <= 1,
      "dropout should be a number in range [0, 1] representing the probability of an element being zeroed");
  if (dropout > 0 && o.num_layers() == 1) {
    warn(
        fmt::format("dropout option adds dropout after all but last recurrent layer, so non-zero dropout "
                    "expects num_layers greater "
                    "than 1, but got dropout={} and num_layers={}",
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

}  // namespace ballast::nn
