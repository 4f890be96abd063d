// Normalisation over the last dimensions of each sample: LayerNorm (Ba, Kiros & Hinton 2016) and RMSNorm
// (Zhang &
// Sennrich 2019).
//
//   nn::LayerNorm norm(5);
//   nn::LayerNorm over_two(nn::LayerNormOptions({3, 4}).elementwise_affine(false));
//
// Parameters have the normalised shape: weight of ones, bias of zeros.
#pragma once

#include <cstdint>
#include <initializer_list>
#include <optional>
#include <string>
#include <utility>

#include "ballast/nn/cloneable.h"
#include "ballast/nn/module_holder.h"
#include "ballast/nn/options.h"

namespace ballast::nn {

struct LayerNormOptions {
  LayerNormOptions(ListOrOne<std::int64_t> normalized_shape)  // NOLINT(*-explicit-*)
      : normalized_shape_(std::move(normalized_shape)) {}
  LayerNormOptions(std::initializer_list<std::int64_t> normalized_shape)
      : normalized_shape_(normalized_shape) {}
  BALLAST_ARG(ListOrOne<std::int64_t>, normalized_shape);
  BALLAST_ARG(Number, eps) = 1e-5;
  BALLAST_ARG(bool, elementwise_affine) = true;
  BALLAST_ARG(bool, bias) = true;  ///< whether an affine one has a bias
};

class LayerNormImpl : public Cloneable<LayerNormImpl> {
 public:
  explicit LayerNormImpl(ListOrOne<std::int64_t> normalized_shape)
      : LayerNormImpl(LayerNormOptions(std::move(normalized_shape))) {}
  explicit LayerNormImpl(const LayerNormOptions& options_);
  void reset() override;
  void reset_parameters();
  Tensor forward(const Tensor& input);
  std::string extra_repr() const override;

  LayerNormOptions options;
  Tensor weight, bias;
};
BALLAST_MODULE(LayerNorm);

struct RMSNormOptions {
  RMSNormOptions(ListOrOne<std::int64_t> normalized_shape)  // NOLINT(*-explicit-*)
      : normalized_shape_(std::move(normalized_shape)) {}
  RMSNormOptions(std::initializer_list<std::int64_t> normalized_shape)
      : normalized_shape_(normalized_shape) {}
  BALLAST_ARG(ListOrOne<std::int64_t>, normalized_shape);
  BALLAST_ARG(std::optional<Number>, eps);  ///< nullopt: the smallest step of the element type at 1
  BALLAST_ARG(bool, elementwise_affine) = true;
};

class RMSNormImpl : public Cloneable<RMSNormImpl> {
 public:
  explicit RMSNormImpl(ListOrOne<std::int64_t> normalized_shape)
      : RMSNormImpl(RMSNormOptions(std::move(normalized_shape))) {}
  explicit RMSNormImpl(const RMSNormOptions& options_);
  void reset() override;
  void reset_parameters();
  Tensor forward(const Tensor& input);
  std::string extra_repr() const override;

  RMSNormOptions options;
  Tensor weight;
};
BALLAST_MODULE(RMSNorm);

}  // namespace ballast::nn
