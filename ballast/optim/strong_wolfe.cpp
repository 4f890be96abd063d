#include "ballast/optim/strong_wolfe.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <utility>

namespace ballast::optim {

namespace {

constexpr double kEnoughDecrease = 1e-4;
constexpr double kFlatEnough = 0.9;

/// The minimum of the cubic through two points with these slopes, kept inside [low, high]; their middle if
/// there is none.
double cubic_minimum(const LinePoint& a, const LinePoint& b, double low, double high) {
  const double d1 = a.slope + b.slope - 3 * (a.loss - b.loss) / (a.t - b.t);
  const double square = d1 * d1 - a.slope * b.slope;
  if (!(square >= 0)) return (low + high) / 2;
  const double d2 = std::sqrt(square);
  const double at = a.t <= b.t ? b.t - (b.t - a.t) * ((b.slope + d2 - d1) / (b.slope - a.slope + 2 * d2))
                               : a.t - (a.t - b.t) * ((a.slope + d2 - d1) / (a.slope - b.slope + 2 * d2));
  return std::min(std::max(at, low), high);
}

}  // namespace

LineSearch strong_wolfe(const std::function<LinePoint(double)>& evaluate, const LinePoint& start, double t,
                        double longest, double tolerance_change, std::int64_t max_iterations) {
  const auto too_high = [&](const LinePoint& p) {
    return p.loss > start.loss + kEnoughDecrease * p.t * start.slope;
  };
  const auto flat = [&](const LinePoint& p) { return std::abs(p.slope) <= -kFlatEnough * start.slope; };

  LinePoint previous = start;
  LinePoint current = evaluate(t);
  std::int64_t evaluations = 1;
  std::int64_t iterations = 0;

  // Lengthen the step until an interval is known to hold what is looked for.
  std::array<LinePoint, 2> bracket;
  bool bracketed = false;
  while (iterations < max_iterations) {
    if (too_high(current) || (iterations > 1 && current.loss >= previous.loss)) {
      bracketed = true;
    } else if (flat(current)) {
      return {current, evaluations};
    } else if (current.slope >= 0) {
      bracketed = true;
    }
    if (bracketed) break;
    const double shortest_next = current.t + 0.01 * (current.t - previous.t);
    const double next = cubic_minimum(previous, current, shortest_next, current.t * 10);
    previous = std::exchange(current, evaluate(next));
    ++evaluations;
    ++iterations;
  }
  bracket = bracketed ? std::array{previous, current} : std::array{start, current};

  // Shrink the interval around it.
  const auto low_of = [&]() -> std::size_t { return bracket[0].loss <= bracket[1].loss ? 0 : 1; };
  std::size_t low = low_of();
  bool near_edge_before = false;
  bool done = false;
  while (!done && iterations < max_iterations) {
    const double left = std::min(bracket[0].t, bracket[1].t);
    const double right = std::max(bracket[0].t, bracket[1].t);
    if ((right - left) * longest < tolerance_change) break;
    double next = cubic_minimum(bracket[0], bracket[1], left, right);
    // A trial that stays at the same edge shrinks nothing: move it inwards the second time.
    const double margin = 0.1 * (right - left);
    if (std::min(right - next, next - left) < margin) {
      if (near_edge_before || next >= right || next <= left) {
        next = std::abs(next - right) < std::abs(next - left) ? right - margin : left + margin;
        near_edge_before = false;
      } else {
        near_edge_before = true;
      }
    } else {
      near_edge_before = false;
    }
    LinePoint trial = evaluate(next);
    ++evaluations;
    ++iterations;
    const std::size_t high = 1 - low;
    if (too_high(trial) || trial.loss >= bracket[low].loss) {
      bracket[high] = std::move(trial);
      low = low_of();
    } else {
      if (flat(trial)) {
        done = true;
      } else if (trial.slope * (bracket[high].t - bracket[low].t) >= 0) {
        bracket[high] = bracket[low];
      }
      bracket[low] = std::move(trial);
    }
  }
  return {bracket[low], evaluations};
}

}  // namespace ballast::optim
