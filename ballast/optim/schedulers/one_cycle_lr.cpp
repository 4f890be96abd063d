#include "ballast/optim/schedulers/one_cycle_lr.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <functional>
#include <numbers>
#include <string>
#include <string_view>
#include <utility>

#include "ballast/core/error.h"

namespace ballast::optim {

namespace {

std::vector<double> for_each_group(const char* name, const std::vector<double>& values, std::size_t groups) {
  if (values.size() == 1) return std::vector<double>(groups, values.front());
  check<ValueError>(
      values.size() == groups,
      "{} must have the same length as optimizer.param_groups. {} has {} values, param_groups has {}.", name,
      name, values.size(), groups);
  return values;
}

std::int64_t total_of(const OneCycleLROptions& o) {
  if (o.total_steps) {
    check<ValueError>(*o.total_steps > 0, "Expected positive integer total_steps, but got {}",
                      *o.total_steps);
    return *o.total_steps;
  }
  check<ValueError>(o.epochs && o.steps_per_epoch,
                    "You must define either total_steps OR (epochs AND steps_per_epoch)");
  check<ValueError>(*o.epochs > 0, "Expected positive integer epochs, but got {}", *o.epochs);
  check<ValueError>(*o.steps_per_epoch > 0, "Expected positive integer steps_per_epoch, but got {}",
                    *o.steps_per_epoch);
  check<ValueError>(*o.epochs <= INT64_MAX / *o.steps_per_epoch,
                    "epochs * steps_per_epoch is beyond 2^63 - 1");
  return *o.epochs * *o.steps_per_epoch;
}

void keep(OptimizerParamGroup& group, const char* name, double value) {
  OptimizerStateDict::Entries& extras = group.extras();
  if (extras.contains(name)) {
    extras[name] = value;
  } else {
    extras.insert(name, value);
  }
}

bool uses_beta(Optimizer& optimizer) {
  const Fields fields = optimizer.param_groups().front().options().fields();
  return std::ranges::any_of(fields, [](const Field& f) { return std::string_view(f.name) == "betas"; });
}

/// What a group keeps for the phases to go between.
constexpr std::array<std::string_view, 5> kKept{"initial_lr", "max_lr", "min_lr", "max_momentum",
                                                "base_momentum"};

double kept(OptimizerParamGroup& group, const char* name) {
  check<KeyError>(group.extras().contains(name), "OneCycleLR: the parameter group has no '{}'", name);
  double out = 0;
  write_field({name, &out}, group.extras()[name]);
  return out;
}

}  // namespace

OneCycleLR::OneCycleLR(Optimizer& optimizer, OneCycleLROptions o)
    : EpochScheduler(optimizer, o.last_epoch),
      cosine_(o.anneal_strategy == "cos"),
      cycle_momentum_(o.cycle_momentum) {
  total_steps_ = total_of(o);
  const auto total = static_cast<double>(total_steps_);
  const double first_end = o.pct_start * total - 1;
  if (o.three_phase) {
    phases_ = {{first_end, "initial_lr", "max_lr", "max_momentum", "base_momentum"},
               {2 * o.pct_start * total - 2, "max_lr", "initial_lr", "base_momentum", "max_momentum"},
               {total - 1, "initial_lr", "min_lr", "max_momentum", "max_momentum"}};
  } else {
    phases_ = {{first_end, "initial_lr", "max_lr", "max_momentum", "base_momentum"},
               {total - 1, "max_lr", "min_lr", "base_momentum", "max_momentum"}};
  }
  check<ValueError>(o.pct_start >= 0 && o.pct_start <= 1,
                    "Expected float between 0 and 1 pct_start, but got {}", o.pct_start);
  check<ValueError>(cosine_ || o.anneal_strategy == "linear",
                    "anneal_strategy must be one of 'cos' or 'linear', instead got {}", o.anneal_strategy);
  std::vector<OptimizerParamGroup>& groups = optimizer.param_groups();
  const std::vector<double> max_lrs = for_each_group("max_lr", o.max_lr, groups.size());
  const std::vector<double> max_momenta = for_each_group("max_momentum", o.max_momentum, groups.size());
  const std::vector<double> base_momenta = for_each_group("base_momentum", o.base_momentum, groups.size());
  for (std::size_t i = 0; o.last_epoch == -1 && i < groups.size(); ++i) {
    const double initial = max_lrs[i] / o.div_factor;
    keep(groups[i], "initial_lr", initial);
    keep(groups[i], "max_lr", max_lrs[i]);
    keep(groups[i], "min_lr", initial / o.final_div_factor);
    if (!cycle_momentum_) continue;
    set_momentum(groups[i], max_momenta[i]);
    keep(groups[i], "max_momentum", max_momenta[i]);
    keep(groups[i], "base_momentum", base_momenta[i]);
  }
  read_base_lrs();
  start();
}

void OneCycleLR::set_momentum(OptimizerParamGroup& group, double value) const {
  for (const Field& f : group.options().fields()) {
    if (std::string_view(f.name) == "betas") {
      std::get<0>(*std::get<std::tuple<double, double>*>(f.place)) = value;
      return;
    }
    if (std::string_view(f.name) == "momentum") {
      write_field(f, value);
      return;
    }
  }
  throw ValueError("optimizer must support momentum or beta1 with `cycle_momentum` option enabled");
}

double OneCycleLR::between(double from, double to, double part) const {
  if (!cosine_) return (to - from) * part + from;
  return to + (from - to) / 2.0 * (std::cos(std::numbers::pi * part) + 1);
}

std::vector<double> OneCycleLR::get_lrs() {
  check<ValueError>(last_epoch() <= total_steps_,
                    "Tried to step {} times. The specified number of total steps is {}", last_epoch(),
                    total_steps_);
  const auto step = static_cast<double>(last_epoch());
  std::size_t i = 0;
  while (i + 1 < phases_.size() && step > phases_[i].end_step) ++i;
  const Phase& phase = phases_[i];
  const double start_step = i == 0 ? 0 : phases_[i - 1].end_step;
  const double part = (step - start_step) / (phase.end_step - start_step);
  std::vector<double> out;
  for (OptimizerParamGroup& g : optimizer().param_groups()) {
    out.push_back(between(kept(g, phase.start_lr), kept(g, phase.end_lr), part));
    if (cycle_momentum_) {
      set_momentum(g, between(kept(g, phase.start_momentum), kept(g, phase.end_momentum), part));
    }
  }
  return out;
}

namespace {

template <class Phase>
constexpr std::array<std::pair<const char*, const char * Phase::*>, 4> kPhaseNames{
    {{"start_lr", &Phase::start_lr},
     {"end_lr", &Phase::end_lr},
     {"start_momentum", &Phase::start_momentum},
     {"end_momentum", &Phase::end_momentum}}};

}  // namespace

SchedulerValue OneCycleLR::saved_phases() const {
  SchedulerList out;
  for (const Phase& phase : phases_) {
    SchedulerStateDict entry;
    // The last one ends at a whole number, which PyTorch keeps as an int.
    const bool last = &phase == &phases_.back();
    entry.add("end_step", last ? SchedulerValue(total_steps_ - 1) : SchedulerValue(phase.end_step));
    for (const auto& [name, place] : kPhaseNames<Phase>) entry.add(name, std::string(phase.*place));
    out.items.emplace_back(std::move(entry));
  }
  return out;
}

std::vector<OneCycleLR::Phase> OneCycleLR::phases_of(const SchedulerValue& v, const std::string& where) {
  std::vector<Phase> out;
  for (const SchedulerValue& item : taken_items(v, where)) {
    const SchedulerStateDict& entry = taken_dict(item, where);
    Phase phase{taken_number(taken_entry(entry, "end_step", where), where), {}, {}, {}, {}};
    for (const auto& [name, place] : kPhaseNames<Phase>) {
      const std::string& text = taken_text(taken_entry(entry, name, where), where);
      const auto known = std::ranges::find(kKept, text);
      check<ValueError>(known != kKept.end(), "{} of the loaded state names '{}', which no group keeps",
                        where, text);
      phase.*place = known->data();
    }
    out.push_back(phase);
  }
  check<ValueError>(!out.empty(), "{} of the loaded state has no phase", where);
  return out;
}

std::vector<StateField> OneCycleLR::state_fields() {
  const auto take_phases = [this](const SchedulerValue& v,
                                  const std::string& where) -> std::function<void()> {
    return [this, taken = phases_of(v, where)] { phases_ = taken; };
  };
  const auto take_shape = [this](const SchedulerValue& v, const std::string& where) -> std::function<void()> {
    const std::string& text = taken_text(v, where);
    check<ValueError>(text == "cos" || text == "linear",
                      "{} of the loaded state must be 'cos' or 'linear', but is '{}'", where, text);
    return [this, cosine = text == "cos"] { cosine_ = cosine; };
  };
  std::vector<StateField> out{
      count_field("total_steps", total_steps_, {1, kMostEpochs}),
      {"_schedule_phases", [this] { return saved_phases(); }, take_phases},
      {"_anneal_func_type", [this] { return SchedulerValue(std::string(cosine_ ? "cos" : "linear")); },
       take_shape},
      flag_field("cycle_momentum", cycle_momentum_)};
  if (cycle_momentum_) out.push_back(fixed_field("use_beta1", uses_beta(optimizer())));
  return joined_fields(std::move(out), EpochScheduler::state_fields());
}

}  // namespace ballast::optim
