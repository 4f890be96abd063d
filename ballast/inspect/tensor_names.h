// What names of tensors say, by PyTorch's habits and those of well-known models. Internal.
#pragma once

#include <string_view>

namespace ballast::inspect::detail {

/// The last part of a path: "weight" of "encoder.0.weight".
[[nodiscard]] std::string_view last_part(std::string_view name) noexcept;
/// `weight`, `in_proj_weight`, `weight_ih_l0`.
[[nodiscard]] bool is_weight_name(std::string_view name) noexcept;
/// The table of an embedding: `embed_tokens.weight`, `wte.weight`, `word_embeddings.weight`, `tok_embeddings.weight`.
[[nodiscard]] bool is_embedding_name(std::string_view name) noexcept;
/// What language models tie to the output: an embedding of tokens, or `shared.weight`, `encoder.weight`.
[[nodiscard]] bool is_tied_input_name(std::string_view name) noexcept;
/// The output of a language model: `lm_head.weight`, `decoder.weight`, `output.weight`, `embed_out.weight`.
[[nodiscard]] bool is_tied_output_name(std::string_view name) noexcept;
/// Weights that begin as zeros on purpose: the second factor of a low-rank adapter.
[[nodiscard]] bool begins_as_zeros(std::string_view name) noexcept;

}  // namespace ballast::inspect::detail
