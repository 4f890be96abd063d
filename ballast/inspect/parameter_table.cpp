#include "ballast/inspect/parameter_table.h"

#include <algorithm>
#include <iterator>
#include <map>
#include <ostream>
#include <utility>

#include "ballast/core/figures.h"
#include "ballast/core/print.h"
#include "ballast/core/printable.h"
#include "ballast/core/saturating_add.h"
#include "ballast/core/utf8.h"

namespace ballast {
namespace {

/// Of two tensors that begin at one element of one storage.
bool is_same_view(const Tensor& a, const Tensor& b) {
  return a.dtype() == b.dtype() && a.sizes() == b.sizes() && a.strides() == b.strides();
}

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
  // By storage and offset: the storage may be a file that holds them all.
  std::map<std::pair<const void*, std::int64_t>, std::vector<const Tensor*>> seen;
  for (const auto& [name, tensor] : state) {
    if (!tensor.defined()) continue;
    auto& views = seen[{tensor.storage().id(), tensor.storage_offset()}];
    if (std::ranges::any_of(views, [&t = tensor](const Tensor* v) { return is_same_view(t, *v); })) continue;
    views.push_back(&tensor);
    table.add(name, tensor);
  }
  return table;
}

std::ostream& operator<<(std::ostream& os, const ParameterTable& table) { return os << table.text(); }

}  // namespace ballast
