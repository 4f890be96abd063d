// How the names, shapes and types of a checkpoint are made to fit a model that has not quite the same.
//
//   MatchRules rules{.filter = "module.backbone.*",
//                    .strip_prefix = "module.",
//                    .rename = {{"backbone.", "trunk."}, {"/layer(\\d+)\\./", "blocks.$1."}},
//                    .on_shape_mismatch = OnShapeMismatch::kSkip};
//   model->load_state_dict(state, {.strict = false, .rules = rules});        // nn/load_state_dict.h
//   fmt::print("{}\n", match(file_names, model_names, rules));               // match.h
//
// The names of the checkpoint are changed in the order of the fields: those that `filter` does not describe are left out;
// `strip_prefix` goes, `add_prefix` comes; then each of `rename` in turn. The model's names stay what they are.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace ballast {

/// What happens to a value of another shape than its place in the model.
enum class OnShapeMismatch : std::uint8_t {
  kFail,   ///< nothing is loaded (PyTorch)
  kSkip,   ///< the model keeps its own
  kSlice,  ///< what both shapes have is copied, the model keeps the rest: [1000, 512] into [10, 512] gives ten rows. Fails
           ///< where the number of dimensions differs
};

/// What happens to a value of another element type than its place in the model.
enum class OnDTypeMismatch : std::uint8_t {
  kCast,    ///< it is converted (PyTorch, without a word)
  kRefuse,  ///< nothing is loaded
};

/// What is asked of a parameter that the model has under several names.
enum class TiedNames : std::uint8_t {
  kEach,  ///< a value for each name (PyTorch)
  kOnce,  ///< a value for one of them; the others are not missed. (Files that hold tied weights once have no more)
};

/// One change of names.
struct Rename {
  /// The beginning of a name: "encoder." is replaced where a name begins with it. Between slashes, "/\\.attn\\./", a
  /// regular expression (name_pattern.h), replaced wherever it matches.
  std::string from;
  std::string to;  ///< what comes in its place; for an expression $1 is its first group
  friend bool operator==(const Rename&, const Rename&) = default;
};

struct MatchRules {
  /// A pattern as a shell has it, on the whole name as it stands in the checkpoint: "backbone.*" (glob.h). What it does not
  /// describe takes no part, as if the file did not have it.
  std::optional<std::string> filter = std::nullopt;
  std::string strip_prefix = {};  ///< "module.": taken from the names that begin with it
  std::string add_prefix = {};    ///< "backbone.": put before every name
  std::vector<Rename> rename = {};
  OnShapeMismatch on_shape_mismatch = OnShapeMismatch::kFail;
  OnDTypeMismatch on_dtype_mismatch = OnDTypeMismatch::kCast;
  TiedNames tied_names = TiedNames::kEach;

  /// Whether names stay as they are.
  [[nodiscard]] bool keeps_names() const noexcept {
    return !filter && strip_prefix.empty() && add_prefix.empty() && rename.empty();
  }
  friend bool operator==(const MatchRules&, const MatchRules&) = default;
};

}  // namespace ballast
