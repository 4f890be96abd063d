#include "ballast/optim/adadelta.h"

#include <cmath>

#include "ballast/core/error.h"
#include "ballast/optim/element.h"
#include "ballast/optim/step.h"
#include "ballast/optim/update.h"

namespace ballast::optim {

namespace {

struct Delta {
  const AdadeltaOptions& o;

  template <class T>
  struct Element {
    Followed::Element<T> followed;
    MeanSquare::Element<T> mean_square;
    T eps, minus_lr;
    [[gnu::always_inline]] void operator()(T& p, T g, T& square_avg, T& acc_delta) const {
      g = followed(g, p);
      square_avg = mean_square(square_avg, g);
      const T delta = std::sqrt(acc_delta + eps) / std::sqrt(square_avg + eps) * g;
      acc_delta = mean_square(acc_delta, delta);
      p += minus_lr * delta;
    }
  };
  template <class T>
  [[nodiscard]] Element<T> element() const {
    return {Followed{o.maximize(), o.weight_decay()}.element<T>(), MeanSquare{o.rho()}.element<T>(),
            static_cast<T>(o.eps()), static_cast<T>(-o.lr())};
  }
};

}  // namespace

Fields AdadeltaOptions::fields() {
  return {{"lr", &lr_},
          {"rho", &rho_},
          {"eps", &eps_},
          {"weight_decay", &weight_decay_},
          {"maximize", &maximize_},
          {"capturable", Fixed{false}},
          {"foreach", Fixed{}},
          {"differentiable", Fixed{false}}};
}

void AdadeltaOptions::validate() const {
  check_value(lr_ >= 0, "lr", lr_);
  check_value(rho_ >= 0 && rho_ <= 1, "rho", rho_);
  check_value(eps_ >= 0, "epsilon", eps_);
  check_value(weight_decay_ >= 0, "weight_decay", weight_decay_);
}

Fields AdadeltaParamState::fields() {
  return {{"step", StepCount{&step_}}, {"square_avg", &square_avg_}, {"acc_delta", &acc_delta_}};
}

Tensor Adadelta::step(LossClosure closure) {
  Tensor loss = evaluate(closure);
  for_each_gradient<AdadeltaOptions>(param_groups(), [this](const AdadeltaOptions& o) {
    return [this, &o](const Tensor& p, const Tensor& grad) {
      AdadeltaParamState& s = state_of<AdadeltaParamState>(state(), p);
      ensure(s.square_avg(), p);
      ensure(s.acc_delta(), p);
      update_parameter(p, grad, Delta{o}, s.square_avg(), s.acc_delta());
      ++s.step();
    };
  });
  return loss;
}

}  // namespace ballast::optim
