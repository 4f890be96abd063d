#include "ballast/summary/mult_adds.h"

#include <algorithm>

#include "ballast/nn/layers/layers.h"

namespace ballast {
namespace {

using Inputs = std::vector<Tensor>;
using Count = std::optional<std::uint64_t>;

std::uint64_t numel(const Tensor& t) { return static_cast<std::uint64_t>(t.numel()); }
std::uint64_t one_if(bool condition) { return condition ? 1 : 0; }
/// Of the input at `position`; 0 where there is none.
std::uint64_t input_numel(const Inputs& inputs, std::size_t position = 0) {
  return position < inputs.size() && inputs[position].defined() ? numel(inputs[position]) : 0;
}
std::uint64_t elements_of(const std::vector<Tensor>& parameters) {
  std::uint64_t n = 0;
  for (const Tensor& p : parameters) n += numel(p);
  return n;
}

/// Weights [out, ...] that all meet in each element of the result, and a bias.
Count of_weights_by_result(const Tensor& weight, const Tensor& bias, const Tensor& output) {
  if (!output.defined() || weight.dim() == 0 || weight.size(0) == 0) return std::nullopt;
  return numel(output) *
         (numel(weight) / static_cast<std::uint64_t>(weight.size(0)) + one_if(bias.defined()));
}

/// Weights [in, ...] that each element of the input meets.
Count of_weights_by_input(const Tensor& weight, const Tensor& bias, const Inputs& inputs,
                          const Tensor& output) {
  if (!output.defined() || weight.dim() == 0 || weight.size(0) == 0) return std::nullopt;
  return input_numel(inputs) * (numel(weight) / static_cast<std::uint64_t>(weight.size(0))) +
         (bias.defined() ? numel(output) : 0);
}

/// A weight and a bias applied to each element.
Count of_scales(const Tensor& weight, const Tensor& bias, const Tensor& output) {
  if (!output.defined()) return std::nullopt;
  return numel(output) * (one_if(weight.defined()) + one_if(bias.defined()));
}

Count of_attention(const nn::MultiheadAttentionImpl& m, const Inputs& inputs) {
  if (inputs.size() < 3) return std::nullopt;
  const Tensor& key = inputs[1];
  const auto embed = static_cast<std::uint64_t>(m.options.embed_dim());
  const auto key_size = static_cast<std::uint64_t>(m.options.kdim().value_or(m.options.embed_dim()));
  const auto value_size = static_cast<std::uint64_t>(m.options.vdim().value_or(m.options.embed_dim()));
  const std::uint64_t queries = numel(inputs[0]) / embed;  // of all batches
  const std::uint64_t bias = one_if(m.in_proj_bias.defined());
  const std::uint64_t projections = queries * embed * (embed + bias) +
                                    numel(key) / key_size * embed * (key_size + bias) +
                                    numel(inputs[2]) / value_size * embed * (value_size + bias) +
                                    queries * embed * (embed + one_if(m.out_proj->bias.defined()));
  const bool batch_first = key.dim() == 3 && m.options.batch_first();
  const std::uint64_t attended = static_cast<std::uint64_t>(key.size(batch_first ? 1 : 0)) +
                                 one_if(m.options.add_bias_kv()) + one_if(m.options.add_zero_attn());
  return projections + 2 * queries * attended * embed;
}

template <class Layer>
Count of_weighted(const nn::Module& layer, const Tensor& output) {
  const auto* const m = layer.as<Layer>();
  return m == nullptr ? Count() : of_weights_by_result(m->weight, m->bias, output);
}
template <class Layer>
Count of_transposed(const nn::Module& layer, const Inputs& inputs, const Tensor& output) {
  const auto* const m = layer.as<Layer>();
  return m == nullptr ? Count() : of_weights_by_input(m->weight, m->bias, inputs, output);
}
template <class Layer>
Count of_normalisation(const nn::Module& layer, const Tensor& output) {
  const auto* const m = layer.as<Layer>();
  return m == nullptr ? Count() : of_scales(m->weight, m->bias, output);
}

/// Each parameter once for each step and sequence.
Count of_recurrent(const nn::Module& layer, const Inputs& inputs) {
  if (const auto* const m = layer.as<nn::RNNBaseImpl>()) {
    const auto features = static_cast<std::uint64_t>(m->options_base.input_size());
    return input_numel(inputs) / features * elements_of(m->all_weights());
  }
  if (const auto* const m = layer.as<nn::RNNCellBaseImpl>()) {
    const auto features = static_cast<std::uint64_t>(m->options.input_size());
    return input_numel(inputs) / features * elements_of(m->parameters());
  }
  return std::nullopt;
}

Count of_look_up(const nn::Module& layer, const Inputs& inputs) {
  if (layer.as<nn::EmbeddingImpl>() != nullptr) return 0;
  if (const auto* const m = layer.as<nn::EmbeddingBagImpl>()) {
    return input_numel(inputs, 2) * static_cast<std::uint64_t>(m->options.embedding_dim());
  }
  return std::nullopt;
}

Count of_single_weight(const nn::Module& layer, const Tensor& output) {
  if (const auto* const m = layer.as<nn::RMSNormImpl>()) return of_scales(m->weight, {}, output);
  if (const auto* const m = layer.as<nn::PReLUImpl>()) return of_scales(m->weight, {}, output);
  return std::nullopt;
}

bool has_parameters(const nn::Module& layer) {
  return std::ranges::any_of(layer.parameter_entries(),
                             [&](const nn::TensorEntry& e) { return layer.slot(e).defined(); });
}

Count first_of(std::initializer_list<Count> counts) {
  const auto* const known = std::ranges::find_if(counts, [](const Count& c) { return c.has_value(); });
  return known == counts.end() ? std::nullopt : *known;
}

}  // namespace

Count count_mult_adds(const nn::Module& layer, const Inputs& inputs, const Tensor& output) {
  if (!has_parameters(layer)) return 0;
  if (const auto* const m = layer.as<nn::MultiheadAttentionImpl>()) return of_attention(*m, inputs);
  return first_of(
      {of_weighted<nn::LinearImpl>(layer, output), of_weighted<nn::BilinearImpl>(layer, output),
       of_weighted<nn::ConvNdImpl<1>>(layer, output), of_weighted<nn::ConvNdImpl<2>>(layer, output),
       of_weighted<nn::ConvNdImpl<3>>(layer, output),
       of_transposed<nn::ConvTransposeNdImpl<1>>(layer, inputs, output),
       of_transposed<nn::ConvTransposeNdImpl<2>>(layer, inputs, output),
       of_transposed<nn::ConvTransposeNdImpl<3>>(layer, inputs, output),
       of_normalisation<nn::NormImpl<true>>(layer, output),
       of_normalisation<nn::NormImpl<false>>(layer, output),
       of_normalisation<nn::LayerNormImpl>(layer, output), of_normalisation<nn::GroupNormImpl>(layer, output),
       of_single_weight(layer, output), of_recurrent(layer, inputs), of_look_up(layer, inputs)});
}

}  // namespace ballast
