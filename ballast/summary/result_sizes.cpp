#include "ballast/summary/result_sizes.h"

#include "ballast/nn/layers/attention.h"
#include "ballast/nn/layers/rnn.h"
#include "ballast/nn/layers/rnn_cell.h"

namespace ballast::detail {

std::optional<Dims> first_result_sizes(const nn::Module& layer, const std::vector<Tensor>& inputs) {
  if (inputs.empty() || !inputs[0].defined() || inputs[0].dim() == 0) return std::nullopt;
  Dims sizes = inputs[0].sizes();
  if (const auto* const rnn = layer.as<nn::RNNBaseImpl>()) {
    const nn::RNNBaseOptions& o = rnn->options_base;
    sizes.back() = (o.proj_size() > 0 ? o.proj_size() : o.hidden_size()) * (o.bidirectional() ? 2 : 1);
    return sizes;
  }
  if (const auto* const cell = layer.as<nn::LSTMCellImpl>()) {
    sizes.back() = cell->options.hidden_size();
    return sizes;
  }
  if (layer.as<nn::MultiheadAttentionImpl>() != nullptr) return sizes;
  return std::nullopt;
}

}  // namespace ballast::detail
