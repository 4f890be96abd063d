// Rows of tables, as functions.
//
//   Tensor x = F::embedding(ids, table, F::EmbeddingFuncOptions().padding_idx(0));
//   Tensor bags = F::embedding_bag(ids, table, F::EmbeddingBagFuncOptions().mode(kSum).offsets(offsets));
#pragma once

#include <cstdint>
#include <optional>

#include "ballast/core/tensor.h"
#include "ballast/nn/enums.h"
#include "ballast/nn/options.h"

namespace ballast::nn::functional {

struct EmbeddingFuncOptions {
  BALLAST_ARG(std::optional<std::int64_t>, padding_idx);  ///< a row without gradient; negative: from the end
  BALLAST_ARG(std::optional<Number>, max_norm);  ///< rows looked up are first scaled down to it, in place
  BALLAST_ARG(Number, norm_type) = 2.0;
  BALLAST_ARG(bool, scale_grad_by_freq) = false;
  BALLAST_ARG(bool, sparse) = false;  ///< the gradient is dense either way
};

/// The row of `weight` for each of `input`, of any shape. IndexError "index out of range in self", ValueError
/// "Padding_idx must be within num_embeddings".
[[nodiscard]] Tensor embedding(const Tensor& input, const Tensor& weight,
                               const EmbeddingFuncOptions& options = {});

struct EmbeddingBagFuncOptions {
  using Mode = Choice<enumtype::kMean, enumtype::kSum, enumtype::kMax>;
  BALLAST_ARG(Tensor, offsets);  ///< where each bag starts, for an input of one dimension
  BALLAST_ARG(std::optional<Number>, max_norm);
  BALLAST_ARG(Number, norm_type) = 2.0;
  BALLAST_ARG(bool, scale_grad_by_freq) = false;
  BALLAST_ARG(Mode, mode);
  BALLAST_ARG(bool, sparse) = false;
  BALLAST_ARG(Tensor, per_sample_weights);
  BALLAST_ARG(bool, include_last_offset) = false;
  BALLAST_ARG(std::optional<std::int64_t>, padding_idx);
};

/// The sum, mean or maximum of each bag of rows. An input of two dimensions has a bag in each row, and no
/// offsets.
[[nodiscard]] Tensor embedding_bag(const Tensor& input, const Tensor& weight,
                                   const EmbeddingBagFuncOptions& options = {});

}  // namespace ballast::nn::functional
