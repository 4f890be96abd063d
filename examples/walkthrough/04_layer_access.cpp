// Parameters of a given layer, by index and by name.
#include <ballast/ballast.h>
#include <fmt/format.h>

using ballast::python_repr;
namespace nn = ballast::nn;

int main() {
  nn::Sequential mlp;
  for (const int seed : {2, 5, 42}) {
    ballast::manual_seed(seed);
    mlp = nn::Sequential{nn::Linear(4, 8), nn::ReLU(), nn::Linear(8, 1)};
    for (std::size_t i = 0; i < mlp->size(); ++i) {
      const auto layer = mlp[i];
      if (layer->has_parameter("weight")) {
        fmt::print("Layer {} [{}]: weight = {}\n", i, layer->class_name(), layer->parameter("weight").data());
      }
      if (layer->has_parameter("bias")) {
        fmt::print("Layer {} [{}]: bias = {}\n", i, layer->class_name(), layer->parameter("bias").data());
      } else {
        fmt::print("Layer {} [{}]: has no weights or bias.\n", i, layer->class_name());
      }
    }
  }

  // Where the class is known, the parameters are plain members.
  const auto& last = *mlp[2]->as<nn::Linear>();
  fmt::print("<class 'torch.{}'>\n", last.bias.is_parameter() ? "nn.parameter.Parameter" : "Tensor");
  fmt::print("{}\n", last.bias);
  fmt::print("{}\n", last.bias.data());
  fmt::print("{}\n", python_repr(!last.weight.grad().defined()));
  fmt::print("{}\n", mlp->state_dict()["2.bias"]);
  fmt::print("{}\n", mlp->get_parameter("0.weight").shape());
}
