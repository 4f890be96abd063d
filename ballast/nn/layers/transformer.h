// Stacks of transformer layers, and the whole encoder-decoder (Vaswani et al. 2017).
//
//   nn::TransformerEncoder encoder(nn::TransformerEncoderLayer(512, 8), 6);
//   nn::Transformer model(nn::TransformerOptions(512, 8).num_encoder_layers(2));
//
// A stack holds deep copies of the layer it is given: they start with equal values, and the given layer is
// none of them.
#pragma once

#include <cstdint>
#include <utility>

#include "ballast/nn/cloneable.h"
#include "ballast/nn/containers/module_list.h"
#include "ballast/nn/layers/custom_part.h"
#include "ballast/nn/layers/transformer_layer.h"
#include "ballast/nn/module_holder.h"
#include "ballast/nn/options.h"

namespace ballast::nn {

struct TransformerEncoderOptions {
  TransformerEncoderOptions(TransformerEncoderLayer encoder_layer, std::int64_t num_layers)
      : encoder_layer_(std::move(encoder_layer)), num_layers_(num_layers) {}
  TransformerEncoderOptions(const TransformerEncoderLayerOptions& encoder_layer_options,
                            std::int64_t num_layers)
      : encoder_layer_(encoder_layer_options), num_layers_(num_layers) {}
  BALLAST_ARG(TransformerEncoderLayer, encoder_layer);
  BALLAST_ARG(std::int64_t, num_layers);
  BALLAST_ARG(ModuleSlot, norm);  ///< a module applied at the end; empty: none
  BALLAST_ARG(bool, enable_nested_tensor) =
      true;  ///< true warns where the layer does not allow it, as PyTorch does
  BALLAST_ARG(bool, mask_check) = true;
};

class TransformerEncoderImpl : public Cloneable<TransformerEncoderImpl> {
 public:
  TransformerEncoderImpl(TransformerEncoderLayer encoder_layer, std::int64_t num_layers)
      : TransformerEncoderImpl(TransformerEncoderOptions(std::move(encoder_layer), num_layers)) {}
  explicit TransformerEncoderImpl(const TransformerEncoderOptions& options_);
  void reset() override;
  /// The layers one after the other, each with these masks, and `norm` at the end.
  Tensor forward(const Tensor& src, const Tensor& src_mask = {}, const Tensor& src_key_padding_mask = {});

  TransformerEncoderOptions options;
  ModuleList layers{nullptr};
  ModuleHolder<Module> norm{nullptr};
};
BALLAST_MODULE(TransformerEncoder);

struct TransformerDecoderOptions {
  TransformerDecoderOptions(TransformerDecoderLayer decoder_layer, std::int64_t num_layers)
      : decoder_layer_(std::move(decoder_layer)), num_layers_(num_layers) {}
  TransformerDecoderOptions(const TransformerDecoderLayerOptions& decoder_layer_options,
                            std::int64_t num_layers)
      : decoder_layer_(decoder_layer_options), num_layers_(num_layers) {}
  BALLAST_ARG(TransformerDecoderLayer, decoder_layer);
  BALLAST_ARG(std::int64_t, num_layers);
  BALLAST_ARG(ModuleSlot, norm);
};

class TransformerDecoderImpl : public Cloneable<TransformerDecoderImpl> {
 public:
  TransformerDecoderImpl(TransformerDecoderLayer decoder_layer, std::int64_t num_layers)
      : TransformerDecoderImpl(TransformerDecoderOptions(std::move(decoder_layer), num_layers)) {}
  explicit TransformerDecoderImpl(const TransformerDecoderOptions& options_);
  void reset() override;
  Tensor forward(const Tensor& tgt, const Tensor& memory, const Tensor& tgt_mask = {},
                 const Tensor& memory_mask = {}, const Tensor& tgt_key_padding_mask = {},
                 const Tensor& memory_key_padding_mask = {});

  TransformerDecoderOptions options;
  ModuleList layers{nullptr};
  ModuleHolder<Module> norm{nullptr};
};
BALLAST_MODULE(TransformerDecoder);

struct TransformerOptions {
  TransformerOptions() = default;
  TransformerOptions(std::int64_t d_model, std::int64_t nhead) : d_model_(d_model), nhead_(nhead) {}
  TransformerOptions(std::int64_t d_model, std::int64_t nhead, std::int64_t num_encoder_layers,
                     std::int64_t num_decoder_layers)
      : d_model_(d_model),
        nhead_(nhead),
        num_encoder_layers_(num_encoder_layers),
        num_decoder_layers_(num_decoder_layers) {}
  BALLAST_ARG(std::int64_t, d_model) = 512;
  BALLAST_ARG(std::int64_t, nhead) = 8;
  BALLAST_ARG(std::int64_t, num_encoder_layers) = 6;
  BALLAST_ARG(std::int64_t, num_decoder_layers) = 6;
  BALLAST_ARG(std::int64_t, dim_feedforward) = 2048;
  BALLAST_ARG(Number, dropout) = 0.1;
  BALLAST_ARG(TransformerActivation, activation);
  BALLAST_ARG(CustomEncoder, custom_encoder);  ///< in the place of the encoder; empty: none
  BALLAST_ARG(CustomDecoder, custom_decoder);
  BALLAST_ARG(Number, layer_norm_eps) = 1e-5;
  BALLAST_ARG(bool, batch_first) = false;
  BALLAST_ARG(bool, norm_first) = false;
  BALLAST_ARG(bool, bias) = true;
};

/// At the end every parameter with more than one dimension is drawn anew by xavier_uniform_, in order.
class TransformerImpl : public Cloneable<TransformerImpl> {
 public:
  TransformerImpl() : TransformerImpl(TransformerOptions()) {}
  TransformerImpl(std::int64_t d_model, std::int64_t nhead)
      : TransformerImpl(TransformerOptions(d_model, nhead)) {}
  explicit TransformerImpl(const TransformerOptions& options_);
  void reset() override;
  void reset_parameters();
  /// The decoder's result over `tgt` and the encoder's result over `src`. ShapeError "src and tgt should have
  /// equal batch size", "src and tgt should have same feature size as d_model". A custom encoder is given
  /// the masks and a custom decoder both inputs and the masks, as the forward of the class it was given as
  /// takes them (custom_part.h). NotImplementedError where it takes less: an encoder that takes one tensor
  /// can do without masks only.
  Tensor forward(const Tensor& src, const Tensor& tgt, const Tensor& src_mask = {},
                 const Tensor& tgt_mask = {}, const Tensor& memory_mask = {},
                 const Tensor& src_key_padding_mask = {}, const Tensor& tgt_key_padding_mask = {},
                 const Tensor& memory_key_padding_mask = {});
  /// [size, size] of 0 on and below the diagonal, minus infinity above: position i sees none after it.
  [[nodiscard]] static Tensor generate_square_subsequent_mask(std::int64_t size,
                                                              const TensorOptions& options = {});

  TransformerOptions options;
  ModuleHolder<Module> encoder{nullptr}, decoder{nullptr};
};
BALLAST_MODULE(Transformer);

}  // namespace ballast::nn
