#include "ballast/optim/adam.h"

#include <cmath>
#include <type_traits>

#include "ballast/optim/element.h"
#include "ballast/optim/step.h"
#include "ballast/optim/update.h"

namespace ballast::optim {

namespace {

template <class Options>
constexpr bool kDecoupled = std::is_same_v<Options, AdamWOptions>;

/// What one step is, in numbers: constant over the parameters that have taken equally many.
struct Moments {
  Followed followed;
  double shrink, beta1, beta2, eps;            // of the options
  double minus_step_size = 0, correction = 0;  // of the step

  template <class Options>
  explicit Moments(const Options& o)
      : followed{o.maximize(), kDecoupled<Options> ? 0 : o.weight_decay()},
        shrink(kDecoupled<Options> ? 1 - o.lr() * o.weight_decay() : 1),
        beta1(std::get<0>(o.betas())),
        beta2(std::get<1>(o.betas())),
        eps(o.eps()) {}

  void at_step(std::int64_t step, double lr) {
    minus_step_size = -(lr / (1 - std::pow(beta1, static_cast<double>(step))));
    // The reciprocal: a quotient for each element would cost half as much again.
    correction = 1 / std::sqrt(1 - std::pow(beta2, static_cast<double>(step)));
  }

  template <class T>
  struct Element {
    Followed::Element<T> followed;
    Lerp::Element<T> mean;
    MeanSquare::Element<T> mean_square;
    T shrink, eps, minus_step_size, correction;

    [[gnu::always_inline]] void operator()(T& p, T g, T& m, T& v) const {
      move(p, g, m, v);
      p = p * shrink + minus_step_size * m / (std::sqrt(v) * correction + eps);
    }
    [[gnu::always_inline]] void operator()(T& p, T g, T& m, T& v, T& largest) const {
      move(p, g, m, v);
      largest = larger(largest, v);
      p = p * shrink + minus_step_size * m / (std::sqrt(largest) * correction + eps);
    }

   private:
    [[gnu::always_inline]] void move(T p, T g, T& m, T& v) const {
      g = followed(g, p);
      m = mean(m, g);
      v = mean_square(v, g);
    }
  };
  template <class T>
  [[nodiscard]] Element<T> element() const {
    return {followed.element<T>(),     Lerp{1 - beta1}.element<T>(), MeanSquare{beta2}.element<T>(),
            static_cast<T>(shrink),    static_cast<T>(eps),          static_cast<T>(minus_step_size),
            static_cast<T>(correction)};
  }
};

/// The pass of one group.
template <class Options, class State>
class Pass {
 public:
  Pass(Optimizer::StateMap& states, const Options& o) : states_(states), options_(o), moments_(o) {}

  void operator()(const Tensor& p, const Tensor& grad) {
    State& s = state_of<State>(states_, p);
    ensure(s.exp_avg(), p);
    ensure(s.exp_avg_sq(), p);
    const std::int64_t step = s.step() + 1;
    if (step != step_) moments_.at_step(step_ = step, options_.lr());
    if (options_.amsgrad()) {
      ensure(s.max_exp_avg_sq(), p);
      update_parameter(p, grad, moments_, s.exp_avg(), s.exp_avg_sq(), s.max_exp_avg_sq());
    } else {
      update_parameter(p, grad, moments_, s.exp_avg(), s.exp_avg_sq());
    }
    s.step(step);
  }

 private:
  Optimizer::StateMap& states_;
  const Options& options_;
  Moments moments_;
  std::int64_t step_ = 0;  // that moments_ is made for
};

template <class Options>
void validate_moments(const Options& o) {
  check_value(o.lr() >= 0, "lr", o.lr());
  check_value(o.eps() >= 0, "epsilon", o.eps());
  check_betas(o.betas());
  check_value(o.weight_decay() >= 0, "weight_decay", o.weight_decay());
}

template <class Options>
Fields option_fields(Options& o) {
  return {{"lr", &o.lr()},
          {"betas", &o.betas()},
          {"eps", &o.eps()},
          {"weight_decay", &o.weight_decay()},
          {"amsgrad", &o.amsgrad()},
          {"maximize", &o.maximize()},
          {"foreach", Fixed{}},
          {"capturable", Fixed{false}},
          {"differentiable", Fixed{false}},
          {"fused", Fixed{}},
          {"decoupled_weight_decay", Fixed{kDecoupled<Options>, true}}};
}

template <class State>
Fields state_fields(State& s) {
  return {{"step", StepCount{&s.step()}},
          {"exp_avg", &s.exp_avg()},
          {"exp_avg_sq", &s.exp_avg_sq()},
          {"max_exp_avg_sq", &s.max_exp_avg_sq()}};
}

}  // namespace

Fields AdamOptions::fields() { return option_fields(*this); }
Fields AdamWOptions::fields() { return option_fields(*this); }
void AdamOptions::validate() const { validate_moments(*this); }
void AdamWOptions::validate() const { validate_moments(*this); }
Fields AdamParamState::fields() { return state_fields(*this); }
Fields AdamWParamState::fields() { return state_fields(*this); }

Tensor Adam::step(LossClosure closure) {
  Tensor loss = evaluate(closure);
  for_each_gradient<AdamOptions>(
      param_groups(), [this](const AdamOptions& o) { return Pass<AdamOptions, AdamParamState>(state(), o); });
  return loss;
}

Tensor AdamW::step(LossClosure closure) {
  Tensor loss = evaluate(closure);
  for_each_gradient<AdamWOptions>(param_groups(), [this](const AdamWOptions& o) {
    return Pass<AdamWOptions, AdamWParamState>(state(), o);
  });
  return loss;
}

}  // namespace ballast::optim
