#include "ballast/optim/radam.h"

#include <cmath>

#include "ballast/optim/element.h"
#include "ballast/optim/step.h"
#include "ballast/optim/update.h"

namespace ballast::optim {

namespace {

struct RectifiedMoments {
  const RAdamOptions& o;
  std::int64_t of_step = 0;  ///< that the numbers below belong to
  double first_correction = 1, root_of_second = 1, rectification = 1;
  bool rectified = false;

  void at_step(std::int64_t step) {
    if (step == of_step) return;
    of_step = step;
    const auto [beta1, beta2] = o.betas();
    const auto t = static_cast<double>(step);
    first_correction = 1 - std::pow(beta1, t);
    const double power = std::pow(beta2, t);
    const double second = 1 - power;
    root_of_second = std::sqrt(second);
    const double longest = 2 / (1 - beta2) - 1;
    const double length = longest - 2 * t * power / second;
    rectified = length > 5.0;
    if (rectified) {
      rectification =
          std::sqrt((length - 4) * (length - 2) * longest / ((longest - 4) * (longest - 2) * length));
    }
  }

  template <class T>
  struct Element {
    Followed::Element<T> followed;
    Lerp::Element<T> mean;
    MeanSquare::Element<T> mean_square;
    T shrink, eps, lr, first_correction, root_of_second, rectification;
    bool rectified;
    [[gnu::always_inline]] void operator()(T& p, T g, T& m, T& v) const {
      g = followed(g, p);
      m = mean(m, g);
      v = mean_square(v, g);
      const T step = m / first_correction * lr;
      const T held = rectified ? step * (root_of_second / (std::sqrt(v) + eps)) * rectification : step;
      p = p * shrink - held;
    }
  };
  template <class T>
  [[nodiscard]] Element<T> element() const {
    const bool apart = o.decoupled_weight_decay();
    return {Followed{o.maximize(), apart ? 0 : o.weight_decay()}.element<T>(),
            Lerp{1 - std::get<0>(o.betas())}.element<T>(),
            MeanSquare{std::get<1>(o.betas())}.element<T>(),
            static_cast<T>(apart ? 1 - o.lr() * o.weight_decay() : 1),
            static_cast<T>(o.eps()),
            static_cast<T>(o.lr()),
            static_cast<T>(first_correction),
            static_cast<T>(root_of_second),
            static_cast<T>(rectification),
            rectified};
  }
};

}  // namespace

Fields RAdamOptions::fields() {
  return {{"lr", &lr_},
          {"betas", &betas_},
          {"eps", &eps_},
          {"weight_decay", &weight_decay_},
          {"maximize", &maximize_},
          {"foreach", Fixed{}},
          {"capturable", Fixed{false}},
          {"decoupled_weight_decay", &decoupled_weight_decay_},
          {"differentiable", Fixed{false}}};
}

void RAdamOptions::validate() const {
  check_value(lr_ >= 0, "lr", lr_);
  check_value(eps_ >= 0, "epsilon", eps_);
  check_betas(betas_);
  check_value(weight_decay_ >= 0, "weight_decay", weight_decay_);
}

Fields RAdamParamState::fields() {
  return {{"step", StepCount{&step_}}, {"exp_avg", &exp_avg_}, {"exp_avg_sq", &exp_avg_sq_}};
}

Tensor RAdam::step(LossClosure closure) {
  Tensor loss = evaluate(closure);
  for_each_gradient<RAdamOptions>(param_groups(), [this](const RAdamOptions& o) {
    return [this, update = RectifiedMoments{o}](const Tensor& p, const Tensor& grad) mutable {
      RAdamParamState& s = state_of<RAdamParamState>(state(), p);
      ensure(s.exp_avg(), p);
      ensure(s.exp_avg_sq(), p);
      update.at_step(s.step() + 1);
      update_parameter(p, grad, update, s.exp_avg(), s.exp_avg_sq());
      ++s.step();
    };
  });
  return loss;
}

}  // namespace ballast::optim
