// How many multiply-adds a call of a layer takes.
//
// What counts: each time an element of a parameter takes part in an element of the result. So one for each weight that goes
// into an element of the result, and one for a bias, which is a weight whose input is 1. The two products of attention, in
// which activations meet activations, count as well. What does not: activation functions, pooling, dropout, softmax, the
// statistics of normalisations, sums of two activations, and looking up rows.
//
//   layer                      multiply-adds                                     of which biases
//   Linear                     out.numel * (in_features + 1)                     out.numel
//   Bilinear                   out.numel * (in1_features * in2_features + 1)     out.numel
//   Conv1d ...                 out.numel * (in_channels / groups * kernel + 1)   out.numel
//   ConvTranspose1d ...        in.numel * (out_channels / groups * kernel)       out.numel (added to the left)
//                              (also for what padding then cuts off)
//   BatchNorm1d ... GroupNorm  out.numel * 2; * 1 without a bias; 0 without      out.numel
//     InstanceNorm, LayerNorm  weights
//   RMSNorm, PReLU             out.numel
//   RNN, LSTM, GRU, cells      steps * batch * elements of all parameters        as their sizes say
//   MultiheadAttention         L queries, S keys (those that add_bias_kv and add_zero_attn append among the second S),
//                              per batch: L E (E + 1) + S E (K + 1) + S E (V + 1) + 2 L S' E + L E (E + 1)
//   Embedding                  0
//   EmbeddingBag               0; indices * embedding_dim with per_sample_weights
//   any other without          0
//     parameters of its own
//
// It is what torchinfo counts where that is right: for Linear over [batch, features], convolutions, recurrent layers. (1.8.0
// does not count the positions of a Linear or a normalisation over more dimensions than two, nor attention; it counts a
// transposed convolution by its result, and every row of an embedding.)
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <vector>

#include "ballast/nn/module.h"

namespace ballast {

/// What a call of `layer` with `inputs` took, children left out; `output` is undefined where the result is no tensor. None
/// if nobody knows.
using CountMultAdds = std::function<std::optional<std::uint64_t>(
    const nn::Module& layer, const std::vector<Tensor>& inputs, const Tensor& output)>;

/// For the layers of ballast/nn, by the table above. None for any other class that has parameters of its own.
[[nodiscard]] std::optional<std::uint64_t> count_mult_adds(const nn::Module& layer,
                                                           const std::vector<Tensor>& inputs,
                                                           const Tensor& output);

}  // namespace ballast
