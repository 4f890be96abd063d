#include "ballast/optim/nadam.h"

#include <cmath>

#include "ballast/optim/element.h"
#include "ballast/optim/step.h"
#include "ballast/optim/update.h"

namespace ballast::optim {

namespace {

struct NesterovMoments {
  const NAdamOptions& o;
  std::int64_t of_step = 0;  ///< that the numbers below belong to, with the product of mu before it
  double before = 1, product = 1, of_gradient = 0, of_mean = 0, correction = 0;

  /// Gives the new product of mu.
  double at_step(std::int64_t step, double mu_product) {
    if (step == of_step && mu_product == before) return product;
    of_step = step;
    before = mu_product;
    const auto [beta1, beta2] = o.betas();
    const auto t = static_cast<double>(step);
    const double mu = beta1 * (1.0 - 0.5 * std::pow(0.96, t * o.momentum_decay()));
    const double mu_next = beta1 * (1.0 - 0.5 * std::pow(0.96, (t + 1) * o.momentum_decay()));
    product = get_default_dtype() == kFloat64
                  ? mu_product * mu
                  : static_cast<double>(static_cast<float>(mu_product) * static_cast<float>(mu));
    of_gradient = -o.lr() * (1.0 - mu) / (1.0 - product);
    of_mean = (-o.lr() * mu_next) / (1.0 - product * mu_next);
    correction = 1 - std::pow(beta2, t);
    return product;
  }

  template <class T>
  struct Element {
    Followed::Element<T> followed;
    Lerp::Element<T> mean;
    MeanSquare::Element<T> mean_square;
    T shrink, eps, of_gradient, of_mean, correction;
    [[gnu::always_inline]] void operator()(T& p, T g, T& m, T& v) const {
      g = followed(g, p);
      m = mean(m, g);
      v = mean_square(v, g);
      const T root = std::sqrt(v / correction) + eps;
      p = p * shrink + of_gradient * g / root;
      p += of_mean * m / root;
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
            static_cast<T>(of_gradient),
            static_cast<T>(of_mean),
            static_cast<T>(correction)};
  }
};

}  // namespace

Fields NAdamOptions::fields() {
  return {{"lr", &lr_},
          {"betas", &betas_},
          {"eps", &eps_},
          {"weight_decay", &weight_decay_},
          {"momentum_decay", &momentum_decay_},
          {"decoupled_weight_decay", &decoupled_weight_decay_},
          {"maximize", &maximize_},
          {"foreach", Fixed{}},
          {"capturable", Fixed{false}},
          {"differentiable", Fixed{false}}};
}

void NAdamOptions::validate() const {
  check_value(lr_ >= 0, "lr", lr_);
  check_value(eps_ >= 0, "epsilon", eps_);
  check_betas(betas_);
  check_value(weight_decay_ >= 0, "weight_decay", weight_decay_);
  check_value(momentum_decay_ >= 0, "momentum_decay", momentum_decay_);
}

Fields NAdamParamState::fields() {
  return {{"step", StepCount{&step_}},
          {"mu_product", TensorNumber{&mu_product_}},
          {"exp_avg", &exp_avg_},
          {"exp_avg_sq", &exp_avg_sq_}};
}

Tensor NAdam::step(LossClosure closure) {
  Tensor loss = evaluate(closure);
  for_each_gradient<NAdamOptions>(param_groups(), [this](const NAdamOptions& o) {
    return [this, update = NesterovMoments{o}](const Tensor& p, const Tensor& grad) mutable {
      NAdamParamState& s = state_of<NAdamParamState>(state(), p);
      ensure(s.exp_avg(), p);
      ensure(s.exp_avg_sq(), p);
      const double product = update.at_step(s.step() + 1, s.mu_product());
      update_parameter(p, grad, update, s.exp_avg(), s.exp_avg_sq());
      ++s.step();
      s.mu_product(product);
    };
  });
  return loss;
}

}  // namespace ballast::optim
