#include "ballast/inspect/tensor_names.h"

#include <algorithm>
#include <array>

namespace ballast::inspect::detail {
namespace {

/// The part before the last: "lm_head" of "model.lm_head.weight".
std::string_view owner(std::string_view name) noexcept {
  const std::string_view last = last_part(name);
  if (last.size() == name.size()) return {};
  return last_part(name.substr(0, name.size() - last.size() - 1));
}

template <std::size_t N>
bool is_one_of(std::string_view text, const std::array<std::string_view, N>& words) noexcept {
  return std::find(words.begin(), words.end(), text) != words.end();
}

bool contains(std::string_view text, std::string_view part) noexcept {
  return text.find(part) != std::string_view::npos;
}

}  // namespace

std::string_view last_part(std::string_view name) noexcept {
  const std::size_t dot = name.rfind('.');
  return dot == std::string_view::npos ? name : name.substr(dot + 1);
}

bool is_weight_name(std::string_view name) noexcept {
  const std::string_view last = last_part(name);
  return last.starts_with("weight") || last.ends_with("weight");
}

bool is_embedding_name(std::string_view name) noexcept {
  constexpr std::array<std::string_view, 4> kShort{"wte", "wpe", "emb", "tok_emb"};
  const std::string_view layer = owner(name);
  return is_weight_name(name) &&
         (contains(layer, "embed") || contains(layer, "Embed") || is_one_of(layer, kShort)) &&
         !is_tied_output_name(name);
}

bool is_tied_input_name(std::string_view name) noexcept {
  constexpr std::array<std::string_view, 2> kOthers{"shared", "encoder"};
  return is_embedding_name(name) || (last_part(name) == "weight" && is_one_of(owner(name), kOthers));
}

bool is_tied_output_name(std::string_view name) noexcept {
  constexpr std::array<std::string_view, 6> kOutputs{"lm_head", "decoder",   "output",
                                                     "head",    "embed_out", "generator"};
  return last_part(name) == "weight" && is_one_of(owner(name), kOutputs);
}

bool begins_as_zeros(std::string_view name) noexcept {
  return contains(name, "lora_B.") || contains(name, "lora_up.");
}

}  // namespace ballast::inspect::detail
