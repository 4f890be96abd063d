// Tables of vectors: Embedding looks rows up, EmbeddingBag looks up and reduces.
//
//   nn::Embedding words(10000, 300);
//   nn::Embedding padded(nn::EmbeddingOptions(10, 3).padding_idx(0));
//   auto pretrained = nn::Embedding::from_pretrained(table);              // not trained unless freeze(false)
//
// The weight of [num_embeddings, embedding_dim] starts from N(0, 1); the row of padding_idx is zeroed
// afterwards.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "ballast/nn/cloneable.h"
#include "ballast/nn/enums.h"
#include "ballast/nn/module_holder.h"
#include "ballast/nn/options.h"

namespace ballast::nn {

struct EmbeddingOptions {
  EmbeddingOptions(std::int64_t num_embeddings, std::int64_t embedding_dim)
      : num_embeddings_(num_embeddings), embedding_dim_(embedding_dim) {}
  BALLAST_ARG(std::int64_t, num_embeddings);
  BALLAST_ARG(std::int64_t, embedding_dim);
  BALLAST_ARG(std::optional<std::int64_t>,
              padding_idx);                      ///< a row that stays zero; negative counts from the end
  BALLAST_ARG(std::optional<Number>, max_norm);  ///< rows looked up are scaled down to this norm
  BALLAST_ARG(Number, norm_type) = 2.0;          ///< the p of that norm
  BALLAST_ARG(bool, scale_grad_by_freq) = false;
  BALLAST_ARG(bool, sparse) = false;
  BALLAST_ARG(Tensor, _weight);  ///< the table, if it is not to be drawn
};

/// How from_pretrained makes a layer of a table.
struct EmbeddingFromPretrainedOptions {
  BALLAST_ARG(bool, freeze) = true;
  BALLAST_ARG(std::optional<std::int64_t>, padding_idx);
  BALLAST_ARG(std::optional<Number>, max_norm);
  BALLAST_ARG(Number, norm_type) = 2.0;
  BALLAST_ARG(bool, scale_grad_by_freq) = false;
  BALLAST_ARG(bool, sparse) = false;
};

/// ValueError "Padding_idx must be within num_embeddings", "Shape of weight does not match num_embeddings and
/// embedding_dim".
class EmbeddingImpl : public Cloneable<EmbeddingImpl> {
 public:
  EmbeddingImpl(std::int64_t num_embeddings, std::int64_t embedding_dim)
      : EmbeddingImpl(EmbeddingOptions(num_embeddings, embedding_dim)) {}
  explicit EmbeddingImpl(const EmbeddingOptions& options_);
  void reset() override;
  void reset_parameters();
  /// [.., embedding_dim] for row numbers of [..].
  Tensor forward(const Tensor& input);
  std::string extra_repr() const override;

  EmbeddingOptions options;  ///< padding_idx is not negative here
  Tensor weight;
};

class Embedding : public ModuleHolder<EmbeddingImpl> {
 public:
  using ModuleHolder<EmbeddingImpl>::ModuleHolder;
  using Impl = EmbeddingImpl;
  /// A layer on a table there is already (shared, not copied). ValueError unless it has two dimensions.
  static Embedding from_pretrained(const Tensor& embeddings,
                                   const EmbeddingFromPretrainedOptions& options = {});
};

using EmbeddingBagMode = Choice<enumtype::kMean, enumtype::kSum, enumtype::kMax>;

struct EmbeddingBagOptions {
  EmbeddingBagOptions(std::int64_t num_embeddings, std::int64_t embedding_dim)
      : num_embeddings_(num_embeddings), embedding_dim_(embedding_dim) {}
  BALLAST_ARG(std::int64_t, num_embeddings);
  BALLAST_ARG(std::int64_t, embedding_dim);
  BALLAST_ARG(std::optional<Number>, max_norm);
  BALLAST_ARG(Number, norm_type) = 2.0;
  BALLAST_ARG(bool, scale_grad_by_freq) = false;
  BALLAST_ARG(EmbeddingBagMode, mode);  ///< kMean, kSum or kMax over each bag
  BALLAST_ARG(bool, sparse) = false;
  BALLAST_ARG(Tensor, _weight);
  BALLAST_ARG(bool, include_last_offset) = false;
  BALLAST_ARG(std::optional<std::int64_t>, padding_idx);
};

struct EmbeddingBagFromPretrainedOptions {
  BALLAST_ARG(bool, freeze) = true;
  BALLAST_ARG(std::optional<Number>, max_norm);
  BALLAST_ARG(Number, norm_type) = 2.0;
  BALLAST_ARG(bool, scale_grad_by_freq) = false;
  BALLAST_ARG(EmbeddingBagMode, mode);
  BALLAST_ARG(bool, sparse) = false;
  BALLAST_ARG(bool, include_last_offset) = false;
  BALLAST_ARG(std::optional<std::int64_t>, padding_idx);
};

/// Errors as Embedding's.
class EmbeddingBagImpl : public Cloneable<EmbeddingBagImpl> {
 public:
  EmbeddingBagImpl(std::int64_t num_embeddings, std::int64_t embedding_dim)
      : EmbeddingBagImpl(EmbeddingBagOptions(num_embeddings, embedding_dim)) {}
  explicit EmbeddingBagImpl(const EmbeddingBagOptions& options_);
  void reset() override;
  void reset_parameters();
  /// [bags, embedding_dim]; `offsets` with an input of one dimension only (functional/embedding.h).
  Tensor forward(const Tensor& input, const Tensor& offsets = {}, const Tensor& per_sample_weights = {});
  std::string extra_repr() const override;

  EmbeddingBagOptions options;  ///< padding_idx is not negative here
  Tensor weight;
};

class EmbeddingBag : public ModuleHolder<EmbeddingBagImpl> {
 public:
  using ModuleHolder<EmbeddingBagImpl>::ModuleHolder;
  using Impl = EmbeddingBagImpl;
  static EmbeddingBag from_pretrained(const Tensor& embeddings,
                                      const EmbeddingBagFromPretrainedOptions& options = {});
};

}  // namespace ballast::nn
