#include "ballast/inspect/report/report_json.h"

#include <algorithm>
#include <cmath>
#include <map>

#include "ballast/core/printable.h"
#include "ballast/core/shape.h"
#include "ballast/inspect/layer_moves.h"

namespace ballast::inspect::detail {
namespace {

using Layout = JsonWriter::Layout;

/// Bytes that a tensor reaches in its storage: from, to.
std::pair<std::int64_t, std::int64_t> span_of(const Tensor& t) {
  const std::int64_t begin = t.storage_offset() * t.itemsize();
  if (t.numel() == 0) return {begin, begin};
  const auto elements = storage_extent(t.sizes(), t.strides(), t.storage_offset());
  return {begin, elements.value_or(t.storage_offset()) * t.itemsize()};
}

template <class Rows, class Write>
void write_column(JsonWriter& json, std::string_view key, const Rows& rows, const Write& write) {
  json.key(key), json.begin_array(Layout::kTight);
  for (const auto& row : rows) write(row);
  json.end_array();
}

void write_sizes(JsonWriter& json, IntArrayRef sizes) {
  json.begin_array(Layout::kTight);
  for (const std::int64_t size : sizes) json.number(size);
  json.end_array();
}

/// Where a finding or a change is about a tensor that is listed its row, else its name.
void write_row_or_name(JsonWriter& json, const std::unordered_map<std::string, std::size_t>& row_of,
                       const std::string& name) {
  const auto it = row_of.find(name);
  if (it == row_of.end()) {
    json.string(shown_text(name));
  } else {
    json.number(it->second);
  }
}

void write_names(JsonWriter& json, std::string_view key, const std::vector<std::string>& names,
                 const std::unordered_map<std::string, std::size_t>& row_of) {
  write_column(json, key, names, [&](const std::string& n) { write_row_or_name(json, row_of, n); });
}

}  // namespace

std::string shown_text(std::string_view utf8) {
  constexpr std::size_t kLongest = 400, kEnd = 100;
  if (utf8.size() <= kLongest) return printable_text(utf8);
  // A character that is cut in two would be shown as bytes.
  const auto inside = [&](std::size_t i) { return (static_cast<unsigned char>(utf8[i]) & 0xC0U) == 0x80U; };
  std::size_t begin = kLongest - kEnd, end = utf8.size() - kEnd;
  while (begin > 0 && inside(begin)) --begin;
  while (end < utf8.size() && inside(end)) ++end;
  return printable_text(utf8.substr(0, begin)) + fmt::format(" [{} bytes] ", end - begin) +
         printable_text(utf8.substr(end));
}

void write_figure(JsonWriter& json, double value, bool whole) {
  if (!std::isfinite(value) || whole) return json.real(value);
  json.number(fmt::format("{:.6g}", value));
}

void write_file(JsonWriter& json, const checkpoint::Checkpoint& file, const ReportRows& rows,
                const std::vector<FileHash>& hashes) {
  json.begin_object(Layout::kTight);
  json.key("name"), json.string(shown_text(file.file().filename().string()));
  json.key("path"), json.string(shown_text(file.file().string()));
  json.key("format"), json.string(file.format());
  json.key("checked"), json.boolean(file.fully_verified());
  const TensorTotals& t = rows.listing.totals;
  json.key("tensors"), json.number(t.tensors);
  json.key("tensors_in_file"), json.number(file.tensors().size());
  json.key("parameters"), json.number(t.parameters);
  json.key("parameters_unique"), json.number(t.parameters_unique);
  json.key("bytes"), json.number(t.bytes);
  json.key("bytes_unique"), json.number(t.bytes_unique);
  json.key("left_out"), json.number(rows.left_out);
  std::map<std::string_view, std::uint64_t> types;
  for (const TensorRow& row : rows.listing.rows) ++types[row.value().dtype()];
  write_column(json, "types", types, [&](const auto& type) {
    json.begin_array(Layout::kTight);
    json.string(type.first), json.number(type.second);
    json.end_array();
  });
  write_column(json, "hashes", hashes, [&](const FileHash& hash) {
    json.begin_object(Layout::kTight);
    json.key("file"), json.string(shown_text(hash.file));
    json.key("bytes"), json.number(hash.bytes);
    json.key("sha256"), json.string(hash.sha256);
    json.end_object();
  });
  json.end_object();
}

void write_tensors(JsonWriter& json, const checkpoint::Checkpoint& file, const ReportRows& rows) {
  const std::vector<TensorRow>& all = rows.listing.rows;
  std::map<std::string_view, std::size_t> types;
  for (const TensorRow& row : all) types.try_emplace(row.value().dtype(), 0);
  std::size_t number = 0;
  for (auto& [name, i] : types) i = number++;

  json.begin_object(Layout::kTight);
  write_column(json, "types", types, [&](const auto& type) { json.string(type.first); });
  write_column(json, "name", all, [&](const TensorRow& r) { json.string(shown_text(r.tensor->name)); });
  write_column(json, "type", all, [&](const TensorRow& r) { json.number(types[r.value().dtype()]); });
  write_column(json, "shape", all, [&](const TensorRow& r) { write_sizes(json, r.value().sizes()); });
  write_column(json, "bytes", all, [&](const TensorRow& r) { json.number(r.bytes); });
  write_column(json, "own", rows.own, [&](std::uint64_t own) { json.number(own); });
  const auto write_place = [&](std::size_t place) {
    place == kNowhere ? json.number(-1) : json.number(place);
  };
  write_column(json, "group", all, [&](const TensorRow& r) { write_place(r.group); });
  write_column(json, "look", rows.look_of, write_place);

  json.key("notes"), json.begin_object(Layout::kTight);
  for (std::size_t i = 0; i < all.size(); ++i) {
    if (!rows.notes[i].empty()) json.key(std::to_string(i)), json.string(rows.notes[i]);
  }
  json.end_object();
  json.key("layouts"), json.begin_object(Layout::kTight);
  for (std::size_t i = 0; i < all.size(); ++i) {
    if (all[i].value().layout != checkpoint::Layout::kStrided)
      json.key(std::to_string(i)), json.string(layout_name(all[i].value().layout));
  }
  json.end_object();
  write_column(json, "groups", rows.listing.shared, [&](const std::vector<std::size_t>& group) {
    json.begin_object(Layout::kTight);
    json.key("bytes");
    json.number(group.empty() ? 0 : file.storages()[all[group.front()].tensor->storage].storage.nbytes());
    write_column(json, "rows", group, [&](std::size_t i) { json.number(i); });
    write_column(json, "spans", group, [&](std::size_t i) {
      const auto [begin, end] = span_of(all[i].value().tensor);
      json.begin_array(Layout::kTight);
      json.number(begin), json.number(end);
      json.end_array();
    });
    json.end_object();
  });
  json.end_object();
}

void write_figures(JsonWriter& json, const ReportRows& rows, const std::vector<Statistics>& looks) {
  json.begin_array(Layout::kTight);
  for (std::size_t i = 0; i < looks.size(); ++i) {
    const Statistics& s = looks[i];
    const checkpoint::TensorValue& value = rows.looks.rows[i].value();
    const bool whole =
        value.layout == checkpoint::Layout::kStrided && is_integral(value.tensor.dtype(), true);
    json.begin_array(Layout::kTight);
    json.number(s.count);
    write_figure(json, s.mean, false);
    write_figure(json, s.std, false);
    write_figure(json, s.min, whole);
    write_figure(json, s.max, whole);
    write_figure(json, s.l2, false);
    json.number(s.zeros);
    json.number(s.negatives);
    // What most tensors have none of.
    const std::int64_t rare[] = {s.nans,
                                 s.plus_infinities,
                                 s.minus_infinities,
                                 s.subnormals,
                                 s.overflow_float16,
                                 s.vanish_in_float16,
                                 s.overflow_bfloat16,
                                 s.vanish_in_bfloat16};
    std::size_t last = std::size(rare);
    while (last > 0 && rare[last - 1] == 0) --last;
    for (std::size_t k = 0; k < last; ++k) json.number(rare[k]);
    json.end_array();
  }
  json.end_array();
}

void write_findings(JsonWriter& json, const ReportRows& rows, const std::vector<Finding>& findings) {
  constexpr std::size_t kMostFindings = 2000, kMostOthers = 50;
  const auto row_of = rows_by_name(rows.listing);
  json.begin_object(Layout::kTight);
  std::map<Severity, std::size_t> counts;
  for (const Finding& f : findings) ++counts[f.severity];
  json.key("counts"), json.begin_object(Layout::kTight);
  for (const Severity s : {Severity::kError, Severity::kWarning, Severity::kNote})
    json.key(severity_name(s)), json.number(counts[s]);
  json.end_object();
  json.key("list"), json.begin_array(Layout::kTight);
  for (std::size_t i = 0; i < std::min(findings.size(), kMostFindings); ++i) {
    const Finding& f = findings[i];
    json.begin_object(Layout::kTight);
    json.key("severity"), json.string(severity_name(f.severity));
    json.key("problem"), json.string(problem_name(f.problem));
    json.key("about"), write_row_or_name(json, row_of, f.name);
    if (!f.others.empty()) {
      json.key("others_count"), json.number(f.others.size());
      std::vector<std::string> others(
          f.others.begin(),
          f.others.begin() + static_cast<std::ptrdiff_t>(std::min(f.others.size(), kMostOthers)));
      write_names(json, "others", others, row_of);
    }
    json.key("reason"), json.string(shown_text(f.reason));
    json.end_object();
  }
  json.end_array();
  json.end_object();
}

void write_changes(JsonWriter& json, const Changes& changes) {
  const Comparison& c = changes.comparison;
  json.begin_object(Layout::kTight);
  write_names(json, "added", c.added, {});
  write_names(json, "removed", c.removed, changes.row_of);
  write_column(json, "renamed", c.renamed, [&](const Renamed& r) {
    json.begin_array(Layout::kTight);
    write_row_or_name(json, changes.row_of, r.from);
    json.string(shown_text(r.to));
    json.end_array();
  });
  write_column(json, "reshaped", c.reshaped, [&](const Reshaped& r) {
    json.begin_array(Layout::kTight);
    write_row_or_name(json, changes.row_of, r.name);
    json.string(r.a_dtype), write_sizes(json, r.a_sizes);
    json.string(r.b_dtype), write_sizes(json, r.b_sizes);
    json.boolean(r.same_elements);
    json.end_array();
  });
  write_column(json, "retyped", c.retyped, [&](const Retyped& r) {
    json.begin_array(Layout::kTight);
    write_row_or_name(json, changes.row_of, r.name);
    json.string(r.a_dtype), json.string(r.b_dtype);
    json.end_array();
  });
  write_column(json, "unread", c.unread, [&](const Unread& u) {
    json.begin_array(Layout::kTight);
    write_row_or_name(json, changes.row_of, u.name);
    json.string(u.reason);
    json.end_array();
  });
  constexpr std::size_t kMostLayers = 2000;
  std::vector<LayerMove> layers = layer_moves(c);
  std::erase_if(layers, [](const LayerMove& m) { return m.changed == 0; });
  layers.resize(std::min(layers.size(), kMostLayers));
  write_column(json, "layers", layers, [&](const LayerMove& m) {
    json.begin_array(Layout::kTight);
    json.string(shown_text(m.layer));
    write_figure(json, m.relative, false);
    json.number(m.changed), json.number(m.tensors);
    json.end_array();
  });
  json.key("compared"), json.number(c.pairs.size());
  json.key("equal"), json.number(std::ranges::count_if(c.pairs, &Difference::is_equal));
  json.key("pairs"), json.begin_array(Layout::kTight);
  for (const Difference& d : c.pairs) {
    if (d.is_equal()) continue;
    json.begin_array(Layout::kTight);
    write_row_or_name(json, changes.row_of, d.name);
    write_figure(json, d.relative, false);
    write_figure(json, d.rms, false);
    write_figure(json, d.max_abs, false);
    json.number(d.changed), json.number(d.count);
    write_figure(json, d.cosine, false);
    json.number(d.not_finite);
    json.end_array();
  }
  json.end_array();
  json.end_object();
}

std::string script_safe(std::string_view json) {
  std::string text;
  text.reserve(json.size() + json.size() / 64);
  for (std::size_t i = 0; i < json.size(); ++i) {
    if (json[i] == '<') {
      text += "\\u003c";
    } else if (json.substr(i, 3) == "\xE2\x80\xA8" || json.substr(i, 3) == "\xE2\x80\xA9") {
      text += json[i + 2] == '\xA8' ? "\\u2028" : "\\u2029";
      i += 2;
    } else {
      text.push_back(json[i]);
    }
  }
  return text;
}

}  // namespace ballast::inspect::detail
