// state_dict() with a prefix, into a dictionary there is already, and with the parameters themselves.
#include <string>
#include <vector>

#include <ballast/ballast.h>
#include <fmt/format.h>
#include <fmt/ranges.h>

using ballast::python_list;
using ballast::python_repr;
using ballast::StateDict;
namespace nn = ballast::nn;

std::string requires_grad_of(const StateDict& state) {
  std::vector<std::string> entries;
  for (const auto& [k, v] : state) {
    entries.push_back(fmt::format("{}: {}", python_repr(k), python_repr(v.requires_grad())));
  }
  return fmt::format("{{{}}}", fmt::join(entries, ", "));
}

int main() {
  ballast::manual_seed(4);
  nn::Sequential mlp{nn::Linear(2, 3), nn::ReLU(), nn::Linear(3, 1)};
  auto first = mlp[0]->as<nn::Linear>();
  auto last = mlp[2]->as<nn::Linear>();

  fmt::print("{}\n", python_list(mlp->state_dict({.prefix = "net."}).keys()));
  fmt::print("{}\n", python_list(mlp->state_dict({.prefix = "net"}).keys()));
  StateDict d;
  d.insert("first", ballast::tensor({1, 2}));
  StateDict& r = mlp->state_dict(d, "m.");
  fmt::print("{} {}\n", python_repr(&r == &d), python_list(d.keys()));
  const StateDict kept = mlp->state_dict({.keep_vars = true});
  fmt::print("{}\n", kept["2.bias"]);
  fmt::print("{}\n", mlp->state_dict()["2.bias"]);
  fmt::print("{}\n", requires_grad_of(kept));
  fmt::print("{}\n", requires_grad_of(mlp->state_dict()));
  fmt::print("{} {}\n", python_repr(kept["0.weight"].is_same(first->weight)),
             python_repr(mlp->state_dict()["0.weight"].is_same(first->weight)));
  const StateDict s = mlp->state_dict();
  s["2.bias"].fill_(7);
  fmt::print("{}\n", last->bias);
  mlp(ballast::ones({1, 2})).sum().backward();
  fmt::print("{}\n", mlp->state_dict({.keep_vars = true})["2.bias"].grad());
  fmt::print("{}\n", mlp->state_dict()["2.bias"].grad());
  fmt::print("{}\n", kept);
  fmt::print("{}\n", nn::BatchNorm1d(2)->state_dict());
}
