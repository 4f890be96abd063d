#include "tests/optim/make_schedule.h"

#include <cmath>
#include <string>
#include <utility>

namespace ballast::testing {

using namespace optim;  // NOLINT(google-build-using-namespace)

namespace {

std::vector<double> list_of(const Json& v) {
  return v.is_number() ? std::vector<double>{v.get<double>()} : v.get<std::vector<double>>();
}

}  // namespace

Scheduled::Scheduled(const Json& row) : adam(row["optimiser"] == "Adam") {
  std::vector<OptimizerParamGroup> groups{OptimizerParamGroup({ones({2}).requires_grad_()}),
                                          OptimizerParamGroup({ones({3}).requires_grad_()})};
  if (adam) {
    groups[1].set_options(std::make_unique<AdamOptions>(0.03));
  } else {
    groups[1].set_options(std::make_unique<SGDOptions>(0.03));
  }
  optimizer = make_optimizer(
      row["optimiser"], adam ? Json{{"lr", 0.1}} : Json{{"lr", 0.1}, {"momentum", 0.9}}, std::move(groups));
  make(row["class"], row["arguments"]);
}

void Scheduled::make(const std::string& name, const Json& a) {
  Optimizer& o = *optimizer;
  if (name == "StepLR")
    schedule = std::make_shared<StepLR>(o, a["step_size"].get<unsigned>(), a.value("gamma", 0.1));
  if (name == "MultiStepLR") {
    schedule = std::make_shared<MultiStepLR>(o, a["milestones"].get<std::vector<std::int64_t>>(),
                                             a.value("gamma", 0.1));
  }
  if (name == "ExponentialLR") schedule = std::make_shared<ExponentialLR>(o, a["gamma"].get<double>());
  if (name == "CosineAnnealingLR") {
    schedule =
        std::make_shared<CosineAnnealingLR>(o, a["T_max"].get<std::int64_t>(), a.value("eta_min", 0.0));
  }
  if (name == "LinearLR") {
    schedule = std::make_shared<LinearLR>(o, a.value("start_factor", 1.0 / 3), a.value("end_factor", 1.0),
                                          a.value("total_iters", std::int64_t{5}));
  }
  if (name == "LambdaLR") {
    schedule = std::make_shared<LambdaLR>(
        o,
        std::vector<LambdaLR::Function>{[](std::int64_t e) { return std::pow(0.95, static_cast<double>(e)); },
                                        [](std::int64_t e) { return 1.0 / static_cast<double>(1 + e); }});
  }
  if (name == "OneCycleLR") {
    OneCycleLROptions c{.max_lr = list_of(a["max_lr"]), .total_steps = std::nullopt};
    if (a.contains("total_steps")) c.total_steps = a["total_steps"].get<std::int64_t>();
    if (a.contains("epochs")) c.epochs = a["epochs"].get<std::int64_t>();
    if (a.contains("steps_per_epoch")) c.steps_per_epoch = a["steps_per_epoch"].get<std::int64_t>();
    c.pct_start = a.value("pct_start", 0.3);
    c.anneal_strategy = a.value("anneal_strategy", std::string("cos"));
    c.cycle_momentum = a.value("cycle_momentum", true);
    c.three_phase = a.value("three_phase", false);
    if (a.contains("base_momentum")) c.base_momentum = list_of(a["base_momentum"]);
    if (a.contains("max_momentum")) c.max_momentum = list_of(a["max_momentum"]);
    c.div_factor = a.value("div_factor", 25.0);
    c.final_div_factor = a.value("final_div_factor", 1e4);
    schedule = std::make_shared<OneCycleLR>(o, c);
  }
  if (name == "SequentialLR" && a.get<std::string>().starts_with("LinearLR")) {
    std::vector<std::shared_ptr<EpochScheduler>> parts{std::make_shared<LinearLR>(o, 0.1, 1.0, 5),
                                                       std::make_shared<CosineAnnealingLR>(o, 20),
                                                       std::make_shared<ExponentialLR>(o, 0.9)};
    schedule = std::make_shared<SequentialLR>(o, parts, std::vector<std::int64_t>{5, 30});
  } else if (name == "SequentialLR") {
    std::vector<std::shared_ptr<EpochScheduler>> parts{std::make_shared<ExponentialLR>(o, 0.9),
                                                       std::make_shared<StepLR>(o, 3, 0.5)};
    schedule = std::make_shared<SequentialLR>(o, parts, std::vector<std::int64_t>{20});
  }
  if (name == "ReduceLROnPlateau") {
    plateau = std::make_shared<ReduceLROnPlateau>(
        o, a.value("mode", std::string("min")) == "min" ? ReduceLROnPlateau::min : ReduceLROnPlateau::max,
        a.value("factor", 0.1), a.value("patience", 10), a.value("threshold", 1e-4),
        a.value("threshold_mode", std::string("rel")) == "rel" ? ReduceLROnPlateau::rel
                                                               : ReduceLROnPlateau::abs,
        a.value("cooldown", 0), a.contains("min_lr") ? list_of(a["min_lr"]) : std::vector<double>{},
        a.value("eps", 1e-8));
  }
}

std::vector<double> Scheduled::rates() const {
  std::vector<double> out;
  for (const OptimizerParamGroup& g : optimizer->param_groups()) out.push_back(g.options().get_lr());
  return out;
}

std::vector<double> Scheduled::momenta() const {
  std::vector<double> out;
  for (const OptimizerParamGroup& g : optimizer->param_groups()) {
    out.push_back(adam ? std::get<0>(static_cast<const AdamOptions&>(g.options()).betas())
                       : static_cast<const SGDOptions&>(g.options()).momentum());
  }
  return out;
}

}  // namespace ballast::testing
