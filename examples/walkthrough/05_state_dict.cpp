// state_dict(): parameters and buffers by name.
#include <ballast/ballast.h>
#include <fmt/format.h>

namespace nn = ballast::nn;

int main() {
  ballast::manual_seed(3);
  nn::Sequential mlp{nn::Linear(4, 8), nn::ReLU(), nn::Linear(8, 1)};

  for (std::size_t i = 0; i < mlp->size(); ++i) {
    fmt::print("{}\n", mlp[i]->state_dict());
  }

  for (const auto& [k, v] : mlp->state_dict()) {
    fmt::print("{}: {}\n", k, v);
  }
}
