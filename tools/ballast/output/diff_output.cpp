#include "tools/ballast/output/diff_output.h"

#include <algorithm>
#include <cmath>
#include <functional>
#include <string_view>
#include <vector>

#include "tools/ballast/terminal/table.h"
#include "tools/ballast/terminal/terminal_text.h"

#include "ballast/core/figures.h"
#include "ballast/core/json_writer.h"
#include "ballast/core/shape.h"
#include "ballast/inspect/layer_moves.h"

namespace ballast::tool {
namespace {

using inspect::Comparison;
using inspect::Difference;
using inspect::LayerMove;

std::string figure(double value) { return fmt::format("{:.4g}", value); }

std::string percent(double share) {
  if (!std::isfinite(share)) return figure(share);
  const double value = 100 * share;
  // What is not nothing is not shown as nothing, nor what is not all as all.
  return value >= 99.995 && share < 1 ? "99.99%"
         : value > 0 && value < 0.001 ? "<0.001%"
                                      : fmt::format("{:.3g}%", value);
}

class TextWriter {
 public:
  TextWriter(fmt::memory_buffer& out, const DiffOutput& options, const Paint& paint)
      : out_(out), options_(options), paint_(paint) {}

  void write(const LookedAt& a, const LookedAt& b, const Comparison& c) {
    print("A  {}: {}\nB  {}: {}\n", terminal_text(a.path), summary_of(a), terminal_text(b.path),
          summary_of(b));
    list("only in A", Style::kBad, "-", c.removed.size(),
         [&](std::size_t i) { return tensor_name_text(c.removed[i]); });
    list("only in B", Style::kGood, "+", c.added.size(),
         [&](std::size_t i) { return tensor_name_text(c.added[i]); });
    list("the same tensor under another name", Style::kAccent, ">", c.renamed.size(), [&](std::size_t i) {
      return tensor_name_text(c.renamed[i].from) + " -> " + tensor_name_text(c.renamed[i].to);
    });
    list("of another shape", Style::kWarning, "!", c.reshaped.size(), [&](std::size_t i) {
      const inspect::Reshaped& r = c.reshaped[i];
      std::string text = fmt::format("{}  {} {} -> {} {}", tensor_name_text(r.name), shape_text(r.a_sizes),
                                     r.a_dtype, shape_text(r.b_sizes), r.b_dtype);
      return r.same_elements ? text + ", the same elements" : text;
    });
    if (!options_.ignore_types)
      list("of another type", Style::kWarning, "!", c.retyped.size(), [&](std::size_t i) {
        return fmt::format("{}  {} -> {}", tensor_name_text(c.retyped[i].name), c.retyped[i].a_dtype,
                           c.retyped[i].b_dtype);
      });
    list("different, and not comparable by numbers", Style::kWarning, "!", c.unread.size(),
         [&](std::size_t i) {
           return fmt::format("{}  {}", tensor_name_text(c.unread[i].name),
                              terminal_text(c.unread[i].reason));
         });
    write_pairs(c);
    write_layers(c);
    write_end(c);
  }

 private:
  template <class... Args>
  void print(fmt::format_string<Args...> text, Args&&... args) {
    fmt::format_to(std::back_inserter(out_), text, std::forward<Args>(args)...);
  }

  void heading(std::string_view text, std::size_t n) {
    print("\n{}\n", paint_(Style::kHeading, fmt::format("{}: {}", text, with_commas(n))));
  }

  void list(std::string_view title, Style style, std::string_view mark, std::size_t n,
            const std::function<std::string(std::size_t)>& line) {
    if (n == 0) return;
    heading(title, n);
    for (std::size_t i = 0; i < std::min(n, options_.shown); ++i) {
      print("  {}\n", paint_(style, fmt::format("{} {}", mark, line(i))));
    }
    more(n);
  }

  void more(std::size_t n) {
    if (n > options_.shown) print("  ... {} more; --all shows them\n", with_commas(n - options_.shown));
  }

  [[nodiscard]] bool differs(const Difference& d) const {
    return options_.tolerant ? !d.is_close() : !d.is_equal();
  }

  void write_pairs(const Comparison& c) {
    const auto n = static_cast<std::size_t>(
        std::ranges::count_if(c.pairs, [&](const Difference& d) { return differs(d); }));
    if (n == 0) return;
    heading("of other values, those that moved most first", n);
    Table table({{"  name", Align::kLeft},
                 {"changed", Align::kRight},
                 {options_.tolerant ? "not close" : "", Align::kRight},
                 {"max abs", Align::kRight},
                 {"rms", Align::kRight},
                 {"relative", Align::kRight},
                 {"cosine", Align::kRight},
                 {"not finite", Align::kRight}});
    std::size_t rows = 0;
    for (const Difference& d : c.pairs) {
      if (!differs(d)) continue;
      if (rows++ == options_.shown) break;
      table.add({"  " + tensor_name_text(d.name), percent(d.changed_share()),
                 options_.tolerant ? with_commas(static_cast<std::uint64_t>(d.outside)) : "",
                 figure(d.max_abs), figure(d.rms), percent(d.relative), fmt::format("{:.6f}", d.cosine),
                 d.not_finite > 0 ? with_commas(static_cast<std::uint64_t>(d.not_finite)) : ""});
    }
    if (!table.empty()) table.write(out_);
    more(n);
  }

  void write_layers(const Comparison& c) {
    std::vector<LayerMove> moves = inspect::layer_moves(c, options_.depth);
    const std::size_t all = moves.size();
    std::erase_if(moves,
                  [&](const LayerMove& m) { return options_.tolerant ? m.outside == 0 : m.changed == 0; });
    if (moves.empty() || all < 2) return;
    heading("layers that moved", moves.size());
    Table table({{"  layer", Align::kLeft},
                 {"tensors", Align::kRight},
                 {"max abs", Align::kRight},
                 {"relative", Align::kRight}});
    for (std::size_t i = 0; i < std::min(moves.size(), options_.shown); ++i) {
      const LayerMove& m = moves[i];
      table.add({"  " + (m.layer.empty() ? std::string("(no layer)") : terminal_text(m.layer)),
                 m.changed == m.tensors ? fmt::format("{}", m.tensors)
                                        : fmt::format("{} of {}", m.changed, m.tensors),
                 figure(m.max_abs), percent(m.relative)});
    }
    if (!table.empty()) table.write(out_);
    more(moves.size());
  }

  void write_end(const Comparison& c) {
    const std::size_t common = c.pairs.size() + c.unread.size() + c.reshaped.size();
    if (common == 0) {
      print("\nno tensor of one has the name of one of the other");
      print("{}\n", c.removed.empty() || c.added.empty()
                        ? ""
                        : "; ballast match looks for prefixes and renames that would help");
      return;
    }
    std::size_t differ = 0, close = 0;
    double max_abs = 0;
    for (const Difference& d : c.pairs) {
      differ += differs(d) ? 1 : 0;
      close += !differs(d) && !d.is_equal() ? 1 : 0;
      max_abs = std::max(max_abs, d.max_abs);
    }
    print("\n{} of {} common tensors are the same{}; largest difference {}\n",
          with_commas(c.pairs.size() - differ), with_commas(common),
          close > 0 ? fmt::format(" ({} within the tolerance)", with_commas(close)) : "", figure(max_abs));
  }

  fmt::memory_buffer& out_;
  const DiffOutput& options_;
  const Paint& paint_;
};

void write_sizes(JsonWriter& json, const std::vector<std::int64_t>& sizes) {
  json.begin_array();
  for (const std::int64_t n : sizes) json.number(n);
  json.end_array();
}

void write_names(JsonWriter& json, std::string_view key, const std::vector<std::string>& names) {
  json.key(key), json.begin_array(JsonWriter::Layout::kLines);
  for (const std::string& name : names) json.string(name);
  json.end_array();
}

void write_types(JsonWriter& json, const std::string& a, const std::string& b) {
  json.key("a_dtype"), json.string(a);
  json.key("b_dtype"), json.string(b);
}

void write_pair(JsonWriter& json, const Difference& d) {
  json.begin_object();
  json.key("name"), json.string(d.name);
  json.key("count"), json.number(d.count);
  json.key("changed"), json.number(d.changed);
  json.key("not_close"), json.number(d.outside);
  json.key("not_finite"), json.number(d.not_finite);
  json.key("max_abs"), json.real(d.max_abs);
  json.key("rms"), json.real(d.rms);
  json.key("relative"), json.real(d.relative);
  json.key("cosine"), json.real(d.cosine);
  json.end_object();
}

void write_layer(JsonWriter& json, const LayerMove& m) {
  json.begin_object();
  json.key("layer"), json.string(m.layer);
  json.key("tensors"), json.number(m.tensors);
  json.key("changed"), json.number(m.changed);
  json.key("not_close"), json.number(m.outside);
  json.key("max_abs"), json.real(m.max_abs);
  json.key("difference_norm"), json.real(m.difference_norm);
  json.key("a_norm"), json.real(m.a_norm);
  json.key("relative"), json.real(m.relative);
  json.end_object();
}

}  // namespace

void write_diff_text(fmt::memory_buffer& out, const LookedAt& a, const LookedAt& b,
                     const Comparison& comparison, const DiffOutput& options, const Paint& paint) {
  TextWriter(out, options, paint).write(a, b, comparison);
}

void write_diff_json(fmt::memory_buffer& out, const LookedAt& a, const LookedAt& b, const Comparison& c,
                     bool same, const DiffOutput& options) {
  JsonWriter json(out);
  const auto list = [&](std::string_view key, const auto& items, const auto& write) {
    json.key(key), json.begin_array(JsonWriter::Layout::kLines);
    for (const auto& item : items) write(item);
    json.end_array();
  };
  json.begin_object(JsonWriter::Layout::kLines);
  json.key("a"), json.string(a.path);
  json.key("b"), json.string(b.path);
  json.key("same"), json.boolean(same);
  write_names(json, "removed", c.removed);
  write_names(json, "added", c.added);
  list("renamed", c.renamed, [&](const inspect::Renamed& r) {
    json.begin_object(), json.key("from"), json.string(r.from), json.key("to"), json.string(r.to),
        json.end_object();
  });
  list("reshaped", c.reshaped, [&](const inspect::Reshaped& r) {
    json.begin_object(), json.key("name"), json.string(r.name);
    json.key("a_shape"), write_sizes(json, r.a_sizes), json.key("b_shape"), write_sizes(json, r.b_sizes);
    write_types(json, r.a_dtype, r.b_dtype);
    json.key("same_elements"), json.boolean(r.same_elements), json.end_object();
  });
  list("retyped", c.retyped, [&](const inspect::Retyped& r) {
    json.begin_object(), json.key("name"), json.string(r.name), write_types(json, r.a_dtype, r.b_dtype),
        json.end_object();
  });
  list("unread", c.unread, [&](const inspect::Unread& u) {
    json.begin_object(), json.key("name"), json.string(u.name), json.key("reason"), json.string(u.reason),
        json.end_object();
  });
  list("tensors", c.pairs, [&](const Difference& d) { write_pair(json, d); });
  list("layers", inspect::layer_moves(c, options.depth), [&](const LayerMove& m) { write_layer(json, m); });
  json.end_object();
  out.push_back('\n');
}

}  // namespace ballast::tool
