// Custom initialisation; zeros keep the sign of the value they replace.
#include <ballast/ballast.h>
#include <fmt/format.h>

namespace nn = ballast::nn;
namespace init = ballast::nn::init;

void my_init(nn::Module& m) {
  if (auto* linear = m.as<nn::Linear>()) {
    init::uniform_(linear->weight, -10, 10);
    linear->weight.data() *= linear->weight.data().abs() >= 5;
  }
}

int main() {
  nn::Sequential mlp;
  for (const int seed : {0, 7}) {
    ballast::manual_seed(seed);
    mlp = nn::Sequential{nn::Linear(4, 8), nn::ReLU(), nn::Linear(8, 1)};
    mlp->apply(my_init);
    for (const auto& [name, param] : mlp->named_parameters()) {
      fmt::print("{}:\n{}\n", name, param.data());
    }
  }

  const auto weight = mlp[0]->parameter("weight").data();
  weight += 1;
  weight[0][0] = 42;
  fmt::print("{}\n", mlp[0]->parameter("weight").data()[0]);
}
