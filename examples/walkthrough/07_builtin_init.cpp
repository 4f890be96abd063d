// The built-in initialisers, each on a fresh tensor.
#include <functional>
#include <string>
#include <vector>

#include <ballast/ballast.h>
#include <fmt/format.h>

using ballast::python_repr;
using ballast::Tensor;
namespace init = ballast::nn::init;

int main() {
  struct Call {
    std::string text;  // the name, then Python's positional and named arguments
    std::function<Tensor(const Tensor&)> run;
  };
  const double tanh_gain = init::calculate_gain("tanh");
  const std::vector<Call> calls{
      {"normal_ () {}", [](const Tensor& w) { return init::normal_(w); }},
      {"normal_ (2.0, 0.5) {}", [](const Tensor& w) { return init::normal_(w, 2.0, 0.5); }},
      {"uniform_ () {}", [](const Tensor& w) { return init::uniform_(w); }},
      {"uniform_ (-1.0, 1.0) {}", [](const Tensor& w) { return init::uniform_(w, -1.0, 1.0); }},
      {"constant_ (0.3,) {}", [](const Tensor& w) { return init::constant_(w, 0.3); }},
      {"ones_ () {}", [](const Tensor& w) { return init::ones_(w); }},
      {"zeros_ () {}", [](const Tensor& w) { return init::zeros_(w); }},
      {"eye_ () {}", [](const Tensor& w) { return init::eye_(w); }},
      {"trunc_normal_ () {}", [](const Tensor& w) { return init::trunc_normal_(w); }},
      {"kaiming_normal_ () {}", [](const Tensor& w) { return init::kaiming_normal_(w); }},
      {"kaiming_uniform_ () {'mode': 'fan_out', 'nonlinearity': 'relu'}",
       [](const Tensor& w) { return init::kaiming_uniform_(w, 0, "fan_out", "relu"); }},
      {"xavier_normal_ () {}", [](const Tensor& w) { return init::xavier_normal_(w); }},
      {"xavier_uniform_ () {'gain': " + python_repr(tanh_gain) + "}",
       [&](const Tensor& w) { return init::xavier_uniform_(w, tanh_gain); }},
      {"orthogonal_ () {}", [](const Tensor& w) { return init::orthogonal_(w); }},
      {"sparse_ (0.5,) {}", [](const Tensor& w) { return init::sparse_(w, 0.5); }},
  };
  for (const auto& [text, run] : calls) {
    ballast::manual_seed(0);
    const Tensor w = ballast::empty({4, 5});
    const Tensor out = run(w);
    fmt::print("{} {}\n", text, python_repr(out.is_same(w)));
    fmt::print("{}\n", w);
  }

  ballast::manual_seed(0);
  const Tensor w = ballast::empty({2, 3, 3});
  fmt::print("{}\n", init::dirac_(w));
  const ballast::Parameter p(ballast::empty({2, 2}));
  fmt::print("{}\n", init::normal_(p));
  for (const char* nonlinearity :
       {"linear", "sigmoid", "tanh", "relu", "leaky_relu", "selu", "conv2d", "conv_transpose3d"}) {
    fmt::print("{} {}\n", nonlinearity, init::calculate_gain(nonlinearity));
  }
  fmt::print("{}\n", init::calculate_gain("leaky_relu", 0.2));
}
