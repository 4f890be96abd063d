// Rows of a table looked up by number, alone or reduced by bags.
//
//   Tensor vectors = embedding(table, ids);                              // [.., D] for ids of [..]
//   Tensor bags = embedding_bag(table, ids, offsets, {.mode = BagMode::kSumRows});
//
// A table is [V, D]; ids are int64 or int32 in [0, V): IndexError "index out of range in self" otherwise. Row
// `padding_idx` (negative: none) gets no gradient.
#pragma once

#include <cstdint>

#include "ballast/core/tensor.h"

namespace ballast {

/// The row of `weight` for each of `indices`. With `scale_grad_by_freq` the gradient of a row is divided by
/// how often it is named.
[[nodiscard]] Tensor embedding(const Tensor& weight, const Tensor& indices, std::int64_t padding_idx = -1,
                               bool scale_grad_by_freq = false);
/// The gradient of embedding: [num_weights, D] of zeros with the rows of `grad` added where `indices` say.
[[nodiscard]] Tensor embedding_dense_backward(const Tensor& grad, const Tensor& indices,
                                              std::int64_t num_weights, std::int64_t padding_idx = -1,
                                              bool scale_grad_by_freq = false);
/// Scales each row that `indices` name down to a p-norm of `max_norm` where it is longer, in place.
const Tensor& embedding_renorm_(const Tensor& weight, const Tensor& indices, double max_norm,
                                double norm_type = 2);

enum class BagMode : std::uint8_t { kSumRows, kMeanRows, kMaxRows };

struct EmbeddingBagArguments {
  BagMode mode = BagMode::kMeanRows;
  Tensor per_sample_weights = {};  ///< a factor for each of `indices`; with kSumRows only
  std::int64_t padding_idx = -1;   ///< a row that counts in no bag
  bool scale_grad_by_freq = false;
  bool include_last_offset = false;  ///< `offsets` has an end of the last bag too
};

/// Bag b is made of indices offsets[b] up to offsets[b + 1] (the last one: to the end); `indices` and
/// `offsets` are vectors. An empty bag gives zeros. Error "offsets[0] has to be 0, ..." and the like.
[[nodiscard]] Tensor embedding_bag(const Tensor& weight, const Tensor& indices, const Tensor& offsets,
                                   const EmbeddingBagArguments& arguments = {});

}  // namespace ballast
