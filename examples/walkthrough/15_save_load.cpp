// Saving and loading: the parameters, and a whole training checkpoint.
#include <algorithm>
#include <filesystem>
#include <string>
#include <vector>

#include <ballast/ballast.h>
#include <fmt/format.h>

using ballast::python_list;
using ballast::python_repr;
using ballast::Tensor;
using ballast::checkpoint::Value;
namespace nn = ballast::nn;

nn::Sequential build() { return nn::Sequential{nn::Linear(4, 8), nn::ReLU(), nn::Linear(8, 1)}; }

int main() {
  ballast::manual_seed(0);
  nn::Sequential model = build();
  ballast::save(model->state_dict(), "model_parameters.pth");

  ballast::manual_seed(1);
  nn::Sequential other = build();
  const Tensor x = ballast::arange(8.0).reshape({2, 4}) / 4 - 1;
  fmt::print("{}\n", python_repr(model(x).equal(other(x))));
  fmt::print("{}\n", other->load_state_dict(ballast::load("model_parameters.pth")));
  fmt::print("{}\n", python_repr(model(x).equal(other(x))));
  for (const auto& [k, v] : ballast::load("model_parameters.pth").state_dict()) {
    fmt::print("{}: {}\n", k, v);
  }
}
