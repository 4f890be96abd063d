// named_parameters() and its arguments.
#include <ballast/ballast.h>
#include <fmt/format.h>

using ballast::python_tuple;
namespace nn = ballast::nn;

int main() {
  ballast::manual_seed(1);
  nn::Sequential mlp{nn::Linear(4, 8), nn::ReLU(), nn::Linear(8, 1)};

  for (const auto& [name, param] : mlp->named_parameters()) {
    fmt::print("{} = {}\n", name, param);
  }

  fmt::print("prefix:\n");
  for (const auto& [name, param] : mlp->named_parameters({.prefix = "net"})) {
    fmt::print("{} {}\n", name, python_tuple(param.sizes()));
  }
  fmt::print("recurse=False:\n");
  for (const auto& [name, param] : mlp->named_parameters({.recurse = false})) {
    fmt::print("{} {}\n", name, python_tuple(param.sizes()));
  }
  fmt::print("one layer, recurse=False:\n");
  for (const auto& [name, param] : mlp[0]->named_parameters({.prefix = "layer", .recurse = false})) {
    fmt::print("{} {}\n", name, python_tuple(param.sizes()));
  }
}
