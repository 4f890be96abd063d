#include "ballast/inspect/parameter_table.h"

#include <iterator>
#include <ostream>

#include "ballast/core/figures.h"
#include "ballast/core/print.h"
#include "ballast/core/printable.h"
#include "ballast/core/saturating_add.h"
#include "ballast/core/utf8.h"
#include "ballast/inspect/views.h"

namespace ballast {
namespace {

/// Padded as Python pads: by characters, however wide they are shown.
std::string padded(std::string text, std::size_t width) {
  const std::size_t length = count_characters(text);
  if (length < width) text.append(width - length, ' ');
  return text;
}

}  // namespace

void ParameterTable::add(std::string_view name, const Tensor& tensor) {
  const auto count = static_cast<std::uint64_t>(tensor.numel());
  rows.push_back({std::string(name), tensor.sizes(), count, tensor.requires_grad()});
  total = saturating_add(total, count);
  if (rows.back().trainable) trainable = saturating_add(trainable, count);
}

std::string ParameterTable::text() const {
  constexpr std::string_view kRule = "==================================================\n";
  std::string out;
  const auto to = std::back_inserter(out);
  fmt::format_to(to, "{0}Model Parameter Analysis\n{0}", kRule);
  for (const Row& row : rows) {
    fmt::format_to(to, "{} | Shape: {:20s} | Params: {:8d} | Trainable: {}\n",
                   padded(printable_text(row.name), 20), fmt::format("{}", Size(row.sizes)), row.count,
                   row.trainable ? "True" : "False");
  }
  fmt::format_to(to,
                 "{0}Total parameters: {1}\nTrainable parameters: {2}\nNon-trainable parameters: {3}\n{0}",
                 kRule, with_commas(total), with_commas(trainable), with_commas(non_trainable()));
  return out;
}

ParameterTable analyze_model_parameters(const StateDict& state) {
  ParameterTable table;
  inspect::detail::Views views;
  std::size_t i = 0;
  for (const auto& [name, tensor] : state) {
    if (tensor.defined() && views.first(tensor, i) == i) table.add(name, tensor);
    ++i;
  }
  return table;
}

std::ostream& operator<<(std::ostream& os, const ParameterTable& table) { return os << table.text(); }

}  // namespace ballast
