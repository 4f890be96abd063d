#include "tools/ballast/output/tensor_table.h"

#include <algorithm>

#include "tools/ballast/command_line/parse_problem.h"
#include "tools/ballast/files/sha256.h"
#include "tools/ballast/terminal/terminal_text.h"

#include "ballast/core/error.h"
#include "ballast/core/figures.h"
#include "ballast/core/saturating_add.h"
#include "ballast/core/shape.h"

namespace ballast::tool {
namespace {

using checkpoint::NamedTensor;
using inspect::TensorRow;

struct Kind {
  TensorColumn column;
  std::string_view name;
  Align align = Align::kLeft;
  std::size_t widest = 72;
  Style style = Style::kPlain;
};

constexpr Kind kKinds[] = {
    {TensorColumn::kName, "name"},
    {TensorColumn::kShape, "shape", Align::kLeft, 32},
    {TensorColumn::kStride, "stride", Align::kLeft, 32},
    {TensorColumn::kDtype, "dtype"},
    {TensorColumn::kParameters, "parameters", Align::kRight},
    {TensorColumn::kBytes, "bytes", Align::kRight},
    {TensorColumn::kShared, "shared", Align::kLeft, 72, Style::kAccent},
    {TensorColumn::kRequiresGrad, "requires_grad"},
    {TensorColumn::kStorage, "storage", Align::kRight},
    {TensorColumn::kOffset, "offset", Align::kRight},
    {TensorColumn::kSha256, "sha256", Align::kLeft, 72, Style::kFaint},
};

const Kind& kind_of(TensorColumn column) { return kKinds[static_cast<std::size_t>(column)]; }

Table empty_table(const std::vector<TensorColumn>& columns, bool chosen) {
  std::vector<Table::Column> made;
  for (const TensorColumn column : columns) {
    const Kind& kind = kind_of(column);
    made.push_back({.title = std::string(kind.name),
                    .align = kind.align,
                    .widest = kind.widest,
                    .gives_way = column == TensorColumn::kName,
                    .stays = chosen});
  }
  return Table(std::move(made));
}

std::string dtype_text(const TensorRow& row) {
  const checkpoint::TensorValue& value = row.value();
  std::string text(value.dtype());
  if (value.sparse) text += fmt::format(" {}", checkpoint::layout_name(value.layout));
  if (row.is_on_meta()) text += " meta";
  return text;
}

std::string text_of(TensorColumn column, const TensorRow& row) {
  const checkpoint::TensorValue& value = row.value();
  switch (column) {
    case TensorColumn::kName:
      return {};  // given by who adds the row
    case TensorColumn::kShape:
      return shape_text(value.sizes());
    case TensorColumn::kStride:
      return value.sparse ? "-" : shape_text(value.tensor.strides());
    case TensorColumn::kDtype:
      return dtype_text(row);
    case TensorColumn::kParameters:
      return with_commas(row.parameters);
    case TensorColumn::kBytes:
      return byte_size(row.bytes);
    case TensorColumn::kShared:
      return group_mark(row.group);
    case TensorColumn::kRequiresGrad:
      return value.requires_grad ? "yes" : "no";
    case TensorColumn::kStorage:
      return row.tensor->storage == NamedTensor::kNoStorage ? "-" : fmt::format("{}", row.tensor->storage);
    case TensorColumn::kOffset:
      return value.sparse ? "-" : fmt::format("{}", value.tensor.storage_offset());
    case TensorColumn::kSha256:
      return tensor_sha256(value).value_or("-");
  }
  return {};
}

std::string text_of(TensorColumn column, const TensorSum& sum, TensorTable::Figures figures) {
  switch (column) {
    case TensorColumn::kShape:
      return fmt::format("({} tensor{})", with_commas(sum.tensors), sum.tensors == 1 ? "" : "s");
    case TensorColumn::kDtype:
      return sum.dtype;
    case TensorColumn::kParameters:
      return figures == TensorTable::Figures::kExact ? with_commas(sum.parameters)
                                                     : rounded_count(sum.parameters);
    case TensorColumn::kBytes:
      return byte_size(sum.bytes);
    default:
      return {};
  }
}

/// Adds a row whose texts `text` gives, but for the name.
template <class Text>
void add_row(Table& table, const std::vector<TensorColumn>& columns, std::string_view lead,
             std::string_view name, Style name_style, const Text& text) {
  std::vector<std::string> texts;
  texts.reserve(columns.size());
  for (const TensorColumn column : columns) texts.push_back(text(column));
  std::vector<TableCell> cells;
  cells.reserve(columns.size());
  for (std::size_t c = 0; c < columns.size(); ++c) {
    if (columns[c] == TensorColumn::kName) {
      cells.emplace_back(lead, name, name_style);
    } else {
      cells.emplace_back(texts[c], kind_of(columns[c]).style);
    }
  }
  table.add(cells);
}

}  // namespace

const std::vector<std::string>& column_names() {
  static const std::vector<std::string> names = [] {
    std::vector<std::string> all;
    for (const Kind& kind : kKinds) all.emplace_back(kind.name);
    return all;
  }();
  return names;
}

std::vector<TensorColumn> columns_of(std::string_view list) {
  std::vector<TensorColumn> columns;
  for (std::string_view rest = list; columns.empty() || !rest.empty();) {
    const std::size_t comma = std::min(rest.find(','), rest.size());
    const std::string_view name = rest.substr(0, comma);
    const Kind* kind = std::ranges::find(kKinds, name, &Kind::name);
    if (kind == std::ranges::end(kKinds))
      throw ValueError(choice_problem(name, {column_names().begin(), column_names().end()}));
    columns.push_back(kind->column);
    // A comma at the end is followed by a name that is missing.
    if (comma + 1 == rest.size()) throw ValueError(fmt::format("'{}' ends in a comma", list));
    rest = rest.substr(std::min(comma + 1, rest.size()));
  }
  return columns;
}

std::vector<TensorColumn> usual_columns(bool hash) {
  std::vector<TensorColumn> columns = {TensorColumn::kName,  TensorColumn::kShape,
                                       TensorColumn::kDtype, TensorColumn::kParameters,
                                       TensorColumn::kBytes, TensorColumn::kShared};
  if (hash) columns.push_back(TensorColumn::kSha256);
  return columns;
}

void TensorSum::add(const TensorRow& row) {
  const std::string its = dtype_text(row);
  if (tensors > 0 && its != dtype) {
    dtype = "mixed";
  } else {
    dtype = its;
  }
  ++tensors;
  parameters = saturating_add(parameters, row.parameters);
  bytes = saturating_add(bytes, row.bytes);
}

TensorTable::TensorTable(std::vector<TensorColumn> columns, bool chosen)
    : columns_(std::move(columns)), table_(empty_table(columns_, chosen)) {}

void TensorTable::add(std::string_view lead, std::string_view name, const TensorRow& row) {
  const std::string shown = tensor_name_text(name);
  add_row(table_, columns_, lead, shown, Style::kPlain,
          [&](TensorColumn column) { return text_of(column, row); });
}

void TensorTable::add(std::string_view lead, std::string_view name, const TensorSum& sum, Figures figures) {
  add_row(table_, columns_, lead, terminal_text(name), Style::kAccent,
          [&](TensorColumn column) { return text_of(column, sum, figures); });
}

std::string group_mark(std::size_t group) {
  return group == TensorRow::kAlone ? "" : fmt::format("#{}", group + 1);
}

}  // namespace ballast::tool
