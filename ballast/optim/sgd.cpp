#include "ballast/optim/sgd.h"

#include <limits>

#include "ballast/core/error.h"
#include "ballast/optim/element.h"
#include "ballast/optim/step.h"
#include "ballast/optim/update.h"

namespace ballast::optim {

namespace {

Followed followed(const SGDOptions& o) { return {o.maximize(), o.weight_decay()}; }

struct Plain {
  const SGDOptions& o;
  template <class T>
  struct Element {
    Followed::Element<T> followed;
    T minus_lr;
    [[gnu::always_inline]] void operator()(T& p, T g) const { p += minus_lr * followed(g, p); }
  };
  template <class T>
  [[nodiscard]] Element<T> element() const {
    return {followed(o).element<T>(), static_cast<T>(-o.lr())};
  }
};

struct WithMomentum {
  const SGDOptions& o;
  bool first;
  template <class T>
  struct Element {
    Followed::Element<T> followed;
    T minus_lr, momentum, share;
    bool nesterov;
    [[gnu::always_inline]] void operator()(T& p, T g, T& buffer) const {
      g = followed(g, p);
      const T b = buffer * momentum + share * g;
      buffer = b;
      p += minus_lr * (nesterov ? g + momentum * b : b);
    }
  };
  template <class T>
  [[nodiscard]] Element<T> element() const {
    // The buffer is zeros in the first step, when all of the gradient enters it.
    return {followed(o).element<T>(), static_cast<T>(-o.lr()), static_cast<T>(o.momentum()),
            static_cast<T>(first ? 1 : 1 - o.dampening()), o.nesterov()};
  }
};

}  // namespace

Fields SGDOptions::fields() {
  return {{"lr", &lr_},
          {"momentum", &momentum_},
          {"dampening", &dampening_},
          {"weight_decay", &weight_decay_},
          {"nesterov", &nesterov_},
          {"maximize", &maximize_},
          {"foreach", Fixed{}},
          {"differentiable", Fixed{false}},
          {"fused", Fixed{}}};
}

std::unique_ptr<OptimizerOptions> SGDOptions::fresh() const {
  // An lr that equals no other: that of a group is always its own.
  return std::make_unique<SGDOptions>(std::numeric_limits<double>::quiet_NaN());
}

void SGDOptions::validate() const {
  check_value(lr_ >= 0, "lr", lr_);
  check_value(momentum_ >= 0, "momentum", momentum_);
  check_value(weight_decay_ >= 0, "weight_decay", weight_decay_);
  check<ValueError>(!nesterov_ || (momentum_ > 0 && dampening_ == 0),
                    "Nesterov momentum requires a momentum and zero dampening");
}

Tensor SGD::step(LossClosure closure) {
  Tensor loss = evaluate(closure);
  for_each_gradient<SGDOptions>(param_groups(), [this](const SGDOptions& o) {
    return [this, &o](const Tensor& p, const Tensor& grad) {
      if (o.momentum() == 0) return update_parameter(p, grad, Plain{o});
      SGDParamState& s = state_of<SGDParamState>(state(), p);
      const bool first = !s.momentum_buffer().defined();
      ensure(s.momentum_buffer(), p);
      update_parameter(p, grad, WithMomentum{o, first}, s.momentum_buffer());
    };
  });
  return loss;
}

}  // namespace ballast::optim
