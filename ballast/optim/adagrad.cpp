#include "ballast/optim/adagrad.h"

#include <cmath>

#include "ballast/optim/element.h"
#include "ballast/optim/step.h"
#include "ballast/optim/update.h"

namespace ballast::optim {

namespace {

struct SumOfSquares {
  const AdagradOptions& o;
  double minus_rate;

  template <class T>
  struct Element {
    Followed::Element<T> followed;
    T eps, minus_rate;
    [[gnu::always_inline]] void operator()(T& p, T g, T& sum) const {
      g = followed(g, p);
      sum += g * g;
      p += minus_rate * g / (std::sqrt(sum) + eps);
    }
  };
  template <class T>
  [[nodiscard]] Element<T> element() const {
    return {Followed{o.maximize(), o.weight_decay()}.element<T>(), static_cast<T>(o.eps()),
            static_cast<T>(minus_rate)};
  }
};

}  // namespace

Fields AdagradOptions::fields() {
  return {{"lr", &lr_},
          {"lr_decay", &lr_decay_},
          {"eps", &eps_},
          {"weight_decay", &weight_decay_},
          {"initial_accumulator_value", &initial_accumulator_value_},
          {"foreach", Fixed{}},
          {"maximize", &maximize_},
          {"differentiable", Fixed{false}},
          {"fused", Fixed{}}};
}

void AdagradOptions::validate() const {
  check_value(lr_ >= 0, "lr", lr_);
  check_value(lr_decay_ >= 0, "lr_decay", lr_decay_);
  check_value(weight_decay_ >= 0, "weight_decay", weight_decay_);
  check_value(initial_accumulator_value_ >= 0, "initial_accumulator_value", initial_accumulator_value_);
  check_value(eps_ >= 0, "epsilon", eps_);
}

Fields AdagradParamState::fields() { return {{"step", StepCount{&step_}}, {"sum", &sum_}}; }

Adagrad::Adagrad(std::vector<OptimizerParamGroup> groups, AdagradOptions defaults)
    : OptimizerOf(std::vector<OptimizerParamGroup>{}, std::move(defaults)) {
  for (OptimizerParamGroup& g : groups) add_param_group(std::move(g));
}

void Adagrad::on_group_added(const OptimizerParamGroup& group) {
  const auto& o = options_of<AdagradOptions>(group);
  for (const Tensor& p : group.params()) {
    ensure(state_of<AdagradParamState>(state(), p).sum(), p, o.initial_accumulator_value());
  }
}

Tensor Adagrad::step(LossClosure closure) {
  Tensor loss = evaluate(closure);
  for_each_gradient<AdagradOptions>(param_groups(), [this](const AdagradOptions& o) {
    return [this, &o](const Tensor& p, const Tensor& grad) {
      AdagradParamState& s = state_of<AdagradParamState>(state(), p);
      ensure(s.sum(), p, o.initial_accumulator_value());
      const double rate = o.lr() / (1 + static_cast<double>(s.step()) * o.lr_decay());
      update_parameter(p, grad, SumOfSquares{o, -rate}, s.sum());
      ++s.step();
    };
  });
  return loss;
}

}  // namespace ballast::optim
