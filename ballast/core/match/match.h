// How a checkpoint would load into a model, by names, shapes and types alone: no module is needed, nothing is copied.
//
//   MatchReport report = match(names_of(load("a.pth").state_dict()), names_of(load("b.pth").state_dict()),
//                              {.strip_prefix = "module."});
//   fmt::print("{}", report);                                   // match_report.h
//
// Time grows with the number of names, not with its square: 20,000 on each side, all different, take a fraction of a second.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "ballast/core/dims.h"
#include "ballast/core/match/match_report.h"
#include "ballast/core/match/match_rules.h"
#include "ballast/core/state_dict.h"
#include "ballast/core/tensor.h"

namespace ballast {

/// A name and what stands under it.
struct NamedShape {
  static constexpr std::size_t kAlone = ~std::size_t{0};

  std::string name;
  Dims shape = {};
  std::string dtype = {};    ///< "float32"
  std::size_t tie = kAlone;  ///< names that share one tensor have one number
  Tensor value = {};         ///< of the file, to see whether values under tied names differ; may be undefined
  std::string name_before = {};  ///< if it was changed already: what it was
};
using NamedShapes = std::vector<NamedShape>;

/// The names of a dictionary; those that show one view of one storage are tied. Undefined tensors are left out.
[[nodiscard]] NamedShapes names_of(const StateDict& dict);

/// KeyError if two names of one side are, or become, the same; ValueError for rules that cannot be read.
[[nodiscard]] MatchReport match(const NamedShapes& file, const NamedShapes& model,
                                const MatchRules& rules = {});

}  // namespace ballast
