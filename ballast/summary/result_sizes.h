// Shapes of results that hooks do not see, because they are no tensors. Internal.
#pragma once

#include <optional>
#include <vector>

#include "ballast/core/dims.h"
#include "ballast/nn/module.h"

namespace ballast::detail {

/// Of the first tensor that RNN, LSTM, GRU, LSTMCell and MultiheadAttention give for these inputs; none for other layers.
[[nodiscard]] std::optional<Dims> first_result_sizes(const nn::Module& layer,
                                                     const std::vector<Tensor>& inputs);

}  // namespace ballast::detail
