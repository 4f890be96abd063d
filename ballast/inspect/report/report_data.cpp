#include "ballast/inspect/report/report_data.h"

#include <algorithm>
#include <unordered_set>
#include <utility>

#include <fmt/format.h>

#include "ballast/core/error.h"
#include "ballast/inspect/checkpoint_numbers.h"
#include "ballast/inspect/views.h"

namespace ballast::inspect::detail {
namespace {

using checkpoint::Checkpoint;
using checkpoint::Layout;
using checkpoint::TensorValue;

/// What to know of a tensor's figures, or why there are none.
std::string note_on(const TensorRow& row) {
  const TensorValue& value = row.value();
  if (row.is_on_meta()) return "on meta: the file holds no elements";
  if (value.repeats_without_measure()) return "shows what is stored over and over: not looked at";
  if (value.sparse) {
    const Tensor& values = value.sparse->values;
    return values.defined() ? fmt::format("figures are of the {} stored values", values.numel())
                            : "sparse, without values";
  }
  if (value.quantized) {
    return has_numbers(value)
               ? fmt::format("figures are of the numbers that {} stands for", value.quantized->dtype)
               : fmt::format("kept as {}, whose numbers are not computed", value.quantized->dtype);
  }
  return has_numbers(value) ? "" : "no elements";
}

/// Whose figures and pictures a tensor has: those of the first that shows the same elements; `next` if it is the first.
std::size_t look_of(const TensorValue& value, std::size_t next, Views& views) {
  if (!has_numbers(value)) return kNowhere;
  const bool plain = value.layout == Layout::kStrided && !value.conj && !value.neg;
  return plain ? views.first(value.tensor, next) : next;
}

/// How many of a group's elements each row is the first to show.
void count_own(ReportRows& rows, const std::vector<std::size_t>& group) {
  constexpr std::size_t kFew = 64;
  std::vector<TensorRow> shown;
  shown.reserve(group.size());
  for (const std::size_t i : group) shown.push_back(rows.listing.rows[i]);
  const TensorTotals all = totals_of(shown);
  std::uint64_t left = all.parameters_unique, before = 0;
  std::vector<TensorRow> some;
  for (const std::size_t i : group) {
    std::uint64_t own = std::min(rows.own[i], left);
    if (all.parameters != all.parameters_unique && group.size() <= kFew) {
      some.push_back(rows.listing.rows[i]);
      const std::uint64_t now = totals_of(some).parameters_unique;
      own = std::min(left, now - before);
      before = now;
    }
    rows.own[i] = own;
    left -= own;
  }
}

/// What stands before the names of a file's state dict in its listing: "model_state_dict."; none if it is no part of it.
std::string state_prefix(const Checkpoint& file, const TensorListing& listing) {
  StateDict state;
  try {
    state = file.state_dict();
  } catch (const FormatError&) {
    return {};
  }
  if (state.empty()) return {};
  std::unordered_set<std::string_view> names;
  for (const TensorRow& row : listing.rows) names.insert(row.tensor->name);
  const std::string& first = state.begin()->key();
  for (const TensorRow& row : listing.rows) {
    const std::string& name = row.tensor->name;
    if (!name.ends_with(first)) continue;
    std::string prefix = name.substr(0, name.size() - first.size());
    if (!prefix.empty() && prefix.back() != '.') continue;
    const bool all =
        std::ranges::all_of(state, [&](const auto& entry) { return names.contains(prefix + entry.key()); });
    if (all) return prefix;
  }
  return {};
}

/// The rows whose names begin with a prefix, without it.
struct Part {
  std::vector<checkpoint::NamedTensor> tensors;
  TensorListing listing;
  std::vector<std::size_t> rows;  // in the listing that they are from

  Part(const TensorListing& whole, const std::string& prefix) {
    tensors.reserve(whole.rows.size());
    for (std::size_t i = 0; i < whole.rows.size(); ++i) {
      TensorRow row = whole.rows[i];
      if (!row.tensor->name.starts_with(prefix)) continue;
      tensors.push_back(*row.tensor);
      tensors.back().name.erase(0, prefix.size());
      row.tensor = &tensors.back();
      listing.rows.push_back(row);
      rows.push_back(i);
    }
  }
};

}  // namespace

ReportRows rows_of(const Checkpoint& file, const std::optional<std::string>& filter) {
  ReportRows rows;
  rows.listing = list_tensors(file, {.filter = filter});
  std::vector<TensorRow>& all = rows.listing.rows;
  if (all.size() > kReportTensors) {
    rows.left_out = all.size() - kReportTensors;
    all.resize(kReportTensors);
    for (auto& group : rows.listing.shared)
      std::erase_if(group, [](std::size_t i) { return i >= kReportTensors; });
  }
  Views views;
  for (const TensorRow& row : all) {
    rows.own.push_back(row.parameters);
    rows.notes.push_back(note_on(row));
    const std::size_t next = rows.looks.rows.size();
    rows.look_of.push_back(look_of(row.value(), next, views));
    if (rows.look_of.back() == next) rows.looks.rows.push_back(row);
  }
  for (const auto& group : rows.listing.shared) count_own(rows, group);
  return rows;
}

std::unordered_map<std::string, std::size_t> rows_by_name(const TensorListing& listing) {
  std::unordered_map<std::string, std::size_t> row_of;
  for (std::size_t i = 0; i < listing.rows.size(); ++i) row_of.emplace(listing.rows[i].tensor->name, i);
  return row_of;
}

Changes changes_between(const Checkpoint& a, const ReportRows& a_rows, const Checkpoint& b,
                        const ReportRows& b_rows, const CompareOptions& options) {
  Changes changes;
  changes.row_of = rows_by_name(a_rows.listing);
  const bool common = std::ranges::any_of(
      b_rows.listing.rows, [&](const TensorRow& row) { return changes.row_of.contains(row.tensor->name); });
  if (common) {
    changes.comparison = compare(a_rows.listing, b_rows.listing, options);
    return changes;
  }
  const Part before(a_rows.listing, state_prefix(a, a_rows.listing));
  const Part after(b_rows.listing, state_prefix(b, b_rows.listing));
  changes.comparison = compare(before.listing, after.listing, options);
  changes.row_of = rows_by_name(before.listing);
  for (auto& [name, row] : changes.row_of) row = before.rows[row];
  return changes;
}

std::vector<Finding> findings_of(const Checkpoint& file, const ReportRows& rows,
                                 const std::vector<Statistics>& looks, const HealthOptions& options) {
  std::vector<Statistics> of_rows;
  of_rows.reserve(rows.look_of.size());
  for (const std::size_t look : rows.look_of) {
    of_rows.push_back(look == kNowhere ? Statistics{} : looks[look]);
    of_rows.back().histogram.clear();
    of_rows.back().histogram_edges.clear();
  }
  return health(file, rows.listing, of_rows, options);
}

std::vector<HeatMap> heat_maps_of(const TensorListing& looks, const std::vector<std::int64_t>& cells,
                                  const HeatMapOptions& options) {
  std::vector<Tensor> dense;
  std::vector<std::int64_t> dense_cells;
  std::vector<std::size_t> place;
  std::vector<HeatMap> maps(looks.rows.size());
  for (std::size_t i = 0; i < looks.rows.size(); ++i) {
    const TensorValue& value = looks.rows[i].value();
    if (cells[i] == 0) continue;
    if (value.layout != Layout::kStrided) {
      maps[i] = heat_map(numbers_of(value), {.cells = cells[i]});
      continue;
    }
    dense.push_back(value.resolved());
    dense_cells.push_back(cells[i]);
    place.push_back(i);
  }
  std::vector<HeatMap> found = heat_maps(dense, dense_cells, options);
  for (std::size_t k = 0; k < found.size(); ++k) maps[place[k]] = std::move(found[k]);
  return maps;
}

}  // namespace ballast::inspect::detail
