// The report for people.
#include <algorithm>
#include <functional>
#include <iterator>
#include <string>
#include <string_view>
#include <unordered_map>

#include "ballast/core/figures.h"
#include "ballast/core/match/match_report.h"
#include "ballast/core/printable.h"
#include "ballast/core/shape.h"

namespace ballast {
namespace {

constexpr std::size_t kMostLines = 8;  // of one section
constexpr std::size_t kMostNames = 6;  // on one line

std::string count(std::size_t n, std::string_view noun) {
  return fmt::format("{} {}{}", with_commas(n), noun, n == 1 ? "" : "s");
}

std::string shown(std::string_view name) { return name.empty() ? "(no name)" : printable_text(name); }

/// "layers.*.weight" for "layers.12.weight".
std::string with_stars(std::string_view name) {
  std::string out;
  while (true) {
    const std::size_t dot = name.find('.');
    const std::string_view part = name.substr(0, dot);
    const bool number =
        !part.empty() && std::ranges::all_of(part, [](char c) { return c >= '0' && c <= '9'; });
    out += number ? "*" : part;
    if (dot == std::string_view::npos) return out;
    out += '.';
    name.remove_prefix(dot + 1);
  }
}

/// A C++ string literal.
std::string literal(std::string_view text) {
  std::string out = "\"";
  for (const char c : printable_text(text)) {
    if (c == '"' || c == '\\') out += '\\';
    out += c;
  }
  return out + '"';
}

/// A word that a shell takes as it is.
std::string shell_word(std::string_view text) {
  const bool plain = !text.empty() && std::ranges::all_of(text, [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
           std::string_view("_.-=/:+,").find(c) != std::string_view::npos;
  });
  if (plain) return std::string(text);
  std::string out = "'";
  for (const char c : printable_text(text)) c == '\'' ? out += "'\\''" : out += c;
  return out + '\'';
}

class Text {
 public:
  Text(const MatchReport& report, MatchReader reader) : r_(report), reader_(reader) {}

  std::string run() {
    counts();
    subtrees();
    cures();
    shapes("other shape", r_.shape_mismatches);
    shapes("other shape, left as they are in the model", r_.skipped);
    shapes("other shape, copied as far as both go", r_.sliced);
    refused();
    lacking("missing: the model has them, the file does not", r_.missing, "in the file");
    lacking("unexpected: the file has them, the model does not", r_.unexpected, "in the model");
    ties();
    errors();
    return std::move(out_);
  }

 private:
  template <class... Args>
  void line(fmt::format_string<Args...> text, Args&&... args) {
    fmt::format_to(std::back_inserter(out_), text, std::forward<Args>(args)...);
    out_ += '\n';
  }

  [[nodiscard]] bool for_shell() const { return reader_ == MatchReader::kCommandLine; }

  void counts() {
    const std::size_t wrong = r_.shape_mismatches.size() + r_.skipped.size() + r_.sliced.size();
    line("{} of the model's {} loaded; the file has {}{}", with_commas(r_.loaded.size()),
         count(r_.model_names, "name"), with_commas(r_.file_names), r_.fits() ? ": it fits" : "");
    const std::pair<std::size_t, std::string_view> rows[] = {
        {wrong, wrong == 1 ? "has another shape" : "have another shape"},
        {r_.refused.size(), "refused for another type"},
        {r_.missing.size(), "missing from the file"},
        {r_.unexpected.size(), "unexpected in the file"},
        {r_.left_out.size(), "left out by the filter"},
        {r_.errors.size(), "in the way besides"},
    };
    std::size_t width = 0;
    for (const auto& [n, what] : rows) width = std::max(width, n == 0 ? 0 : with_commas(n).size());
    for (const DTypeChange& c : r_.dtype_changes) width = std::max(width, with_commas(c.names).size());
    for (const auto& [n, what] : rows) {
      if (n > 0) line("  {:>{}} {}", with_commas(n), width, what);
    }
    for (const DTypeChange& c : r_.dtype_changes) {
      line("  {:>{}} converted from {} to {}, {}", with_commas(c.names), width, printable_text(c.from),
           printable_text(c.to), c.is_exact ? "which holds every value" : "which may not hold every value");
    }
  }

  /// Which children of the root have all their values, if some have and others have not.
  void subtrees() {
    std::string whole;
    std::size_t named = 0, more = 0;
    for (const MatchSubtree& s : r_.subtrees) {
      if (s.loaded != s.names || !s.path.ends_with('.')) continue;
      if (named == kMostNames) {
        ++more;
        continue;
      }
      whole += fmt::format("{}{} ({})", named++ == 0 ? "" : ", ", shown(s.path), with_commas(s.names));
    }
    if (named == 0 || r_.fits()) return;
    if (more > 0) whole += fmt::format(" and {} more", with_commas(more));
    line("  all names fit under {}", whole);
  }

  void cures() {
    if (r_.cures.empty()) return;
    line("\nwhat would help");
    MatchRules rules = r_.rules;
    std::size_t n = 0;
    for (const MatchCure& c : r_.cures) {
      c.add_to(rules);
      if (n++ >= kMostLines) continue;
      line("  {}{}", cure(c), how_many_fit(c));
      line("    {} becomes {}", shown(c.file_name), shown(c.name));
    }
    if (n > kMostLines) line("  ... and {} more of this kind", with_commas(n - kMostLines));
    line("  use {}", for_shell() ? options(rules) : initialiser(rules));
  }

  static std::string cure(const MatchCure& c) {
    const std::string from = shown(c.file_part), to = shown(c.model_part);
    const auto names = [](std::size_t n, std::string_view side, std::string_view one, std::string_view many) {
      return fmt::format("{} of the {} {}", count(n, "name"), side, n == 1 ? one : many);
    };
    switch (c.kind) {
      case MatchCure::Kind::kStripPrefix:
        return names(c.names, "file", "begins", "begin") +
               fmt::format(" with {}, which the model's do not", from);
      case MatchCure::Kind::kAddPrefix:
        return names(c.names, "model", "begins", "begin") +
               fmt::format(" with {}, which the file's do not", to);
      case MatchCure::Kind::kRename:
        break;
    }
    if (c.model_part.empty())
      return names(c.bears, "file", "has", "have") + fmt::format(" {}, which the model's do not", from);
    return names(c.bears, "file", "says", "say") + fmt::format(" {} where the model says {}", from, to);
  }

  static std::string how_many_fit(const MatchCure& c) {
    const std::string other = c.fits < c.names
                                  ? fmt::format(", {} {} another shape", with_commas(c.names - c.fits),
                                                c.names - c.fits == 1 ? "has" : "have")
                                  : std::string();
    const std::string_view fit = c.fits == 1 ? "fits" : "fit";
    if (c.kind == MatchCure::Kind::kRename && c.fits < c.bears) {
      return fmt::format("; {} of them {} then{}", with_commas(c.fits), fit, other);
    }
    if (!other.empty()) return fmt::format("; {} {} then{}", with_commas(c.fits), fit, other);
    return c.names == 1 ? "; it fits then" : "; all fit then";
  }

  /// The rules on names as a program writes them.
  static std::string initialiser(const MatchRules& rules) {
    std::string out;
    const auto add = [&](std::string_view field, const std::string& value) {
      out += fmt::format("{}.{} = {}", out.empty() ? "" : ", ", field, value);
    };
    if (rules.filter) add("filter", literal(*rules.filter));
    if (!rules.strip_prefix.empty()) add("strip_prefix", literal(rules.strip_prefix));
    if (!rules.add_prefix.empty()) add("add_prefix", literal(rules.add_prefix));
    if (!rules.rename.empty()) {
      std::string all;
      for (const Rename& r : rules.rename) {
        all += fmt::format("{}{{{}, {}}}", all.empty() ? "" : ", ", literal(r.from), literal(r.to));
      }
      add("rename", "{" + all + "}");
    }
    return fmt::format(".rules = {{{}}}", out);
  }

  /// The same as the command takes it.
  static std::string options(const MatchRules& rules) {
    std::string out;
    const auto add = [&](std::string_view option, std::string_view value) {
      out += fmt::format("{}--{}{}{}", out.empty() ? "" : " ", option, value.starts_with('-') ? '=' : ' ',
                         shell_word(value));
    };
    if (rules.filter) add("filter", *rules.filter);
    if (!rules.strip_prefix.empty()) add("strip-prefix", rules.strip_prefix);
    if (!rules.add_prefix.empty()) add("add-prefix", rules.add_prefix);
    for (const Rename& r : rules.rename) add("rename", r.from + "=" + r.to);
    return out;
  }

  /// Names that differ in their numbers only and have the same to say, on one line; each on its own where all find room.
  struct Fold {
    const MatchedName* first;
    std::string stars;
    std::size_t names = 0;
  };
  [[nodiscard]] static std::vector<Fold> folds_of(const std::vector<const MatchedName*>& names) {
    std::vector<Fold> folds;
    std::unordered_map<std::string, std::size_t> at;
    for (const MatchedName* n : names) {
      std::string stars = names.size() <= kMostLines ? n->name : with_stars(n->name);
      const auto [place, is_new] =
          at.try_emplace(fmt::format("{}\n{}\n{}", stars, n->reason,
                                     n->nearest.empty() ? "" : with_stars(n->nearest.front())),
                         folds.size());
      if (is_new) folds.push_back({n, std::move(stars)});
      ++folds[place->second].names;
    }
    return folds;
  }

  /// One line for each fold: the name, and what `about` says of its first.
  void list(const std::vector<const MatchedName*>& names,
            const std::function<std::string(const MatchedName&)>& about) {
    const std::vector<Fold> folds = folds_of(names);
    std::size_t left = names.size();
    for (std::size_t i = 0; i < std::min(folds.size(), kMostLines); ++i) {
      const Fold& f = folds[i];
      left -= f.names;
      if (f.names == 1) {
        line("  {}  {}", shown(f.first->name), about(*f.first));
      } else {
        line("  {} ({}, the first {})  {}", shown(f.stars), count(f.names, "name"), shown(f.first->name),
             about(*f.first));
      }
    }
    if (left > 0) line("  ... and {} more", with_commas(left));
  }

  static std::vector<const MatchedName*> pointers(const std::vector<MatchedName>& names) {
    std::vector<const MatchedName*> out;
    for (const MatchedName& n : names) {
      if (!n.is_cured) out.push_back(&n);
    }
    return out;
  }

  void shapes(std::string_view title, const std::vector<MatchedName>& names) {
    if (names.empty()) return;
    line("\n{}", title);
    list(pointers(names), [](const MatchedName& n) { return n.reason; });
    if (&names != &r_.shape_mismatches || for_shell()) return;
    const bool sliceable = std::ranges::all_of(
        names, [](const MatchedName& n) { return n.file_shape.size() == n.model_shape.size(); });
    line(
        "  to leave them as they are in the model: .rules = {{.on_shape_mismatch = "
        "OnShapeMismatch::kSkip}}{}",
        sliceable ? "; kSlice copies what both have" : "");
  }

  void refused() {
    if (r_.refused.empty()) return;
    line("\nother type, refused");
    list(pointers(r_.refused), [](const MatchedName& n) { return printable_text(n.reason); });
  }

  void lacking(std::string_view title, const std::vector<MatchedName>& names, std::string_view where) {
    const std::vector<const MatchedName*> left = pointers(names);
    if (left.empty()) return;
    line("\n{}{}", title, left.size() < names.size() ? ", also after these changes" : "");
    list(left, [&](const MatchedName& n) {
      const bool missing = &names == &r_.missing;
      std::string about = shape_text(missing ? n.model_shape : n.file_shape);
      if (!n.reason.empty()) return about + "  " + printable_text(n.reason);
      if (n.nearest.empty()) return about;
      return fmt::format("{}  nearest {}: {}", about, where, shown(n.nearest.front()));
    });
  }

  void ties() {
    std::size_t lines = 0;
    for (const MatchTie& t : r_.ties) {
      if (t.kind == MatchTie::Kind::kInBoth) continue;
      if (lines++ == 0) line("\nshared");
      if (lines > kMostLines) continue;
      std::string names;
      for (std::size_t i = 0; i < std::min(t.names.size(), kMostNames); ++i) {
        names += (i > 0 ? " = " : "") + shown(t.names[i]);
      }
      if (t.names.size() > kMostNames)
        names += fmt::format(" = ... {} more", with_commas(t.names.size() - kMostNames));
      line("  {}: {}", names, tie(t));
    }
    if (lines > kMostLines) line("  ... and {} more", with_commas(lines - kMostLines));
  }

  [[nodiscard]] std::string tie(const MatchTie& t) const {
    switch (t.kind) {
      case MatchTie::Kind::kInFile:
        return "one tensor in the file, several in the model, equal until one is changed";
      case MatchTie::Kind::kInModel:
        if (!t.differs) return "one tensor in the model, several in the file";
        return fmt::format(
            "one tensor in the model, several in the file with different values; that of {} stays",
            shown(t.stays));
      case MatchTie::Kind::kGivenOnce:
        if (r_.rules.tied_names == TiedNames::kOnce) return "one tensor, given under one of its names";
        return for_shell() ? "one tensor in the model; the file has it under one of its names"
                           : "one tensor, and the file has it; not to miss its other names: .rules = "
                             "{.tied_names = TiedNames::kOnce}";
      case MatchTie::Kind::kInBoth:
        break;
    }
    return "one tensor";
  }

  void errors() {
    if (r_.errors.empty()) return;
    line("\nin the way besides");
    for (std::size_t i = 0; i < std::min(r_.errors.size(), kMostLines); ++i)
      line("  {}", printable_text(r_.errors[i]));
    if (r_.errors.size() > kMostLines) line("  ... and {} more", with_commas(r_.errors.size() - kMostLines));
  }

  const MatchReport& r_;
  MatchReader reader_;
  std::string out_;
};

}  // namespace

std::string match_text(const MatchReport& report, MatchReader reader) { return Text(report, reader).run(); }

}  // namespace ballast
