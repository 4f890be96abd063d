#include "tools/ballast/output/match_json.h"

#include <string>
#include <vector>

#include "ballast/core/json_writer.h"

namespace ballast::tool {
namespace {

constexpr auto kLines = JsonWriter::Layout::kLines;

void write_shape(JsonWriter& json, std::string_view key, const Dims& shape) {
  json.key(key), json.begin_array();
  for (const std::int64_t n : shape) json.number(n);
  json.end_array();
}

void write_strings(JsonWriter& json, std::string_view key, const std::vector<std::string>& strings) {
  json.key(key), json.begin_array();
  for (const std::string& s : strings) json.string(s);
  json.end_array();
}

enum class Has : std::uint8_t { kBoth, kFile, kModel };

void write_names(JsonWriter& json, std::string_view key, const std::vector<MatchedName>& names, Has has) {
  json.key(key), json.begin_array(kLines);
  for (const MatchedName& n : names) {
    json.begin_object();
    json.key("name"), json.string(n.name);
    if (has != Has::kModel) {
      json.key("file_name"), json.string(n.file_name);
      write_shape(json, "file_shape", n.file_shape);
      json.key("file_dtype"), json.string(n.file_dtype);
    }
    if (has != Has::kFile) {
      write_shape(json, "model_shape", n.model_shape);
      json.key("model_dtype"), json.string(n.model_dtype);
    }
    if (n.cause != ShapeCause::kEqual) json.key("cause"), json.string(shape_cause_name(n.cause));
    if (!n.reason.empty()) json.key("reason"), json.string(n.reason);
    if (has != Has::kBoth) {
      json.key("cured"), json.boolean(n.is_cured);
      write_strings(json, "nearest", n.nearest);
    }
    json.end_object();
  }
  json.end_array();
}

void write_renames(JsonWriter& json, const std::vector<Rename>& renames) {
  json.key("rename"), json.begin_array();
  for (const Rename& r : renames) {
    json.begin_object();
    json.key("from"), json.string(r.from);
    json.key("to"), json.string(r.to);
    json.end_object();
  }
  json.end_array();
}

void write_rules(JsonWriter& json, std::string_view key, const MatchRules& rules) {
  json.key(key), json.begin_object();
  if (rules.filter) json.key("filter"), json.string(*rules.filter);
  if (!rules.strip_prefix.empty()) json.key("strip_prefix"), json.string(rules.strip_prefix);
  if (!rules.add_prefix.empty()) json.key("add_prefix"), json.string(rules.add_prefix);
  if (!rules.rename.empty()) write_renames(json, rules.rename);
  json.end_object();
}

void write_cures(JsonWriter& json, const MatchReport& report) {
  MatchRules rules = report.rules;
  json.key("cures"), json.begin_array(kLines);
  for (const MatchCure& c : report.cures) {
    c.add_to(rules);
    json.begin_object();
    json.key("kind"), json.string(cure_name(c.kind));
    json.key("from"), json.string(c.rename.from);
    json.key("to"), json.string(c.rename.to);
    json.key("names"), json.number(c.names);
    json.key("fits"), json.number(c.fits);
    json.key("changes"), json.number(c.bears);
    json.key("example"), json.begin_array();
    json.string(c.file_name), json.string(c.name);
    json.end_array();
    json.end_object();
  }
  json.end_array();
  write_rules(json, "rules_with_cures", rules);
}

void write_ties(JsonWriter& json, const std::vector<MatchTie>& ties) {
  json.key("ties"), json.begin_array(kLines);
  for (const MatchTie& t : ties) {
    json.begin_object();
    json.key("tied_in"), json.string(tie_name(t.kind));
    write_strings(json, "names", t.names);
    if (t.kind == MatchTie::Kind::kInModel) {
      json.key("differs"), json.boolean(t.differs);
      json.key("stays"), json.string(t.stays);
    }
    json.end_object();
  }
  json.end_array();
}

}  // namespace

void write_match_json(fmt::memory_buffer& out, std::string_view checkpoint, std::string_view model,
                      const MatchReport& report) {
  JsonWriter json(out);
  json.begin_object(kLines);
  json.key("checkpoint"), json.string(checkpoint);
  json.key("model"), json.string(model);
  json.key("fits"), json.boolean(report.fits());
  json.key("file_names"), json.number(report.file_names);
  json.key("model_names"), json.number(report.model_names);
  write_rules(json, "rules", report.rules);
  write_names(json, "loaded", report.loaded, Has::kBoth);
  write_names(json, "shape_mismatches", report.shape_mismatches, Has::kBoth);
  write_names(json, "missing", report.missing, Has::kModel);
  write_names(json, "unexpected", report.unexpected, Has::kFile);
  write_strings(json, "left_out", report.left_out);
  json.key("dtype_changes"), json.begin_array(kLines);
  for (const DTypeChange& c : report.dtype_changes) {
    json.begin_object();
    json.key("from"), json.string(c.from);
    json.key("to"), json.string(c.to);
    json.key("names"), json.number(c.names);
    json.key("first"), json.string(c.first);
    json.key("exact"), json.boolean(c.is_exact);
    json.end_object();
  }
  json.end_array();
  write_ties(json, report.ties);
  json.key("subtrees"), json.begin_array(kLines);
  for (const MatchSubtree& s : report.subtrees) {
    json.begin_object();
    json.key("path"), json.string(s.path);
    json.key("names"), json.number(s.names);
    json.key("loaded"), json.number(s.loaded);
    json.end_object();
  }
  json.end_array();
  write_cures(json, report);
  json.end_object();
  out.push_back('\n');
}

}  // namespace ballast::tool
