#include "ballast/optim/adamax.h"

#include <cmath>

#include "ballast/optim/element.h"
#include "ballast/optim/step.h"
#include "ballast/optim/update.h"

namespace ballast::optim {

namespace {

struct LargestGradient {
  const AdamaxOptions& o;
  std::int64_t of_step = 0;  ///< that the numbers below belong to
  double minus_rate = 0;

  void at_step(std::int64_t step) {
    if (step == of_step) return;
    of_step = step;
    minus_rate = -(o.lr() / (1 - std::pow(std::get<0>(o.betas()), static_cast<double>(step))));
  }

  template <class T>
  struct Element {
    Followed::Element<T> followed;
    Lerp::Element<T> mean;
    T beta2, eps, minus_rate;
    [[gnu::always_inline]] void operator()(T& p, T g, T& m, T& u) const {
      g = followed(g, p);
      m = mean(m, g);
      u = larger(u * beta2, std::abs(g) + eps);
      p += minus_rate * m / u;
    }
  };
  template <class T>
  [[nodiscard]] Element<T> element() const {
    return {Followed{o.maximize(), o.weight_decay()}.element<T>(),
            Lerp{1 - std::get<0>(o.betas())}.element<T>(), static_cast<T>(std::get<1>(o.betas())),
            static_cast<T>(o.eps()), static_cast<T>(minus_rate)};
  }
};

}  // namespace

Fields AdamaxOptions::fields() {
  return {{"lr", &lr_},
          {"betas", &betas_},
          {"eps", &eps_},
          {"weight_decay", &weight_decay_},
          {"foreach", Fixed{}},
          {"maximize", &maximize_},
          {"differentiable", Fixed{false}},
          {"capturable", Fixed{false}}};
}

void AdamaxOptions::validate() const {
  check_value(lr_ >= 0, "lr", lr_);
  check_value(eps_ >= 0, "epsilon", eps_);
  check_betas(betas_);
  check_value(weight_decay_ >= 0, "weight_decay", weight_decay_);
}

Fields AdamaxParamState::fields() {
  return {{"step", StepCount{&step_}}, {"exp_avg", &exp_avg_}, {"exp_inf", &exp_inf_}};
}

Tensor Adamax::step(LossClosure closure) {
  Tensor loss = evaluate(closure);
  for_each_gradient<AdamaxOptions>(param_groups(), [this](const AdamaxOptions& o) {
    return [this, update = LargestGradient{o}](const Tensor& p, const Tensor& grad) mutable {
      AdamaxParamState& s = state_of<AdamaxParamState>(state(), p);
      ensure(s.exp_avg(), p);
      ensure(s.exp_inf(), p);
      update.at_step(s.step() + 1);
      update_parameter(p, grad, update, s.exp_avg(), s.exp_inf());
      ++s.step();
    };
  });
  return loss;
}

}  // namespace ballast::optim
