#include "tools/ballast/output/text_output.h"

#include <algorithm>
#include <filesystem>
#include <string_view>
#include <system_error>
#include <unordered_map>
#include <vector>

#include "tools/ballast/output/module_tree.h"
#include "tools/ballast/output/tree_output.h"
#include "tools/ballast/terminal/terminal_text.h"

#include "ballast/core/figures.h"

namespace ballast::tool {
namespace {

constexpr std::size_t kGroupsListed = 20;
constexpr std::size_t kNamesListed = 8;

template <class... Args>
void print(fmt::memory_buffer& out, fmt::format_string<Args...> text, Args&&... args) {
  fmt::format_to(std::back_inserter(out), text, std::forward<Args>(args)...);
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

void add_folded(TensorTable& table, const inspect::TensorListing& listing, std::size_t depth) {
  for (const Fold& fold : folds_of(listing.rows, depth)) {
    if (fold.rows.size() == 1) {
      table.add("", fold.rows.front()->tensor->name, *fold.rows.front());
      continue;
    }
    TensorSum sum;
    for (const inspect::TensorRow* row : fold.rows) sum.add(*row);
    table.add("", fold.prefix.empty() ? "*" : std::string(fold.prefix) + ".*", sum,
              TensorTable::Figures::kRounded);
  }
}

void write_table(fmt::memory_buffer& out, const inspect::TensorListing& listing, const TextOptions& options) {
  TensorTable table(options.columns, options.columns_chosen);
  if (options.tree) {
    add_module_tree(table, listing, options.sort, options.depth);
  } else if (options.depth) {
    add_folded(table, listing, *options.depth);
  } else {
    for (const inspect::TensorRow& row : listing.rows) table.add("", row.tensor->name, row);
  }
  if (!table.empty()) {
    table.write(out, {.paint = Paint(options.terminal.colors), .width = options.terminal.width});
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

void write_shared(fmt::memory_buffer& out, const inspect::TensorListing& listing, const Paint& paint) {
  if (listing.shared.empty()) return;
  print(out, "\n{}\n", paint(Style::kHeading, "shared storage"));
  for (std::size_t g = 0; g < std::min(listing.shared.size(), kGroupsListed); ++g) {
    const std::vector<std::size_t>& group = listing.shared[g];
    print(out, "  {} ", paint(Style::kAccent, group_mark(g)));
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
  const Paint paint(options.terminal.colors);
  print(out, "{}: {}", paint(Style::kHeading, terminal_text(file.file().native())), file.format());
  if (!unknown) print(out, ", {}", byte_size(size));
  print(out, "\n\n");
  write_table(out, listing, options);
  write_totals(out, file, listing, options);
  write_shared(out, listing, paint);
  // A filter asks for tensors by name; the rest has none of these.
  if (!options.filter) write_tree(out, file.root(), options.depth, paint);
}

}  // namespace ballast::tool
