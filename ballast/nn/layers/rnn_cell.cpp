#include "ballast/nn/layers/rnn_cell.h"

#include <cmath>

#include "ballast/nn/extra_repr.h"
#include "ballast/nn/init.h"

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

}  // namespace ballast::nn
