#include <algorithm>
#include <unordered_set>

#include "ballast/core/error.h"
#include "ballast/inspect/checkpoint_numbers.h"
#include "ballast/inspect/health_rules.h"

namespace ballast::inspect {
namespace {

using checkpoint::Layout;
using checkpoint::TensorValue;

/// Which rows belong to the model: those of the file's state dict, or all if it has none that can be told from the rest.
std::vector<bool> model_rows(const checkpoint::Checkpoint& file, const TensorListing& listing) {
  std::unordered_set<const void*> model;
  try {
    for (const auto& item : file.state_dict()) model.insert(item.value().unsafeGetTensorImpl());
  } catch (const FormatError&) {
    return std::vector<bool>(listing.rows.size(), true);
  }
  std::vector<bool> of_model(listing.rows.size());
  for (std::size_t i = 0; i < listing.rows.size(); ++i) {
    const TensorValue& v = listing.rows[i].value();
    of_model[i] = v.tensor.defined() && model.contains(v.tensor.unsafeGetTensorImpl());
  }
  return of_model;
}

/// What stands for a row where rows are compared with each other: of quantised ones what is stored.
Tensor stand_in(const TensorValue& v) { return v.layout == Layout::kQuantized ? v.tensor : numbers_of(v); }

}  // namespace

std::vector<Finding> health(const checkpoint::Checkpoint& file, const TensorListing& listing,
                            ArrayRef<Statistics> statistics, const HealthOptions& options) {
  check<ValueError>(statistics.size() == listing.rows.size(),
                    "health expected the statistics of {} tensors, but got those of {}", listing.rows.size(),
                    statistics.size());
  const std::vector<bool> of_model = model_rows(file, listing);
  StateDict model, others;
  std::vector<Statistics> of_models, of_others;
  for (std::size_t i = 0; i < listing.rows.size(); ++i) {
    const TensorRow& row = listing.rows[i];
    if (!has_numbers(row.value())) continue;
    (of_model[i] ? model : others).append(row.tensor->name, stand_in(row.value()));
    (of_model[i] ? of_models : of_others).push_back(statistics[i]);
  }
  std::vector<Finding> findings = health(model, of_models, options);
  for (const detail::Patient& p : detail::patients_of(others, of_others))
    detail::examine_not_finite(p, findings);
  std::ranges::stable_sort(findings, std::ranges::greater{}, &Finding::severity);
  return findings;
}

std::vector<Finding> health(const checkpoint::Checkpoint& file, const TensorListing& listing,
                            const HealthOptions& options) {
  const std::vector<Statistics> all =
      statistics(listing, {.progress = options.progress, .release_pages = options.release_pages});
  return health(file, listing, all, options);
}

}  // namespace ballast::inspect
