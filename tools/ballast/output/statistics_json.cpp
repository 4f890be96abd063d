#include "tools/ballast/output/statistics_json.h"

namespace ballast::tool {
namespace {

using inspect::Statistics;

void reals(JsonWriter& json, std::string_view key, const std::vector<double>& values) {
  json.key(key), json.begin_array();
  for (const double v : values) json.real(v);
  json.end_array();
}

}  // namespace

void write_figures(JsonWriter& json, const Statistics& s) {
  const auto count = [&](std::string_view key, std::int64_t n) { json.key(key), json.number(n); };
  const auto real = [&](std::string_view key, double value) { json.key(key), json.real(value); };
  count("count", s.count), count("finite", s.finite), count("nan", s.nans);
  count("plus_inf", s.plus_infinities), count("minus_inf", s.minus_infinities);
  count("zeros", s.zeros), count("negatives", s.negatives), count("subnormals", s.subnormals);
  real("mean", s.mean), real("std", s.std), real("population_std", s.population_std);
  real("min", s.min), real("max", s.max), real("abs_max", s.abs_max), real("l1", s.l1), real("l2", s.l2);
  count("overflow_float16", s.overflow_float16), count("vanish_in_float16", s.vanish_in_float16);
  count("overflow_bfloat16", s.overflow_bfloat16), count("vanish_in_bfloat16", s.vanish_in_bfloat16);
}

void write_histogram(JsonWriter& json, const Statistics& s) {
  json.key("histogram"), json.begin_object();
  json.key("counts"), json.begin_array();
  for (const std::int64_t n : s.histogram) json.number(n);
  json.end_array();
  reals(json, "edges", s.histogram_edges);
  json.end_object();
}

void write_statistics_json(JsonWriter& json, const LookedAt& file, const std::vector<Statistics>& all,
                           const std::vector<std::size_t>& order, const std::vector<double>& quantiles) {
  json.begin_object(JsonWriter::Layout::kLines);
  json.key("file"), json.string(file.path);
  json.key("format"), json.string(file.checkpoint->format());
  json.key("tensors"), json.begin_array(JsonWriter::Layout::kLines);
  for (const std::size_t i : order) {
    const inspect::TensorRow& row = file.listing.rows[i];
    const Statistics& s = all[i];
    json.begin_object();
    json.key("name"), json.string(row.tensor->name);
    json.key("dtype"), json.string(row.value().dtype());
    json.key("shape"), json.begin_array();
    for (const std::int64_t n : row.value().sizes()) json.number(n);
    json.end_array();
    write_figures(json, s);
    if (!s.quantiles.empty()) {
      json.key("quantiles"), json.begin_array();
      for (std::size_t k = 0; k < s.quantiles.size(); ++k) {
        json.begin_array(), json.real(quantiles[k]), json.real(s.quantiles[k]), json.end_array();
      }
      json.end_array();
    }
    if (!s.histogram.empty()) write_histogram(json, s);
    if (s.channels) {
      json.key("channels"), json.begin_object();
      reals(json, "l2", s.channels->l2), reals(json, "abs_max", s.channels->abs_max);
      json.end_object();
    }
    if (s.spectrum) {
      json.key("spectrum"), json.begin_object();
      reals(json, "singular_values", s.spectrum->singular_values);
      json.key("effective_rank"), json.real(s.spectrum->effective_rank);
      json.key("stable_rank"), json.real(s.spectrum->stable_rank);
      json.key("condition"), json.real(s.spectrum->condition);
      json.end_object();
    }
    json.end_object();
  }
  json.end_array();
  json.end_object();
}

}  // namespace ballast::tool
