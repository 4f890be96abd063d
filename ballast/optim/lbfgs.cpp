#include "ballast/optim/lbfgs.h"

#include <algorithm>
#include <cmath>

#include "ballast/autograd/grad_mode.h"
#include "ballast/core/error.h"
#include "ballast/core/shape.h"
#include "ballast/ops/factories.h"
#include "ballast/optim/step.h"
#include "ballast/optim/strong_wolfe.h"

namespace ballast::optim {

namespace {

Tensor reals(const Tensor& t) { return t.is_complex() ? t.detach().view_as_real() : t.detach(); }

/// Vectors over the elements of all parameters, in T.
template <class T>
class FlatProblem {
 public:
  explicit FlatProblem(const std::vector<Tensor>& params) : params_(params) {
    for (const Tensor& p : params) size_ += reals(p).numel();
  }

  [[nodiscard]] Tensor vector() const { return empty({size_}, TensorOptions(dtype_of<T>)); }
  [[nodiscard]] T* data(const Tensor& v) const {
    check<ShapeError>(v.dtype() == dtype_of<T> && v.is_contiguous() && v.numel() == size_,
                      "the state of LBFGS does not fit its parameters: a vector of shape {} for {} elements",
                      shape_text(v.sizes()), size_);
    return v.data_ptr<T>();
  }

  /// Calls `visit(elements, part)` with each parameter, or gradient, and its part of `v`.
  template <class Visit>
  void each_part(const Tensor& v, const Visit& visit) const {
    std::int64_t at = 0;
    for (const Tensor& p : params_) {
      const Tensor real = reals(p);
      visit(p, real, v.alias(real.sizes(), contiguous_strides(real.sizes()), at));
      at += real.numel();
    }
  }
  [[nodiscard]] Tensor gradient() const {
    Tensor out = vector();
    each_part(out, [](const Tensor& p, const Tensor& real, const Tensor& part) {
      const Tensor grad = p.grad();
      if (!grad.defined()) {
        part.zero_();
        return;
      }
      check<ShapeError>(grad.sizes() == p.sizes(), "the gradient of a parameter of shape {} has shape {}",
                        shape_text(p.sizes()), shape_text(grad.sizes()));
      static_cast<void>(real);
      copy_elements(part, reals(grad));
    });
    return out;
  }
  [[nodiscard]] Tensor position() const {
    Tensor out = vector();
    each_part(out, [](const Tensor&, const Tensor& real, const Tensor& part) { copy_elements(part, real); });
    return out;
  }
  void move_to(const Tensor& position) const {
    each_part(position, [](const Tensor& p, const Tensor& real, const Tensor& part) {
      copy_elements(real, part);
      autograd::bump_version(p);
    });
  }
  void move_by(double length, const Tensor& direction) const {
    each_part(direction, [length](const Tensor& p, const Tensor& real, const Tensor& part) {
      real.add_(part.to(real.dtype()), length);
      autograd::bump_version(p);
    });
  }

  [[nodiscard]] double dot(const Tensor& a, const Tensor& b) const {
    const T* const x = data(a);
    const T* const y = data(b);
    double sum = 0;
    for (std::int64_t i = 0; i < size_; ++i) sum += static_cast<double>(x[i]) * static_cast<double>(y[i]);
    return static_cast<double>(static_cast<T>(sum));
  }
  [[nodiscard]] double largest(const Tensor& a) const {
    const T* const x = data(a);
    T most = 0;
    for (std::int64_t i = 0; i < size_; ++i) most = std::abs(x[i]) <= most ? most : std::abs(x[i]);
    return static_cast<double>(most);
  }
  [[nodiscard]] double sum_of_sizes(const Tensor& a) const {
    const T* const x = data(a);
    double sum = 0;
    for (std::int64_t i = 0; i < size_; ++i) sum += static_cast<double>(std::abs(x[i]));
    return static_cast<double>(static_cast<T>(sum));
  }
  /// a = a + scale * b.
  void add(const Tensor& a, double scale, const Tensor& b) const {
    T* const x = data(a);
    const T* const y = data(b);
    const T s = static_cast<T>(scale);
    for (std::int64_t i = 0; i < size_; ++i) x[i] += s * y[i];
  }
  /// scale * a, as a new vector.
  [[nodiscard]] Tensor scaled(double scale, const Tensor& a) const {
    Tensor out = vector();
    T* const x = data(out);
    const T* const y = data(a);
    const T s = static_cast<T>(scale);
    for (std::int64_t i = 0; i < size_; ++i) x[i] = s * y[i];
    return out;
  }
  [[nodiscard]] Tensor number(double v) const { return full({}, v, TensorOptions(dtype_of<T>)); }

 private:
  const std::vector<Tensor>& params_;
  std::int64_t size_ = 0;
};

double value_of(const Tensor& t, double otherwise) { return t.defined() ? t.item<double>() : otherwise; }

/// Takes the last step into the memory, and gives the direction of the next.
template <class T>
Tensor next_direction(const FlatProblem<T>& problem, LBFGSParamState& s, const Tensor& grad,
                      std::int64_t history_size) {
  check<ValueError>(s.d().defined() && s.prev_flat_grad().defined() &&
                        s.old_dirs().size() == s.old_stps().size() && s.old_dirs().size() == s.ro().size(),
                    "the state of LBFGS is incomplete");
  const Tensor change = problem.scaled(1, grad);
  problem.add(change, -1, s.prev_flat_grad());
  const Tensor moved = problem.scaled(s.t(), s.d());
  const double curvature = problem.dot(change, moved);
  if (curvature > 1e-10) {
    if (static_cast<std::int64_t>(s.old_dirs().size()) >= std::max<std::int64_t>(history_size, 1)) {
      s.old_dirs().erase(s.old_dirs().begin());
      s.old_stps().erase(s.old_stps().begin());
      s.ro().erase(s.ro().begin());
    }
    s.old_dirs().push_back(change);
    s.old_stps().push_back(moved);
    s.ro().push_back(problem.number(1.0 / curvature));
    s.H_diag(problem.number(curvature / problem.dot(change, change)));
  }
  // The two loops of Nocedal 1980.
  Tensor q = problem.scaled(-1, grad);
  std::vector<double> weights(s.old_dirs().size());
  for (std::size_t i = weights.size(); i-- > 0;) {
    weights[i] =
        static_cast<double>(static_cast<T>(problem.dot(s.old_stps()[i], q) * value_of(s.ro()[i], 1)));
    problem.add(q, -weights[i], s.old_dirs()[i]);
  }
  Tensor direction = problem.scaled(value_of(s.H_diag(), 1), q);
  for (std::size_t i = 0; i < weights.size(); ++i) {
    const double back =
        static_cast<double>(static_cast<T>(problem.dot(s.old_dirs()[i], direction) * value_of(s.ro()[i], 1)));
    problem.add(direction, weights[i] - back, s.old_stps()[i]);
  }
  return direction;
}

template <class T>
void minimise(const FlatProblem<T>& problem, const LBFGSOptions& o, LBFGSParamState& s, double loss,
              const std::function<double()>& evaluate) {
  const std::int64_t max_eval = o.max_eval().value_or(o.max_iter() * 5 / 4);
  Tensor grad = problem.gradient();
  if (problem.largest(grad) <= o.tolerance_grad()) return;
  std::int64_t evaluations = 1;
  for (std::int64_t iteration = 1; iteration <= o.max_iter(); ++iteration) {
    s.n_iter(s.n_iter() + 1);
    const bool first = s.n_iter() == 1;
    if (first) {
      s.d(problem.scaled(-1, grad));
      s.old_dirs().clear();
      s.old_stps().clear();
      s.ro().clear();
      s.H_diag(problem.number(1));
    } else {
      s.d(next_direction(problem, s, grad, o.history_size()));
    }
    s.prev_flat_grad(problem.scaled(1, grad));
    s.prev_loss(loss);
    s.t(first ? std::min(1.0, 1.0 / problem.sum_of_sizes(grad)) * o.lr() : o.lr());

    const double slope = problem.dot(grad, s.d());
    if (slope > -o.tolerance_change()) break;

    bool optimal = false;
    std::int64_t used = 0;
    if (o.line_search_fn()) {
      const Tensor from = problem.position();
      const auto at = [&](double t) {
        problem.move_by(t, s.d());
        LinePoint point{t, evaluate(), 0, problem.gradient()};
        problem.move_to(from);
        point.slope = problem.dot(point.grad, s.d());
        return point;
      };
      LineSearch search = strong_wolfe(at, {0, loss, slope, grad}, s.t(), problem.largest(s.d()),
                                       o.tolerance_change(), max_eval - evaluations);
      loss = search.found.loss;
      grad = std::move(search.found.grad);
      s.t(search.found.t);
      used = search.evaluations;
      problem.move_by(s.t(), s.d());
      optimal = problem.largest(grad) <= o.tolerance_grad();
    } else {
      problem.move_by(s.t(), s.d());
      // After the last iteration there is no use for the loss.
      if (iteration != o.max_iter()) {
        loss = evaluate();
        grad = problem.gradient();
        optimal = problem.largest(grad) <= o.tolerance_grad();
        used = 1;
      }
    }
    evaluations += used;
    s.func_evals(s.func_evals() + used);
    if (evaluations >= max_eval || optimal ||
        problem.largest(s.d()) * std::abs(s.t()) <= o.tolerance_change() ||
        std::abs(loss - s.prev_loss()) < o.tolerance_change()) {
      break;
    }
  }
}

}  // namespace

Fields LBFGSOptions::fields() {
  return {{"lr", &lr_},
          {"max_iter", &max_iter_},
          {"max_eval", &max_eval_},
          {"tolerance_grad", &tolerance_grad_},
          {"tolerance_change", &tolerance_change_},
          {"history_size", &history_size_},
          {"line_search_fn", &line_search_fn_}};
}

void LBFGSOptions::validate() const {
  check_value(lr_ >= 0, "lr", lr_);
  check<ValueError>(!line_search_fn_ || *line_search_fn_ == "strong_wolfe",
                    "only 'strong_wolfe' is supported");
}

Fields LBFGSParamState::fields() {
  // PyTorch's "al" is room for the next step's numbers: it is not needed.
  return {{"func_evals", &func_evals_},
          {"n_iter", &n_iter_},
          {"al", Fixed{}},
          {"d", &d_},
          {"t", &t_},
          {"old_dirs", &old_dirs_},
          {"old_stps", &old_stps_},
          {"ro", &ro_},
          {"H_diag", &H_diag_},
          {"prev_flat_grad", &prev_flat_grad_},
          {"prev_loss", &prev_loss_}};
}

LBFGS::LBFGS(std::vector<OptimizerParamGroup> groups, LBFGSOptions defaults)
    : OptimizerOf(std::move(groups), std::move(defaults)) {
  check<ValueError>(param_groups().size() == 1,
                    "LBFGS doesn't support per-parameter options (parameter groups)");
}

Tensor LBFGS::step(LossClosure closure) {
  check(static_cast<bool>(closure), "LBFGS requires a closure function");
  check<ValueError>(param_groups().size() == 1,
                    "LBFGS doesn't support per-parameter options (parameter groups)");
  const NoGradGuard no_grad;
  Tensor loss = evaluate(closure);
  const std::vector<Tensor>& params = param_groups().front().params();
  if (params.empty()) return loss;
  const auto& o = options_of<LBFGSOptions>(param_groups().front());
  LBFGSParamState& s = state_of<LBFGSParamState>(state(), params.front());
  s.func_evals(s.func_evals() + 1);
  const auto again = [&] { return evaluate(closure).item<double>(); };
  const bool in_double =
      std::ranges::any_of(params, [](const Tensor& p) { return reals(p).dtype() == kFloat64; });
  if (in_double) {
    minimise(FlatProblem<double>(params), o, s, loss.item<double>(), again);
  } else {
    minimise(FlatProblem<float>(params), o, s, loss.item<double>(), again);
  }
  return loss;
}

}  // namespace ballast::optim
