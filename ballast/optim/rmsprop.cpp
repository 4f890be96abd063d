#include "ballast/optim/rmsprop.h"

#include <cmath>

#include "ballast/optim/element.h"
#include "ballast/optim/step.h"
#include "ballast/optim/update.h"

namespace ballast::optim {

namespace {

/// The states beside the mean square are the buffer, if there is momentum, and then the mean, if it is
/// centered.
template <bool kMomentum, bool kCentered>
struct RootMeanSquare {
  const RMSpropOptions& o;

  template <class T>
  struct Element {
    Followed::Element<T> followed;
    MeanSquare::Element<T> mean_square;
    Lerp::Element<T> mean;
    T eps, momentum, minus_lr;

    [[gnu::always_inline]] void operator()(T& p, T g, T& s) const {
      step(p, followed(g, p), s, nullptr, nullptr);
    }
    [[gnu::always_inline]] void operator()(T& p, T g, T& s, T& other) const {
      step(p, followed(g, p), s, kMomentum ? &other : nullptr, kMomentum ? nullptr : &other);
    }
    [[gnu::always_inline]] void operator()(T& p, T g, T& s, T& buffer, T& average) const {
      step(p, followed(g, p), s, &buffer, &average);
    }

   private:
    [[gnu::always_inline]] void step(T& p, T g, T& s, T* buffer, T* average) const {
      s = mean_square(s, g);
      T spread = s;
      if constexpr (kCentered) {
        *average = mean(*average, g);
        spread = s - *average * *average;
      }
      const T root = std::sqrt(spread) + eps;
      if constexpr (kMomentum) {
        *buffer = *buffer * momentum + g / root;
        p += minus_lr * *buffer;
      } else {
        p += minus_lr * g / root;
      }
    }
  };
  template <class T>
  [[nodiscard]] Element<T> element() const {
    return {Followed{o.maximize(), o.weight_decay()}.element<T>(),
            MeanSquare{o.alpha()}.element<T>(),
            Lerp{1 - o.alpha()}.element<T>(),
            static_cast<T>(o.eps()),
            static_cast<T>(o.momentum()),
            static_cast<T>(-o.lr())};
  }
};

}  // namespace

Fields RMSpropOptions::fields() {
  return {{"lr", &lr_},
          {"momentum", &momentum_},
          {"alpha", &alpha_},
          {"eps", &eps_},
          {"centered", &centered_},
          {"weight_decay", &weight_decay_},
          {"capturable", Fixed{false}},
          {"foreach", Fixed{}},
          {"maximize", &maximize_},
          {"differentiable", Fixed{false}}};
}

void RMSpropOptions::validate() const {
  check_value(lr_ >= 0, "lr", lr_);
  check_value(eps_ >= 0, "epsilon", eps_);
  check_value(momentum_ >= 0, "momentum", momentum_);
  check_value(weight_decay_ >= 0, "weight_decay", weight_decay_);
  check_value(alpha_ >= 0, "alpha", alpha_);
}

Fields RMSpropParamState::fields() {
  return {{"step", StepCount{&step_}},
          {"square_avg", &square_avg_},
          {"momentum_buffer", &momentum_buffer_},
          {"grad_avg", &grad_avg_}};
}

Tensor RMSprop::step(LossClosure closure) {
  Tensor loss = evaluate(closure);
  for_each_gradient<RMSpropOptions>(param_groups(), [this](const RMSpropOptions& o) {
    return [this, &o](const Tensor& p, const Tensor& grad) {
      RMSpropParamState& s = state_of<RMSpropParamState>(state(), p);
      ensure(s.square_avg(), p);
      if (o.momentum() > 0) ensure(s.momentum_buffer(), p);
      if (o.centered()) ensure(s.grad_avg(), p);
      if (o.momentum() > 0 && o.centered()) {
        update_parameter(p, grad, RootMeanSquare<true, true>{o}, s.square_avg(), s.momentum_buffer(),
                         s.grad_avg());
      } else if (o.momentum() > 0) {
        update_parameter(p, grad, RootMeanSquare<true, false>{o}, s.square_avg(), s.momentum_buffer());
      } else if (o.centered()) {
        update_parameter(p, grad, RootMeanSquare<false, true>{o}, s.square_avg(), s.grad_avg());
      } else {
        update_parameter(p, grad, RootMeanSquare<false, false>{o}, s.square_avg());
      }
      ++s.step();
    };
  });
  return loss;
}

}  // namespace ballast::optim
