// Meta-learning (MAML, Finn et al. 2017): parameters from which one step of descent fits any sine. What is shared: the starting
// point, by all tasks; its gradient goes through the step, to second order.
#include <numbers>

#include "examples/training/example.h"

namespace nn = ballast::nn;
namespace F = ballast::nn::functional;
using ballast::Tensor;

struct Task {
  Tensor support_x, support_y, query_x, query_y;  // [10, 1] each
};

Task new_task() {
  const double amplitude = 0.1 + 4.9 * ballast::rand({}).item<double>();
  const double phase = std::numbers::pi * ballast::rand({}).item<double>();
  const auto points = [&] { return ballast::rand({10, 1}) * 10 - 5; };
  const auto sine = [&](const Tensor& x) { return ballast::sin(x - phase) * amplitude; };
  const Tensor a = points();
  const Tensor b = points();
  return {a, sine(a), b, sine(b)};
}

/// The network as a function of its parameters: weight and bias of three layers.
Tensor network(const Tensor& x, const std::vector<Tensor>& p) {
  const Tensor h = ballast::relu(F::linear(x, p[0], p[1]));
  return F::linear(ballast::relu(F::linear(h, p[2], p[3])), p[4], p[5]);
}

/// The parameters after a step of descent on the task's support points.
std::vector<Tensor> adapted(const Task& task, const std::vector<Tensor>& start, bool create_graph) {
  const auto grads = ballast::autograd::grad({F::mse_loss(network(task.support_x, start), task.support_y)},
                                             start, {}, {}, create_graph);
  std::vector<Tensor> out;
  for (std::size_t i = 0; i < start.size(); ++i) out.push_back(start[i] - grads[i] * 0.01);
  return out;
}

Tensor loss_after_step(const Task& task, const std::vector<Tensor>& start) {
  return F::mse_loss(network(task.query_x, adapted(task, start, true)), task.query_y);
}

int main(int argc, char** argv) {
  const int steps = example::is_quick(argc, argv) ? 10 : 1500;
  ballast::manual_seed(0);
  nn::Sequential net{nn::Linear(1, 40), nn::ReLU(), nn::Linear(40, 40), nn::ReLU(), nn::Linear(40, 1)};
  const std::vector<Tensor> start = net->parameters();
  std::int64_t held = 0;
  for (const Tensor& p : start) held += p.numel();
  fmt::print(
      "{}\n{} parameters, the start of every task: a network for each of 8 tasks would be {} bytes more\n",
      net, held, 7 * held * 4);
  {
    const Task a = new_task();
    const Task b = new_task();
    const auto of = [&](const Tensor& loss) { return ballast::autograd::grad({loss}, {start[2]})[0]; };
    const Tensor together = of(loss_after_step(a, start) + loss_after_step(b, start));
    fmt::print("gradient for two tasks against the sum of one for each: {:.1e} apart\n",
               example::relative_difference(of(loss_after_step(a, start)) + of(loss_after_step(b, start)),
                                            together));
  }

  ballast::optim::Adam adam(start, ballast::optim::AdamOptions(1e-3));
  const example::Clock clock;
  double smooth = 0;
  for (int step = 1; step <= steps; ++step) {
    Tensor loss = ballast::zeros({});
    for (int i = 0; i < 8; ++i) loss = loss + loss_after_step(new_task(), start) / 8;
    adam.zero_grad();
    loss.backward();
    adam.step();
    smooth = step == 1 ? loss.item<double>() : 0.98 * smooth + 0.02 * loss.item<double>();
    if (step % 500 == 0 || step == steps) fmt::print("step {:4}: loss after one step {:.4f}\n", step, smooth);
  }
  ballast::manual_seed(1);
  double before = 0;
  double after = 0;
  constexpr int kTasks = 200;
  for (int i = 0; i < kTasks; ++i) {
    const Task task = new_task();
    before += F::mse_loss(network(task.query_x, start), task.query_y).item<double>() / kTasks;
    after +=
        F::mse_loss(network(task.query_x, adapted(task, start, false)), task.query_y).item<double>() / kTasks;
  }
  fmt::print("{} new tasks: error {:.4f} before the step, {:.4f} after it, in {:.1f} s\n", kTasks, before,
             after, clock.seconds());
}
