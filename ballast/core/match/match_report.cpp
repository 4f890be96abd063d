#include "ballast/core/match/match_report.h"

#include <ostream>

namespace ballast {

void MatchCure::add_to(MatchRules& rules) const {
  const bool no_renames = rules.rename.empty();
  if (kind == Kind::kStripPrefix && no_renames && rules.strip_prefix.empty() && rules.add_prefix.empty()) {
    rules.strip_prefix = rename.from;
  } else if (kind == Kind::kAddPrefix && no_renames && rules.add_prefix.empty()) {
    rules.add_prefix = rename.to;
  } else {
    rules.rename.push_back(rename);
  }
}

bool MatchReport::fits() const noexcept { return loads(true) && sliced.empty() && skipped.empty(); }

bool MatchReport::loads(bool strict) const noexcept {
  if (!errors.empty() || !shape_mismatches.empty() || !refused.empty()) return false;
  return !strict || (missing.empty() && unexpected.empty());
}

std::string MatchReport::text() const { return match_text(*this, MatchReader::kProgram); }

std::string_view shape_cause_name(ShapeCause cause) noexcept {
  switch (cause) {
    case ShapeCause::kEqual:
      return "none";
    case ShapeCause::kTransposed:
      return "transposed";
    case ShapeCause::kOtherOrder:
      return "other_order";
    case ShapeCause::kSizesOfOne:
      return "sizes_of_one";
    case ShapeCause::kReshaped:
      return "reshaped";
    case ShapeCause::kFirstSize:
      return "first_size";
    case ShapeCause::kOneSize:
      return "one_size";
    case ShapeCause::kSeveralSizes:
      return "several_sizes";
    case ShapeCause::kDimensions:
      return "dimensions";
  }
  return "none";
}

std::string_view cure_name(MatchCure::Kind kind) noexcept {
  switch (kind) {
    case MatchCure::Kind::kStripPrefix:
      return "strip_prefix";
    case MatchCure::Kind::kAddPrefix:
      return "add_prefix";
    case MatchCure::Kind::kRename:
      return "rename";
  }
  return "rename";
}

std::string_view tie_name(MatchTie::Kind kind) noexcept {
  switch (kind) {
    case MatchTie::Kind::kInBoth:
      return "both";
    case MatchTie::Kind::kGivenOnce:
      return "given_once";
    case MatchTie::Kind::kInModel:
      return "model";
    case MatchTie::Kind::kInFile:
      return "file";
  }
  return "both";
}

std::ostream& operator<<(std::ostream& os, const MatchReport& report) { return os << report.text(); }

}  // namespace ballast
