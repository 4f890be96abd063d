// analyze_model_parameters: a table of what a model holds.
#include <ballast/ballast.h>
#include <fmt/format.h>

namespace nn = ballast::nn;

int main() {
  ballast::manual_seed(0);
  nn::Sequential mlp{nn::Linear(4, 8), nn::ReLU(), nn::Linear(8, 1)};
  fmt::print("{}", ballast::analyze_model_parameters(mlp));

  nn::Linear shared_layer(8, 8);
  nn::Sequential tied{nn::Linear(4, 8), nn::ReLU(), shared_layer,    nn::ReLU(),
                      shared_layer,     nn::ReLU(), nn::Linear(8, 1)};
  fmt::print("{}", ballast::analyze_model_parameters(tied));

  nn::Sequential big;
  big->add_module("a_rather_long_name_of_a_layer", nn::Conv2d(64, 128, 3));
  big->add_module("norm", nn::BatchNorm2d(128));
  big->add_module("fc", nn::Linear(1024, 1000));
  for (const auto& p : big[0]->parameters()) {
    p.requires_grad_(false);
  }
  big->get_submodule("norm")->requires_grad_(false);
  fmt::print("{}", ballast::analyze_model_parameters(big));
  fmt::print("{}", ballast::analyze_model_parameters(nn::ReLU()));
}
