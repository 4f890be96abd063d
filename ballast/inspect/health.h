// What is wrong with a model, or looks as if it were: findings, each with a severity, a name, the number behind it and a reason.
//
//   for (const inspect::Finding& f : inspect::health(ballast::load("model.pth"))) {
//     fmt::print("{}: {}: {}\n", inspect::severity_name(f.severity), f.name, f.reason);
//   }
//   // error: encoder.0.weight: 3 of 4096 values are NaN
//   // warning: head.weight: 2 of 10 rows are zero: outputs 4 and 7 do not depend on the input
//
// Everything is told from names, shapes, types and values, as a checkpoint has no layers. Names count by their last part, in
// PyTorch's habit (`weight`, `running_var`, `num_batches_tracked`, `embed_tokens.weight`). What is usual gives no finding: biases of
// zeros, scales of ones, masks of zeros and -Inf, one row of an embedding for padding.
//
// One pass over the values (statistics.h); a second over tensors with enough zeros to hide a dead row, and over those that
// could be duplicates.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "ballast/core/state_dict.h"
#include "ballast/inspect/progress.h"
#include "ballast/inspect/statistics.h"

namespace ballast::inspect {

enum class Severity : std::uint8_t {
  kNote,     ///< worth knowing; the model may be as it was meant to be
  kWarning,  ///< probably not as it was meant to be
  kError,    ///< the model cannot work like this
};
/// "note", "warning", "error".
[[nodiscard]] std::string_view severity_name(Severity severity) noexcept;

/// What a finding is about; `number` says how much of it.
enum class Problem : std::uint8_t {
  kNotFinite,    ///< error. NaN or infinities; number: how many
  kAllZero,      ///< a weight of zeros only: warning from rank 2 on, else note; number: elements
  kConstant,     ///< warning. A weight of rank 2 or more whose values are all the same; number: the value
  kDeadRows,     ///< warning. Rows (along dimension 0) of zeros only; number: how many
  kDeadColumns,  ///< warning. The same along dimension 1
  kExploding,  ///< warning. Root mean square far above what default initialisation gives; number: the factor
  kVanishing,  ///< warning. Far below; number: the factor, less than 1
  kDuplicate,  ///< warning. The same bits stored twice, and not tied; number: elements
  kBrokenTie,  ///< names that are usually tied: note if they hold the same bits twice, warning if they have drifted
               ///< apart; number: relative difference
  kVariance,  ///< running_var of batch normalisation: error below zero, warning at zero; number: the smallest
  kOverflowsFloat16,   ///< warning. Values that float16 would make infinite; number: how many
  kOverflowsBFloat16,  ///< warning. The same of bfloat16
  kVanishesInFloat16,  ///< note. Values that float16 would make zero; number: their share of those that are not zero
  kVanishesInBFloat16,  ///< note. The same of bfloat16
  kCounter,  ///< num_batches_tracked: error below zero, note if far from that of most layers; number: the value
};
/// "not-finite", "all-zero", "constant", "dead-rows", "dead-columns", "exploding", "vanishing", "duplicate", "broken-tie",
/// "variance", "overflows-float16", "overflows-bfloat16", "vanishes-in-float16", "vanishes-in-bfloat16", "counter".
[[nodiscard]] std::string_view problem_name(Problem problem) noexcept;

struct Finding {
  Severity severity = Severity::kNote;
  Problem problem = Problem::kNotFinite;
  std::string name;                 ///< of the tensor, the first if several names are tied
  std::vector<std::string> others;  ///< further names that it is about
  std::string reason;               ///< a sentence with the numbers, without the name
  double number = 0;
};

struct HealthOptions {
  /// How far from the scale of default initialisation weights may be, as a factor.
  double scale_factor = 100;
  /// Which share of values may vanish in a smaller type before it is worth a note; below a tenth, at least eight must.
  double vanishing_share = 0.01;
  /// Elements from which on equal tensors are duplicates: a few numbers are equal by chance.
  std::int64_t duplicate_elements = 64;
  /// How many times more or fewer batches than the median a layer may have counted.
  double counter_factor = 2;
  Progress progress = {};
  /// As in StatisticsOptions: for mappings that nobody has written to.
  bool release_pages = false;
};

/// Findings, the worst first; of one severity in the order of the state dict. Tied tensors are looked at once. Errors as those
/// of `statistics`.
[[nodiscard]] std::vector<Finding> health(const StateDict& state, const HealthOptions& options = {});
/// The same with statistics that were made before, one for each entry.
[[nodiscard]] std::vector<Finding> health(const StateDict& state, ArrayRef<Statistics> statistics,
                                          const HealthOptions& options = {});

}  // namespace ballast::inspect
