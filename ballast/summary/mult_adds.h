// How many multiply-adds a call of a layer takes.
//
// What counts: each time an element of a parameter takes part in an element of the result. So one for each weight that goes
// into an element of the result, and one for a bias, which is a weight whose input is 1. The two products of attention, in
// which activations meet activations, count as well. What does not: activation functions, pooling, dropout, softmax, the
// statistics of normalisations, sums of two activations, and looking up rows.
//
//   layer                               multiply-adds; "+ 1" where there is a bias
//   Linear                              out.numel * (in_features + 1)
//   Bilinear                            out.numel * (in1_features * in2_features + 1)
//   Conv1d, 2d, 3d                      out.numel * (in_channels / groups * kernel + 1), padding included
//   ConvTranspose1d, 2d, 3d             in.numel * (out_channels / groups * kernel) + out.numel, with what padding cuts off
//   RNN, LSTM, GRU and their cells      steps * batch * elements of all parameters
//   MultiheadAttention                  of each batch, for L queries and S keys, and S' with those of add_bias_kv and add_zero_attn:
//                                       2 L E (E + 1) + S E (kdim + 1) + S E (vdim + 1) + 2 L S' E
//   BatchNorm, InstanceNorm,            out.numel for the weight + out.numel for the bias
//     LayerNorm, GroupNorm
//   RMSNorm, PReLU                      out.numel
//   Embedding                           0
//   EmbeddingBag                        0; with per_sample_weights indices * embedding_dim
//   layers without parameters           0
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
