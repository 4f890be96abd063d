// A layer used twice: one set of parameters under two names.
#include <string>
#include <vector>

#include <ballast/ballast.h>
#include <fmt/format.h>
#include <fmt/ranges.h>

using ballast::python_list;
using ballast::python_repr;
namespace nn = ballast::nn;

int main() {
  ballast::manual_seed(0);
  nn::Linear shared_layer(8, 8);
  nn::Sequential mlp{
      nn::Linear(4, 8),  // 0
      nn::ReLU(),        // 1
      shared_layer,      // 2
      nn::ReLU(),        // 3
      shared_layer,      // 4 - shares its parameters with layer 2
      nn::ReLU(),        // 5
      nn::Linear(8, 1),  // 6
  };

  std::vector<std::string> pairs;
  for (const auto& [name, param] : mlp->named_parameters({.remove_duplicate = false})) {
    pairs.push_back(fmt::format("({}, {})", python_repr(name), param));
  }
  fmt::print("{}\n", fmt::join(pairs, "\n\n"));
  fmt::print("\n");
  fmt::print("{}\n", mlp);
  fmt::print("{}\n", python_list(mlp->named_parameters().keys()));
  fmt::print("{}\n", python_list(mlp->named_parameters({.remove_duplicate = false}).keys()));
  fmt::print("{}\n", python_list(mlp->state_dict().keys()));
  fmt::print("{}\n", python_list(mlp->named_modules().keys()));
  fmt::print("{}\n", python_list(mlp->named_modules({.remove_duplicate = false}).keys()));
  fmt::print("{}\n", python_list(mlp->named_children().keys()));
  fmt::print("{} {}\n", mlp->children().size(), mlp->modules().size());
}
