// One layer of a transformer's encoder or decoder (Vaswani et al. 2017): attention and a feed-forward
// network, each with dropout, a residual connection and layer normalisation.
//
//   nn::TransformerEncoderLayer layer(512, 8);
//   nn::TransformerEncoderLayer gelu(nn::TransformerEncoderLayerOptions(8,
// 2).dim_feedforward(16).activation(kGELU));
//
//   Tensor y = layer->forward(x);                    // [length, batch, 512]; [batch, length, 512] with
// batch_first
//
// Masks are those of MultiheadAttention (layers/attention.h). Options are read at each forward: the
// activation may be changed later.
//
// Parts are made, and draw, in the order of the members below.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <variant>

#include "ballast/nn/cloneable.h"
#include "ballast/nn/enums.h"
#include "ballast/nn/layers/attention.h"
#include "ballast/nn/layers/dropout.h"
#include "ballast/nn/layers/layer_norm.h"
#include "ballast/nn/layers/linear.h"
#include "ballast/nn/module_holder.h"
#include "ballast/nn/options.h"

namespace ballast::nn {

/// kReLU, kGELU, "relu", "gelu", or any function of a tensor. ValueError "activation should be relu/gelu, not
/// tanh".
class TransformerActivation {
 public:
  using Function = std::function<Tensor(const Tensor&)>;
  TransformerActivation(enumtype::kReLU name = {}) : value_(name) {}           // NOLINT(*-explicit-*)
  TransformerActivation(enumtype::kGELU name) : value_(name) {}                // NOLINT(*-explicit-*)
  TransformerActivation(const char* name) : value_(from_name(name)) {}         // NOLINT(*-explicit-*)
  TransformerActivation(const std::string& name) : value_(from_name(name)) {}  // NOLINT(*-explicit-*)
  template <class F>
  requires std::is_invocable_r_v<Tensor, const F&, const Tensor&> TransformerActivation(F function)
      : value_(Function(std::move(function))) {}  // NOLINT(*-explicit-*)

  /// Whether it is one of the named two.
  [[nodiscard]] bool relu_or_gelu() const noexcept { return value_.index() < 2; }
  /// The activation of x.
  [[nodiscard]] Tensor operator()(const Tensor& x) const;
  [[nodiscard]] const std::variant<enumtype::kReLU, enumtype::kGELU, Function>& value() const noexcept {
    return value_;
  }

 private:
  static std::variant<enumtype::kReLU, enumtype::kGELU, Function> from_name(const std::string& name);
  std::variant<enumtype::kReLU, enumtype::kGELU, Function> value_;
};

/// Options of both layers.
struct TransformerLayerOptions {
  TransformerLayerOptions(std::int64_t d_model, std::int64_t nhead) : d_model_(d_model), nhead_(nhead) {}
  BALLAST_ARG(std::int64_t, d_model);  ///< features of the input
  BALLAST_ARG(std::int64_t, nhead);
  BALLAST_ARG(std::int64_t, dim_feedforward) = 2048;
  BALLAST_ARG(Number, dropout) = 0.1;
  BALLAST_ARG(TransformerActivation, activation);
  BALLAST_ARG(Number, layer_norm_eps) = 1e-5;
  BALLAST_ARG(bool, batch_first) = false;
  BALLAST_ARG(bool, norm_first) = false;
  BALLAST_ARG(bool, bias) = true;
};
using TransformerEncoderLayerOptions = TransformerLayerOptions;
using TransformerDecoderLayerOptions = TransformerLayerOptions;

class TransformerEncoderLayerImpl : public Cloneable<TransformerEncoderLayerImpl> {
 public:
  TransformerEncoderLayerImpl(std::int64_t d_model, std::int64_t nhead)
      : TransformerEncoderLayerImpl(TransformerEncoderLayerOptions(d_model, nhead)) {}
  explicit TransformerEncoderLayerImpl(const TransformerEncoderLayerOptions& options_);
  void reset() override;
  Tensor forward(const Tensor& src, const Tensor& src_mask = {}, const Tensor& src_key_padding_mask = {});

  TransformerEncoderLayerOptions options;
  MultiheadAttention self_attn{nullptr};
  Linear linear1{nullptr};  ///< d_model -> dim_feedforward
  Dropout dropout{nullptr};
  Linear linear2{nullptr};  ///< and back
  LayerNorm norm1{nullptr}, norm2{nullptr};
  Dropout dropout1{nullptr}, dropout2{nullptr};

 private:
  Tensor attend(const Tensor& x, const Tensor& mask, const Tensor& key_padding_mask);
  Tensor feed_forward(const Tensor& x);
};
BALLAST_MODULE(TransformerEncoderLayer);

class TransformerDecoderLayerImpl : public Cloneable<TransformerDecoderLayerImpl> {
 public:
  TransformerDecoderLayerImpl(std::int64_t d_model, std::int64_t nhead)
      : TransformerDecoderLayerImpl(TransformerDecoderLayerOptions(d_model, nhead)) {}
  explicit TransformerDecoderLayerImpl(const TransformerDecoderLayerOptions& options_);
  void reset() override;
  /// `memory`: the encoder's result.
  Tensor forward(const Tensor& tgt, const Tensor& memory, const Tensor& tgt_mask = {},
                 const Tensor& memory_mask = {}, const Tensor& tgt_key_padding_mask = {},
                 const Tensor& memory_key_padding_mask = {});

  TransformerDecoderLayerOptions options;
  MultiheadAttention self_attn{nullptr};
  MultiheadAttention multihead_attn{nullptr};  ///< over the encoder's result
  Linear linear1{nullptr};
  Dropout dropout{nullptr};
  Linear linear2{nullptr};
  LayerNorm norm1{nullptr}, norm2{nullptr}, norm3{nullptr};
  Dropout dropout1{nullptr}, dropout2{nullptr}, dropout3{nullptr};

 private:
  Tensor attend(const Tensor& x, const Tensor& mask, const Tensor& key_padding_mask);
  Tensor attend_memory(const Tensor& x, const Tensor& memory, const Tensor& mask,
                       const Tensor& key_padding_mask);
  Tensor feed_forward(const Tensor& x);
};
BALLAST_MODULE(TransformerDecoderLayer);

}  // namespace ballast::nn
