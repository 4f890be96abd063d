// What becomes of each name when a checkpoint is loaded into a model, why, and what would help. A value to look into, and a
// text to read:
//
//   MatchReport report = match(file, model);                 // match.h; nn::match and load_state_dict make one too
//   if (!report.fits()) fmt::print("{}", report);
//   for (const auto& m : report.loaded) net->get_parameter(m.name).requires_grad_(false);
//   for (const auto& cure : report.cures) cure.add_to(rules);
//
// Lists of what the model has are in the order of the model, of what it has not in the order of the file. The same input
// gives the same report, to the byte.
#pragma once

#include <cstdint>
#include <iosfwd>
#include <string>
#include <string_view>
#include <vector>

#include <fmt/format.h>

#include "ballast/core/dims.h"
#include "ballast/core/match/match_rules.h"

namespace ballast {

/// How two shapes of one name differ.
enum class ShapeCause : std::uint8_t {
  kEqual,       ///< they do not
  kTransposed,  ///< [8, 4] and [4, 8]
  kOtherOrder,  ///< the same sizes in another order: [3, 3, 16, 32] and [32, 16, 3, 3]
  kSizesOfOne,  ///< [8, 4, 1, 1] and [8, 4]
  kReshaped,    ///< as many elements: [2, 12] and [24]
  kFirstSize,   ///< only the first: another number of classes, of words
  kOneSize,     ///< only one
  kSeveralSizes,
  kDimensions,  ///< another number of dimensions, and of elements
};

/// One name, on both sides as far as they have it.
struct MatchedName {
  std::string name;  ///< in the model; of a name without a place there, what the rules made of `file_name`
  std::string file_name = {};  ///< as it stands in the checkpoint; empty for missing ones
  Dims file_shape = {}, model_shape = {};
  std::string file_dtype = {}, model_dtype = {};  ///< "float32", "quint8"
  ShapeCause cause = ShapeCause::kEqual;
  std::string reason = {};  ///< one sentence; empty where there is nothing to say
  bool is_cured = false;  ///< of a missing or unexpected name: finds its counterpart by `MatchReport::cures`
  std::vector<std::string> nearest =
      {};  ///< if it is not: of a missing name the file's names most like it; of an unexpected one, the model's

  /// Whether the value is converted to another type.
  [[nodiscard]] bool is_cast() const noexcept { return file_dtype != model_dtype; }
};

/// Values of one type that come into places of another.
struct DTypeChange {
  std::string from, to;
  std::size_t names = 0;
  std::string first;      ///< the first of them, in the model
  bool is_exact = false;  ///< the new type holds every value of the old
};

/// Names that share one tensor, in the model or in the file.
struct MatchTie {
  enum class Kind : std::uint8_t {
    kInBoth,     ///< tied before and after
    kGivenOnce,  ///< tied in the model; the file has a value for some of the names
    kInModel,    ///< tied in the model; the file has a value for each name
    kInFile,  ///< tied in the file; in the model they are parameters of their own, equal until one is changed
  };
  Kind kind;
  std::vector<std::string> names;  ///< in the model
  bool differs = false;            ///< kInModel: the file's values are not the same, bit for bit
  std::string stays = {};          ///< kInModel: the name in the model whose value stays, which is the last
};

/// A change of names that gives a place to names which have none.
struct MatchCure {
  enum class Kind : std::uint8_t {
    kStripPrefix,  ///< `rename.from` stands before the names of the file
    kAddPrefix,    ///< `rename.to` stands before the names of the model
    kRename,       ///< the file says `rename.from` where the model says `rename.to`
  };
  Kind kind;
  Rename rename;
  std::string file_part = {},
              model_part = {};            ///< the parts that differ, for reading: "attn." and "attention."
  std::size_t names = 0;                  ///< how many names of the file get a place by it
  std::size_t fits = 0;                   ///< how many of these have the shape of that place
  std::size_t bears = 0;                  ///< how many names of the file it changes
  std::string file_name = {}, name = {};  ///< the first of them, before and after

  /// Adds the change to `rules`, behind those that are there. Cures build on each other: add them in their order.
  void add_to(MatchRules& rules) const;
};

/// What stands under one child of the model's root.
struct MatchSubtree {
  std::string path;        ///< "backbone."; a name without dots stands for itself
  std::size_t names = 0;   ///< of the model
  std::size_t loaded = 0;  ///< of these, with the file's value as a whole
};

struct MatchReport {
  std::vector<MatchedName> loaded;   ///< take the file's value as a whole, converted where types differ
  std::vector<MatchedName> sliced;   ///< take a part (OnShapeMismatch::kSlice)
  std::vector<MatchedName> skipped;  ///< keep the model's value: other shape (OnShapeMismatch::kSkip)
  std::vector<MatchedName> shape_mismatches;  ///< other shape, and nothing said what to do
  std::vector<MatchedName> refused;           ///< other type (OnDTypeMismatch::kRefuse)
  std::vector<MatchedName> missing;           ///< of the model, not in the file
  std::vector<MatchedName> unexpected;        ///< of the file, not in the model
  std::vector<std::string> left_out;          ///< of the file, by the filter
  std::vector<std::string> errors;            ///< what else stands in the way, in the words of the error
  std::vector<DTypeChange> dtype_changes;     ///< among `loaded` and `sliced`
  std::vector<MatchTie> ties;
  std::vector<MatchSubtree> subtrees;
  std::vector<MatchCure> cures;
  std::size_t file_names = 0, model_names = 0;
  MatchRules rules;  ///< under which all this was found

  /// Whether every name of the file that the filter lets pass and every name of the model have each other, in one shape.
  [[nodiscard]] bool fits() const noexcept;
  /// Whether load_state_dict carries it out.
  [[nodiscard]] bool loads(bool strict) const noexcept;
  /// Counts, then what is wrong by its cause, folded to a few lines each however large the model.
  [[nodiscard]] std::string text() const;
};

/// For whom the text is: what would help is said as `.strip_prefix = "module."` or as `--strip-prefix module.`.
enum class MatchReader : std::uint8_t { kProgram, kCommandLine };
[[nodiscard]] std::string match_text(const MatchReport& report, MatchReader reader);

/// "transposed", "reshaped", ..., for programs that want a word.
[[nodiscard]] std::string_view shape_cause_name(ShapeCause cause) noexcept;
/// "strip_prefix", "add_prefix", "rename".
[[nodiscard]] std::string_view cure_name(MatchCure::Kind kind) noexcept;
/// "both", "given_once", "model", "file".
[[nodiscard]] std::string_view tie_name(MatchTie::Kind kind) noexcept;

std::ostream& operator<<(std::ostream& os, const MatchReport& report);

}  // namespace ballast

template <>
struct fmt::formatter<ballast::MatchReport> : fmt::formatter<std::string_view> {
  auto format(const ballast::MatchReport& r, fmt::format_context& ctx) const {
    return formatter<std::string_view>::format(r.text(), ctx);
  }
};
