// smart_init: each kind of layer gets the initialisation that suits it.
#include <ballast/ballast.h>
#include <fmt/format.h>

namespace nn = ballast::nn;

void smart_init(const nn::Module& model) {
  for (const auto& [name, module] : model.named_modules()) {
    if (auto* linear = module->as<nn::Linear>()) {
      nn::init::xavier_uniform_(linear->weight);
      if (linear->bias.defined()) {
        nn::init::constant_(linear->bias, 0);
      }
    } else if (auto* conv = module->as<nn::Conv2d>()) {
      nn::init::kaiming_normal_(conv->weight, 0, "fan_out", "relu");
      if (conv->bias.defined()) {
        nn::init::constant_(conv->bias, 0);
      }
    } else if (module->as<nn::BatchNorm2d>() != nullptr || module->as<nn::GroupNorm>() != nullptr) {
      nn::init::constant_(module->parameter("weight"), 1);
      nn::init::constant_(module->parameter("bias"), 0);
    }
  }
}

int main() {
  ballast::manual_seed(0);
  nn::Sequential net{nn::Conv2d(3, 4, 3),
                     nn::BatchNorm2d(4),
                     nn::ReLU(),
                     nn::GroupNorm(2, 4),
                     nn::Flatten(),
                     nn::Linear(16, 3),
                     nn::Linear(nn::LinearOptions(3, 2).bias(false))};
  ballast::manual_seed(11);
  smart_init(*net);
  for (const auto& [name, param] : net->named_parameters()) {
    fmt::print("{} = {}\n", name, param);
  }
  fmt::print("{}\n", ballast::rand(3));
}
