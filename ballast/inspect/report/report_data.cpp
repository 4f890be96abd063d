#include "ballast/inspect/report/report_data.h"

#include <algorithm>
#include <map>
#include <tuple>
#include <unordered_set>
#include <utility>

#include <fmt/format.h>

#include "ballast/core/error.h"
#include "ballast/inspect/element_runs.h"

namespace ballast::inspect::detail {
namespace {

using checkpoint::Checkpoint;
using checkpoint::TensorValue;

/// What of a tensor can be looked at, and what to know of it.
struct Look {
  Tensor tensor;  // undefined: nothing
  std::string note;
  bool matrix = true;
};

Look look_of_quantized(const TensorValue& value) {
  const TensorValue::Quantized& q = *value.quantized;
  if (q.scheme == checkpoint::kGgmlBlocks) {
    return {{},
            fmt::format("kept in blocks of {}: ballast convert --dequantize makes numbers of them", q.dtype)};
  }
  const std::string how = q.scales.defined()
                              ? fmt::format("with a scale for each index of dimension {}", q.axis)
                              : fmt::format("value = (integer - {}) x {}", q.zero_point, q.scale);
  return {value.tensor, fmt::format("figures are of the stored integers; {}", how)};
}

/// Whether reading each element takes much longer than reading what is stored.
bool repeats_without_measure(const Tensor& t) {
  constexpr std::int64_t kMuch = std::int64_t{1} << 28, kTimes = 64;
  const auto stored = static_cast<std::int64_t>(t.storage().nbytes()) / t.itemsize();
  return t.numel() > kMuch && t.numel() / kTimes > stored;
}

Look look_of(const TensorRow& row) {
  const TensorValue& value = row.value();
  if (row.is_on_meta()) return {{}, "on meta: the file holds no elements"};
  if (value.sparse) {
    const Tensor& values = value.sparse->values;
    if (!values.defined() || values.is_meta()) return {{}, "sparse, without values"};
    return {values, fmt::format("figures are of the {} stored values", values.numel()), false};
  }
  if (!value.tensor.defined() || value.tensor.is_meta()) return {{}, "no elements"};
  if (repeats_without_measure(value.tensor))
    return {{}, "shows the elements of its storage over and over: not looked at"};
  if (value.quantized) return look_of_quantized(value);
  return {value.conj || value.neg ? value.resolved() : value.tensor, {}};
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

StateDict named(const ReportRows& rows, std::string_view prefix,
                std::unordered_map<std::string, std::size_t>& row_of) {
  StateDict state;
  for (std::size_t i = 0; i < rows.listing.rows.size(); ++i) {
    const std::string& name = rows.listing.rows[i].tensor->name;
    const std::size_t look = rows.look_of[i];
    if (look == kNowhere || !rows.is_matrix[look] || !name.starts_with(prefix)) continue;
    // Two keys may make one name: {"a.b": .., "a": {"b": ..}}. The first counts.
    if (row_of.emplace(name.substr(prefix.size()), i).second)
      state.append(name.substr(prefix.size()), rows.looks[look]);
  }
  return state;
}

/// What stands before the names of a file's state dict in its listing: "model_state_dict."; none if it is no part of it.
std::string state_prefix(const Checkpoint& file, const ReportRows& rows) {
  StateDict state;
  try {
    state = file.state_dict();
  } catch (const FormatError&) {
    return {};
  }
  if (state.empty()) return {};
  std::unordered_set<std::string_view> names;
  for (const TensorRow& row : rows.listing.rows) names.insert(row.tensor->name);
  const std::string& first = state.begin()->key();
  for (const TensorRow& row : rows.listing.rows) {
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
  std::map<std::tuple<const void*, std::int64_t, std::vector<std::int64_t>, std::vector<std::int64_t>, DType>,
           std::size_t>
      seen;
  for (const TensorRow& row : all) {
    Look look = look_of(row);
    rows.own.push_back(row.parameters);
    rows.notes.push_back(std::move(look.note));
    if (!look.tensor.defined()) {
      rows.look_of.push_back(kNowhere);
      continue;
    }
    const Tensor& t = look.tensor;
    const auto [at, fresh] = seen.try_emplace(
        {t.storage().id(), t.storage_offset(), t.sizes().vec(), t.strides().vec(), t.dtype()},
        rows.looks.size());
    rows.look_of.push_back(at->second);
    if (!fresh) continue;
    rows.looks.push_back(t);
    rows.is_matrix.push_back(look.matrix);
  }
  for (const auto& group : rows.listing.shared) count_own(rows, group);
  return rows;
}

Changes changes_between(const Checkpoint& a, const ReportRows& a_rows, const Checkpoint& b,
                        const ReportRows& b_rows, const CompareOptions& options) {
  Changes changes;
  std::unordered_map<std::string, std::size_t> b_row_of;
  StateDict before = named(a_rows, "", changes.row_of), after = named(b_rows, "", b_row_of);
  const bool common = std::ranges::any_of(before, [&](const auto& e) { return b_row_of.contains(e.key()); });
  if (!common) {
    changes.row_of.clear();
    b_row_of.clear();
    before = named(a_rows, state_prefix(a, a_rows), changes.row_of);
    after = named(b_rows, state_prefix(b, b_rows), b_row_of);
  }
  changes.comparison = compare(before, after, options);
  return changes;
}

std::vector<Finding> findings_of(const ReportRows& rows, const std::vector<Statistics>& looks,
                                 const HealthOptions& options) {
  std::unordered_map<std::string, std::size_t> row_of;
  const StateDict state = named(rows, "", row_of);
  std::vector<Statistics> statistics;
  statistics.reserve(state.size());
  for (const auto& [name, tensor] : state) statistics.push_back(looks[rows.look_of[row_of.at(name)]]);
  return health(state, statistics, options);
}

}  // namespace ballast::inspect::detail
