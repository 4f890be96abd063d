// Which change of names would give names without a place one. For match.cpp; match_report.h has what users see.
//
// Every name of the file that has no place votes. Where its end, from some dot on, is the end of a name of the model that has
// no value (best of all with the same shape), the two beginnings are a candidate: "module." for "", "" for "backbone.",
// "encoder." for "trunk.". Where the beginnings begin alike, only the parts that differ count, so that all layers vote for
// "attn." to become "attention."; where names differ in their last part only, that is the candidate ("gamma" for "weight").
// The candidate with most votes is tried on all names, and kept if it takes no other name's place and spoils none that
// fits. Then the rest votes again. The number of trials is bounded, so that time grows with the number of names.
#pragma once

#include <string>
#include <vector>

#include "ballast/core/dims.h"
#include "ballast/core/match/match_report.h"

namespace ballast {

/// A name of one side while cures are looked for.
struct CureName {
  std::string name;  ///< of the file: as the cures found so far leave it
  const Dims* shape;
  bool placed;  ///< has its counterpart
};

/// The cures in the order in which they have to be applied. Names change as they will: those of `file` are renamed, and what
/// finds its counterpart is `placed` on both sides.
[[nodiscard]] std::vector<MatchCure> find_cures(std::vector<CureName>& file, std::vector<CureName>& model);

}  // namespace ballast
