#include <algorithm>
#include <cmath>

#include "ballast/inspect/distribution.h"
#include "ballast/inspect/health_rules.h"
#include "ballast/inspect/tensor_names.h"

namespace ballast::inspect::detail {
namespace {

/// Fewer elements say nothing of a scale.
constexpr std::int64_t kFewElements = 16;

bool is_all_zero(const Statistics& s) { return s.count > 0 && s.zeros == s.count; }
bool is_constant(const Statistics& s) { return s.count > 1 && s.finite == s.count && s.min == s.max; }

/// Zeros and -Inf, as attention adds them: what is not to be seen.
bool is_additive_mask(const Statistics& s) {
  return s.nans == 0 && s.plus_infinities == 0 && s.minus_infinities > 0 && s.zeros == s.finite;
}

std::vector<std::int64_t> zeros_among(const std::vector<double>& abs_max) {
  std::vector<std::int64_t> places;
  for (std::size_t i = 0; i < abs_max.size(); ++i) {
    if (abs_max[i] == 0) places.push_back(static_cast<std::int64_t>(i));
  }
  return places;
}

void examine_constant(const Patient& p, std::vector<Finding>& findings) {
  const Statistics& s = *p.statistics;
  if (!p.tensor.is_floating_point() && !p.tensor.is_complex()) return;
  if (!is_weight_name(p.name)) return;
  const bool matrix = p.tensor.dim() > 1;
  if (is_all_zero(s) && !begins_as_zeros(p.name)) {
    findings.push_back({matrix ? Severity::kWarning : Severity::kNote, Problem::kAllZero, p.name, p.tied,
                        fmt::format("all {} values are zero", s.count), static_cast<double>(s.count)});
  } else if (matrix && is_constant(s) && s.min != 0) {
    findings.push_back({Severity::kWarning, Problem::kConstant, p.name, p.tied,
                        fmt::format("all {} values are {:g}", s.count, s.min), s.min});
  }
}

void examine_variance(const Patient& p, std::vector<Finding>& findings) {
  const Statistics& s = *p.statistics;
  if (last_part(p.name) != "running_var" || !(s.min <= 0)) return;
  if (s.min < 0) {
    findings.push_back({Severity::kError, Problem::kVariance, p.name, p.tied,
                        fmt::format("a variance is {:g}, and none can be negative", s.min), s.min});
  } else {
    findings.push_back({Severity::kWarning, Problem::kVariance, p.name, p.tied,
                        some_of(s.zeros, s.count, "variances") +
                            (s.zeros == 1 ? " is zero: its channel" : " are zero: their channels") +
                            " never changed",
                        0});
  }
}

}  // namespace

bool is_weight_matrix(const Patient& p) {
  return p.tensor.is_floating_point() && p.tensor.dim() > 1 && is_weight_name(p.name);
}

std::string some_of(std::int64_t n, std::int64_t all, std::string_view what) {
  return fmt::format("{} of {} {}", n, all, what);
}

std::string listed(const std::vector<std::int64_t>& numbers) {
  constexpr std::size_t kShown = 5;
  std::string text;
  const std::size_t shown = std::min(numbers.size(), kShown);
  for (std::size_t i = 0; i < shown; ++i) {
    if (i > 0) text += i + 1 == numbers.size() ? " and " : ", ";
    text += std::to_string(numbers[i]);
  }
  if (shown < numbers.size()) text += fmt::format(" and {} more", numbers.size() - shown);
  return text;
}

void examine_not_finite(const Patient& p, std::vector<Finding>& findings) {
  const Statistics& s = *p.statistics;
  const std::int64_t infinite = s.plus_infinities + s.minus_infinities;
  if (s.nans + infinite == 0 || is_additive_mask(s)) return;
  std::string reason;
  if (s.nans > 0) {
    reason = some_of(s.nans, s.count, "values") + (s.nans == 1 ? " is NaN" : " are NaN");
    if (infinite > 0) reason += fmt::format(" and {} infinite", infinite);
  } else {
    reason = some_of(infinite, s.count, "values") + (infinite == 1 ? " is infinite" : " are infinite");
  }
  findings.push_back({Severity::kError, Problem::kNotFinite, p.name, p.tied, std::move(reason),
                      static_cast<double>(s.nans + infinite)});
}

void examine_values(const Patient& p, const HealthOptions&, std::vector<Finding>& findings) {
  examine_not_finite(p, findings);
  examine_constant(p, findings);
  examine_variance(p, findings);
}

void examine_rows(const Patient& p, std::vector<Finding>& findings) {
  const Statistics& s = *p.statistics;
  if (!is_weight_matrix(p) || s.count == 0 || is_all_zero(s)) return;
  const auto look = [&](std::int64_t dim, Problem problem, std::string_view what, std::string_view end) {
    const std::int64_t size = p.tensor.size(dim);
    if (size < 2 || s.zeros < s.count / size) return;
    const std::vector<std::int64_t> dead = zeros_among(channel_norms(p.tensor, dim).abs_max);
    if (dead.empty()) return;
    // The row of an embedding that stands for padding.
    if (dim == 0 && dead.size() == 1 && is_embedding_name(p.name)) return;
    const bool one = dead.size() == 1;
    findings.push_back(
        {Severity::kWarning, problem, p.name, p.tied,
         fmt::format("{} {} zero: {}{} {} {} {}",
                     some_of(static_cast<std::int64_t>(dead.size()), size, dim == 0 ? "rows" : "columns"),
                     one ? "is" : "are", what, one ? "" : "s", listed(dead), one ? "does" : "do", end),
         static_cast<double>(dead.size())});
  };
  look(0, Problem::kDeadRows, "output", "not depend on the input");
  look(1, Problem::kDeadColumns, "input", "nothing");
}

void examine_scale(const Patient& p, const HealthOptions& options, std::vector<Finding>& findings) {
  const Statistics& s = *p.statistics;
  if (!is_weight_matrix(p) || s.count < kFewElements || s.finite == 0 || is_constant(s)) return;
  const std::int64_t fan_in = s.count / p.tensor.size(0);
  if (fan_in < 2) return;
  // Of values uniform in +-1/sqrt(fan_in), PyTorch's default for linear and convolution layers (He et al. 2015 with a = sqrt 5).
  const double layer = 1 / std::sqrt(3 * static_cast<double>(fan_in));
  // Embeddings begin as normal numbers, and with the scale of a layer in many models.
  const double most = is_embedding_name(p.name) ? 1 : layer;
  const double rms = s.l2 / std::sqrt(static_cast<double>(s.finite));
  const auto text = [&](double usual, double factor, std::string_view side) {
    return fmt::format(
        "the root mean square is {:.3g}, {:.3g} times {} {:.3g}, what default initialisation gives for a "
        "fan-in of {}",
        rms, factor, side, usual, fan_in);
  };
  if (rms > most * options.scale_factor) {
    findings.push_back({Severity::kWarning, Problem::kExploding, p.name, p.tied,
                        text(most, rms / most, "above"), rms / most});
  } else if (rms < layer / options.scale_factor) {
    findings.push_back({Severity::kWarning, Problem::kVanishing, p.name, p.tied,
                        text(layer, layer / rms, "below"), rms / layer});
  }
}

void examine_types(const Patient& p, const HealthOptions& options, std::vector<Finding>& findings) {
  const Statistics& s = *p.statistics;
  const DType dtype = p.tensor.dtype();
  constexpr std::int64_t kMoreThanChance = 8;
  constexpr double kMuch = 0.1;
  if ((!p.tensor.is_floating_point() && !p.tensor.is_complex()) || p.tensor.itemsize() < 2) return;
  const auto look = [&](std::int64_t overflow, std::int64_t vanish, Problem overflows, Problem vanishes,
                        std::string_view type) {
    if (overflow > 0) {
      findings.push_back({Severity::kWarning, overflows, p.name, p.tied,
                          fmt::format("{} would become infinite in {}; the largest magnitude is {:g}",
                                      some_of(overflow, s.count, "values"), type, s.abs_max),
                          static_cast<double>(overflow)});
    }
    const std::int64_t others = s.finite - s.zeros;
    const double share = others > 0 ? static_cast<double>(vanish) / static_cast<double>(others) : 0;
    // Of few values, one may vanish by chance.
    if (share > options.vanishing_share && (vanish >= kMoreThanChance || share > kMuch)) {
      findings.push_back({Severity::kNote, vanishes, p.name, p.tied,
                          fmt::format("{} that are not zero would become zero in {}",
                                      some_of(vanish, others, "values"), type),
                          share});
    }
  };
  if (dtype != kFloat16 && dtype != kComplex32) {
    look(s.overflow_float16, s.vanish_in_float16, Problem::kOverflowsFloat16, Problem::kVanishesInFloat16,
         "float16");
  }
  if (dtype != kBFloat16) {
    look(s.overflow_bfloat16, s.vanish_in_bfloat16, Problem::kOverflowsBFloat16, Problem::kVanishesInBFloat16,
         "bfloat16");
  }
}

void examine_counters(const std::vector<Patient>& all, const HealthOptions& options,
                      std::vector<Finding>& findings) {
  std::vector<const Patient*> counters;
  std::vector<double> counts;
  for (const Patient& p : all) {
    if (last_part(p.name) != "num_batches_tracked" || p.statistics->count != 1 || p.statistics->finite != 1)
      continue;
    const double n = p.statistics->max;
    if (n < 0) {
      findings.push_back({Severity::kError, Problem::kCounter, p.name, p.tied,
                          fmt::format("{:.0f} batches were counted, which cannot be", n), n});
      continue;
    }
    counters.push_back(&p);
    counts.push_back(n);
  }
  if (counters.size() < 2) return;
  const auto middle = counts.begin() + static_cast<std::ptrdiff_t>(counts.size() / 2);
  std::nth_element(counts.begin(), middle, counts.end());
  const double median = *middle;
  constexpr double kFewBatches = 10;  // layers that start one after the other may differ by some
  for (const Patient* const p : counters) {
    const double n = p->statistics->max;
    if (std::fabs(n - median) <= kFewBatches) continue;
    if (n * options.counter_factor >= median && n <= median * options.counter_factor) continue;
    findings.push_back(
        {Severity::kNote, Problem::kCounter, p->name, p->tied,
         fmt::format("{:.0f} batches were counted, where most layers counted {:.0f}", n, median), n});
  }
}

}  // namespace ballast::inspect::detail
