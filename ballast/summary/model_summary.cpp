// The table that a summary prints.
#include "ballast/summary/model_summary.h"

#include <algorithm>
#include <iterator>
#include <ostream>

#include "ballast/core/error.h"
#include "ballast/core/figures.h"
#include "ballast/core/printable.h"
#include "ballast/core/shape.h"
#include "ballast/core/utf8.h"

namespace ballast {
namespace {

constexpr std::string_view kNothing = "--";

std::string number_text(std::uint64_t n) { return n == 0 ? std::string(kNothing) : with_commas(n); }

std::string trainable_text(const LayerFigures& f) {
  if (f.parameters == 0) return std::string(kNothing);
  if (f.trainable == f.parameters) return "True";
  return f.trainable == 0 ? "False" : "Partial";
}

std::string shapes_text(const std::vector<Dims>& shapes) {
  std::string out;
  for (const Dims& sizes : shapes) out += (out.empty() ? "" : ", ") + shape_text(sizes);
  return out.empty() ? std::string(kNothing) : out;
}

/// "lm_head.weight" as a reader finds it; "the model" for "".
std::string path_text(const std::string& path) { return path.empty() ? "the model" : printable_text(path); }

struct Title {
  std::string_view text;
  bool to_the_right;
};

Title title_of(SummaryColumn column) {
  switch (column) {
    case SummaryColumn::kInputShape:
      return {"Input shape", false};
    case SummaryColumn::kOutputShape:
      return {"Output shape", false};
    case SummaryColumn::kOwnParameters:
      return {"Own params", true};
    case SummaryColumn::kParameters:
      return {"Params", true};
    case SummaryColumn::kShare:
      return {"Params %", true};
    case SummaryColumn::kTrainable:
      return {"Trainable", false};
    case SummaryColumn::kBuffers:
      return {"Buffers", true};
    case SummaryColumn::kBytes:
      return {"Bytes", true};
    case SummaryColumn::kMultAdds:
      return {"Mult-adds", true};
    case SummaryColumn::kActivations:
      return {"Activations", true};
    case SummaryColumn::kExtra:
      return {"Details", false};
  }
  return {};
}

class SummaryText {
 public:
  SummaryText(const ModelSummary& summary, const SummaryTextOptions& options)
      : s_(summary), columns_(options.columns), depth_(options.depth.value_or(~std::size_t{0})) {
    if (!columns_.empty()) return;
    if (s_.has_input) columns_.push_back(SummaryColumn::kOutputShape);
    columns_.insert(columns_.end(),
                    {SummaryColumn::kOwnParameters, SummaryColumn::kParameters, SummaryColumn::kTrainable});
    if (s_.has_input) columns_.push_back(SummaryColumn::kMultAdds);
  }

  std::string run() {
    table_.push_back({"Layer (name: class)"});
    for (const SummaryColumn c : columns_) table_[0].emplace_back(title_of(c).text);
    find_last_children();
    for (std::size_t i = 0; i < s_.layers.size(); ++i) {
      if (s_.layers[i].depth > depth_) continue;
      table_.push_back({tree_text(i)});
      for (const SummaryColumn c : columns_) table_.back().push_back(cell(s_.layers[i], c));
    }
    measure();
    rule('=');
    write_row(table_[0]);
    rule('=');
    for (std::size_t i = 1; i < table_.size(); ++i) write_row(table_[i]);
    rule('=');
    write_totals();
    rule('=');
    return std::move(out_);
  }

 private:
  void find_last_children() {
    last_child_.assign(s_.layers.size(), 0);
    for (std::size_t i = 1; i < s_.layers.size(); ++i) last_child_[s_.layers[i].parent] = i;
  }

  [[nodiscard]] std::string tree_text(std::size_t i) const {
    const LayerSummary& layer = s_.layers[i];
    std::string branch;
    for (std::size_t at = i; s_.layers[at].parent != LayerSummary::kNone; at = s_.layers[at].parent) {
      const bool last = last_child_[s_.layers[at].parent] == at;
      branch.insert(0, at == i ? (last ? "└─ " : "├─ ") : (last ? "   " : "│  "));
    }
    const std::string name = layer.name.empty() ? "" : printable_text(layer.name) + ": ";
    return branch + name + layer.class_name + marks(layer);
  }

  [[nodiscard]] std::string marks(const LayerSummary& layer) const {
    std::vector<std::string> all;
    if (layer.shared_with != LayerSummary::kNone) {
      all.push_back("shared with " + path_text(s_.layers[layer.shared_with].path));
    }
    for (const LayerSummary::SharedTensor& t : layer.shared_tensors) {
      all.push_back(fmt::format("{} {} {}", printable_text(t.name),
                                t.same_tensor ? "shared with" : "on the memory of", path_text(t.path)));
    }
    if (layer.calls > 1) all.push_back(fmt::format("called {} times", layer.calls));
    return all.empty() ? "" : fmt::format(" ({})", fmt::join(all, "; "));
  }

  [[nodiscard]] std::string cell(const LayerSummary& layer, SummaryColumn column) const {
    // What a shared module holds stands at its first place.
    const bool elsewhere = layer.shared_with != LayerSummary::kNone;
    const auto held = [&](std::uint64_t n) { return elsewhere ? std::string(kNothing) : number_text(n); };
    switch (column) {
      case SummaryColumn::kInputShape:
        return shapes_text(layer.input_sizes);
      case SummaryColumn::kOutputShape:
        return layer.output_sizes ? shape_text(*layer.output_sizes) : std::string(kNothing);
      case SummaryColumn::kOwnParameters:
        return held(layer.own.parameters);
      case SummaryColumn::kParameters:
        return held(layer.total.parameters);
      case SummaryColumn::kShare:
        return elsewhere || layer.total.parameters == 0
                   ? std::string(kNothing)
                   : fmt::format("{:.2f}%", 100.0 * static_cast<double>(layer.total.parameters) /
                                                static_cast<double>(s_.total().parameters));
      case SummaryColumn::kTrainable:
        return elsewhere ? std::string(kNothing) : trainable_text(layer.total);
      case SummaryColumn::kBuffers:
        return held(layer.total.buffers);
      case SummaryColumn::kBytes: {
        const std::uint64_t bytes = layer.total.parameter_bytes + layer.total.buffer_bytes;
        return elsewhere || bytes == 0 ? std::string(kNothing) : byte_size(bytes);
      }
      case SummaryColumn::kMultAdds:
        return !layer.mult_adds_known && layer.total.mult_adds == 0
                   ? "?"
                   : number_text(layer.total.mult_adds) + (layer.mult_adds_known ? "" : " + ?");
      case SummaryColumn::kActivations:
        return layer.total.activation_bytes == 0 ? std::string(kNothing)
                                                 : byte_size(layer.total.activation_bytes);
      case SummaryColumn::kExtra:
        return printable_text(layer.extra_repr);
    }
    return {};
  }

  void measure() {
    widths_.assign(columns_.size() + 1, 0);
    for (const auto& row : table_) {
      for (std::size_t c = 0; c < row.size(); ++c) {
        widths_[c] = std::max(widths_[c], count_characters(row[c]));
      }
    }
    width_ = 2 * columns_.size();
    for (const std::size_t w : widths_) width_ += w;
  }

  void rule(char c) { out_.append(width_, c).push_back('\n'); }

  void write_row(const std::vector<std::string>& row) {
    std::string line;
    for (std::size_t c = 0; c < row.size(); ++c) {
      const std::size_t space = widths_[c] - count_characters(row[c]);
      const bool to_the_right = c > 0 && title_of(columns_[c - 1]).to_the_right;
      if (c > 0) line += "  ";
      if (to_the_right) line.append(space, ' ');
      line += row[c];
      if (!to_the_right) line.append(space, ' ');
    }
    line.resize(line.find_last_not_of(' ') + 1);
    out_.append(line).push_back('\n');
  }

  template <class... Args>
  void line(fmt::format_string<Args...> text, Args&&... args) {
    fmt::format_to(std::back_inserter(out_), text, std::forward<Args>(args)...);
    out_.push_back('\n');
  }

  void write_totals() {
    const LayerFigures& t = s_.total();
    line("Total params: {}", with_commas(t.parameters));
    line("Trainable params: {}", with_commas(t.trainable));
    line("Non-trainable params: {}", with_commas(t.parameters - t.trainable));
    if (t.buffers > 0) line("Buffers: {}", with_commas(t.buffers));
    const std::uint64_t held = t.parameter_bytes + t.buffer_bytes;
    std::string by_dtype;
    for (const ModelSummary::OfDType& d : s_.dtypes) {
      by_dtype +=
          fmt::format("{}{} {}", by_dtype.empty() ? "" : ", ", dtype_name(d.dtype), byte_size(d.bytes));
    }
    line("Params and buffers: {}{}{}", byte_size(held),
         s_.bytes_held == held ? "" : ", " + byte_size(s_.bytes_held) + " in memory",
         by_dtype.empty() ? "" : " (" + by_dtype + ")");
    if (!s_.has_input) return;
    rule('-');
    line("Mult-adds: {}{}", with_commas(t.mult_adds), unknown_layers());
    line("Input: {}", byte_size(s_.input_bytes));
    line("Activations: {} forward, {} with their gradients", byte_size(t.activation_bytes),
         byte_size(2 * t.activation_bytes));
    line("Total: {}", byte_size(s_.bytes_held + s_.input_bytes + 2 * t.activation_bytes));
  }

  /// Classes whose use of their own parameters nobody knows.
  [[nodiscard]] std::string unknown_layers() const {
    if (s_.layers[0].mult_adds_known) return {};
    std::vector<std::string> classes;
    for (const LayerSummary& layer : s_.layers) {
      if (layer.own_mult_adds_known || std::ranges::count(classes, layer.class_name) > 0) continue;
      classes.push_back(layer.class_name);
    }
    return fmt::format(" and what {} {} with parameters of {} own", fmt::join(classes, ", "),
                       classes.size() == 1 ? "does" : "do", classes.size() == 1 ? "its" : "their");
  }

  const ModelSummary& s_;
  std::vector<SummaryColumn> columns_;
  std::size_t depth_;
  std::vector<std::vector<std::string>> table_;
  std::vector<std::size_t> widths_, last_child_;
  std::size_t width_ = 0;
  std::string out_;
};

}  // namespace

const LayerSummary& ModelSummary::at(std::string_view path) const {
  const auto found = std::ranges::find(layers, path, &LayerSummary::path);
  check<KeyError>(found != layers.end(), "the summary has no layer `{}`", path);
  return *found;
}

std::string ModelSummary::text(const SummaryTextOptions& options) const {
  return SummaryText(*this, options).run();
}

std::ostream& operator<<(std::ostream& os, const ModelSummary& summary) { return os << summary.text(); }

}  // namespace ballast
