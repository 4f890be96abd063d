#include <ballast/ballast.h>
#include <fmt/format.h>

namespace nn = ballast::nn;

int main() {
  ballast::manual_seed(0);
  nn::Sequential mlp{nn::Linear(4, 8), nn::ReLU(), nn::Linear(8, 1)};
  ballast::save(mlp->state_dict(), "mlp.pth");
  fmt::print("{}\n", mlp->load_state_dict(ballast::load("mlp.pth").state_dict()));
}
