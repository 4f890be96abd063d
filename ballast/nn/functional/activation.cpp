#include "ballast/nn/functional/activation.h"

namespace ballast::nn::functional {

Tensor relu(const Tensor& input, bool inplace) {
  if (!inplace) return input.relu();
  input.copy_(input.relu());
  return input;
}

}  // namespace ballast::nn::functional
