// parameters(): every parameter of a model, without names.
#include <ballast/ballast.h>
#include <fmt/format.h>

namespace nn = ballast::nn;

int main() {
  ballast::manual_seed(0);
  nn::Sequential mlp{nn::Linear(4, 8), nn::ReLU(), nn::Linear(8, 1)};

  for (const auto& param : mlp->parameters()) {
    fmt::print("{}\n", param);
  }

  fmt::print("recurse=False:\n");
  for (const auto& param : mlp->parameters(/*recurse=*/false)) {
    fmt::print("{}\n", param);
  }
  fmt::print("count: {} {}\n", mlp->parameters(false).size(), mlp->parameters(true).size());
}
