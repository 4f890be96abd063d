#include "tools/ballast/text_output.h"

#include <algorithm>
#include <filesystem>
#include <string_view>
#include <system_error>
#include <unordered_map>
#include <vector>

#include "tools/ballast/figures.h"
#include "tools/ballast/sha256.h"
#include "tools/ballast/table.h"
#include "tools/ballast/terminal_text.h"
#include "tools/ballast/tree_output.h"

#include "ballast/core/saturating_add.h"
#include "ballast/core/shape.h"

namespace ballast::tool {
namespace {

constexpr std::size_t kGroupsListed = 20;
constexpr std::size_t kNamesListed = 8;

template <class... Args>
void print(fmt::memory_buffer& out, fmt::format_string<Args...> text, Args&&... args) {
  fmt::format_to(std::back_inserter(out), text, std::forward<Args>(args)...);
}

std::string dtype_cell(const inspect::TensorRow& row) {
  const checkpoint::TensorValue& value = row.value();
  std::string text(value.dtype());
  if (value.sparse) text += fmt::format(" {}", checkpoint::layout_name(value.layout));
  if (row.is_on_meta()) text += " meta";
  return text;
}

std::string group_mark(std::size_t group) {
  return group == inspect::TensorRow::kAlone ? "" : fmt::format("#{}", group + 1);
}

/// Where a name is folded: behind its first `depth` parts. npos if it has no more than these.
std::size_t fold_point(std::string_view name, std::size_t depth) {
  if (depth == 0) return 0;
  std::size_t dot = 0;
  for (std::size_t parts = 0; parts < depth; ++parts) {
    dot = name.find('.', parts == 0 ? 0 : dot + 1);
    if (dot == std::string_view::npos) return dot;
  }
  return dot;
}

/// Rows under one folded name.
struct Fold {
  std::string_view prefix;
  std::vector<const inspect::TensorRow*> rows;
};

/// Rows whose names begin alike, together, at the place of the first of them; a name that is not too long is alone.
std::vector<Fold> folds_of(const std::vector<inspect::TensorRow>& rows, std::size_t depth) {
  std::vector<Fold> folds;
  std::unordered_map<std::string_view, std::size_t> fold_of_prefix;
  for (const inspect::TensorRow& row : rows) {
    const std::string_view name = row.tensor->name;
    const std::size_t point = fold_point(name, depth);
    if (point == std::string_view::npos) {
      folds.push_back({{}, {&row}});
      continue;
    }
    const auto [place, is_new] = fold_of_prefix.try_emplace(name.substr(0, point), folds.size());
    if (is_new) folds.push_back({name.substr(0, point), {}});
    folds[place->second].rows.push_back(&row);
  }
  return folds;
}

void add_row(Table& table, const inspect::TensorRow& row, bool hash) {
  const checkpoint::TensorValue& value = row.value();
  const std::string& name = row.tensor->name;
  std::string digest;
  if (hash) digest = tensor_sha256(value).value_or("-");
  table.add({name.empty() ? "(the tensor itself)" : terminal_text(name), shape_text(value.sizes()),
             dtype_cell(row), with_commas(row.parameters), byte_size(row.bytes), group_mark(row.group),
             digest});
}

void add_fold(Table& table, const Fold& fold) {
  std::uint64_t parameters = 0, bytes = 0;
  std::string dtype = dtype_cell(*fold.rows.front());
  for (const inspect::TensorRow* row : fold.rows) {
    parameters = saturating_add(parameters, row->parameters);
    bytes = saturating_add(bytes, row->bytes);
    if (dtype_cell(*row) != dtype) dtype = "mixed";
  }
  table.add({fold.prefix.empty() ? "*" : terminal_text(fold.prefix) + ".*",
             fmt::format("({} tensors)", with_commas(fold.rows.size())), dtype, rounded_count(parameters),
             byte_size(bytes), "", ""});
}

void write_table(fmt::memory_buffer& out, const inspect::TensorListing& listing, const TextOptions& options) {
  Table table({{"name", Align::kLeft},
               {"shape", Align::kLeft, 32},
               {"dtype", Align::kLeft},
               {"parameters", Align::kRight},
               {"bytes", Align::kRight},
               {"shared", Align::kLeft},
               {"sha256", Align::kLeft}});
  if (options.depth) {
    for (const Fold& fold : folds_of(listing.rows, *options.depth)) {
      fold.rows.size() == 1 ? add_row(table, *fold.rows.front(), options.hash) : add_fold(table, fold);
    }
  } else {
    for (const inspect::TensorRow& row : listing.rows) add_row(table, row, options.hash);
  }
  if (!table.empty()) {
    table.write(out);
    out.push_back('\n');
  }
}

std::string plural(std::uint64_t n, std::string_view noun) {
  return fmt::format("{} {}{}", with_commas(n), noun, n == 1 ? "" : "s");
}

std::string exact_bytes(std::uint64_t bytes) {
  return bytes < 1024 ? plural(bytes, "byte")
                      : fmt::format("{} ({})", plural(bytes, "byte"), byte_size(bytes));
}

void write_totals(fmt::memory_buffer& out, const checkpoint::Checkpoint& file,
                  const inspect::TensorListing& listing, const TextOptions& options) {
  const inspect::TensorTotals& totals = listing.totals;
  print(out, "{}, {}, {}\n", plural(totals.tensors, "tensor"), plural(totals.parameters, "parameter"),
        exact_bytes(totals.bytes));
  if (totals.bytes != totals.bytes_unique || totals.parameters != totals.parameters_unique) {
    print(out, "shared storage counted once: {}, {}\n", plural(totals.parameters_unique, "parameter"),
          exact_bytes(totals.bytes_unique));
  }
  if (options.filter) {
    print(out, "of the tensors that match {}; the file has {}\n", terminal_text(*options.filter),
          with_commas(file.tensors().size()));
  }
  if (!file.all_tensors_listed()) {
    print(out, "not all are listed: containers stand inside each other in too many ways\n");
  }
}

void write_shared(fmt::memory_buffer& out, const inspect::TensorListing& listing) {
  if (listing.shared.empty()) return;
  print(out, "\nshared storage\n");
  for (std::size_t g = 0; g < std::min(listing.shared.size(), kGroupsListed); ++g) {
    const std::vector<std::size_t>& group = listing.shared[g];
    print(out, "  {} ", group_mark(g));
    for (std::size_t i = 0; i < std::min(group.size(), kNamesListed); ++i) {
      print(out, "{} {}", i == 0 ? "" : ",", terminal_text(listing.rows[group[i]].tensor->name));
    }
    if (group.size() > kNamesListed) print(out, ", ... {} more", with_commas(group.size() - kNamesListed));
    out.push_back('\n');
  }
  if (listing.shared.size() > kGroupsListed) {
    print(out, "  ... {} more, marked in the table\n",
          plural(listing.shared.size() - kGroupsListed, "group"));
  }
}

}  // namespace

void write_text(fmt::memory_buffer& out, const checkpoint::Checkpoint& file,
                const inspect::TensorListing& listing, const TextOptions& options) {
  std::error_code unknown;
  const std::uintmax_t size = std::filesystem::file_size(file.file(), unknown);
  print(out, "{}: {}", terminal_text(file.file().native()), file.format());
  if (!unknown) print(out, ", {}", byte_size(size));
  print(out, "\n\n");
  write_table(out, listing, options);
  write_totals(out, file, listing, options);
  write_shared(out, listing);
  // A filter asks for tensors by name; the rest has none of these.
  if (!options.filter) write_tree(out, file.root(), options.depth);
}

}  // namespace ballast::tool
