// The rules of health(), by what they need to see. Internal.
#pragma once

#include <string>
#include <vector>

#include "ballast/inspect/health.h"

namespace ballast::inspect::detail {

/// A tensor with all its names, and what is known of it.
struct Patient {
  std::string name;
  std::vector<std::string> tied;  ///< further names of the same view
  Tensor tensor;
  const Statistics* statistics = nullptr;
};

/// Every view once, with all its names.
[[nodiscard]] std::vector<Patient> patients_of(const StateDict& state, ArrayRef<Statistics> statistics);

/// What one tensor tells by itself.
void examine_not_finite(const Patient& p, std::vector<Finding>& findings);
void examine_values(const Patient& p, const HealthOptions& options, std::vector<Finding>& findings);
void examine_rows(const Patient& p, std::vector<Finding>& findings);
void examine_scale(const Patient& p, const HealthOptions& options, std::vector<Finding>& findings);
void examine_types(const Patient& p, const HealthOptions& options, std::vector<Finding>& findings);
/// What tensors tell together.
void examine_copies(const std::vector<Patient>& all, const HealthOptions& options,
                    std::vector<Finding>& findings);
void examine_counters(const std::vector<Patient>& all, const HealthOptions& options,
                      std::vector<Finding>& findings);

/// A floating tensor of two dimensions or more that holds a layer's weights, as its name says.
[[nodiscard]] bool is_weight_matrix(const Patient& p);
/// "3 of 4096 values".
[[nodiscard]] std::string some_of(std::int64_t n, std::int64_t all, std::string_view what);
/// "1", "1 and 4", "1, 4, 7 and 12 more".
[[nodiscard]] std::string listed(const std::vector<std::int64_t>& numbers);

}  // namespace ballast::inspect::detail
