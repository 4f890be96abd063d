#include <ballast/nn/nn.h>
#include <ballast/summary/summary.h>
#include <fmt/format.h>

namespace nn = ballast::nn;

int main() {
  nn::Sequential mlp{nn::Linear(4, 8), nn::ReLU(), nn::Linear(8, 1)};
  fmt::print("Total params: {}\n", ballast::summary(mlp, {.input_size = {1, 4}}).total().parameters);
}
