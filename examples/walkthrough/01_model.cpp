// The example model, and how modules print.
#include <ballast/ballast.h>
#include <fmt/format.h>

namespace nn = ballast::nn;

int main() {
  ballast::manual_seed(0);

  // Braces, not parentheses: they promise that the layers are made from left to right, so that each draws the
  // numbers it would draw in Python. C++ leaves the order of arguments in parentheses open.
  nn::Sequential mlp{nn::Linear(4, 8), nn::ReLU(), nn::Linear(8, 1)};
  fmt::print("{}\n", mlp);
  fmt::print("{}\n", mlp->size());
  fmt::print("{}\n", *mlp[0]);
  fmt::print("{}\n", *mlp[-1]);
  fmt::print("{}\n", mlp->slice(0, 2));
  fmt::print("{}\n", *mlp[1]);
}
