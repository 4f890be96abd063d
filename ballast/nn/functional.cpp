#include "ballast/nn/functional.h"

#include "ballast/core/error.h"

namespace ballast::nn::functional {

Tensor linear(const Tensor& input, const Tensor& weight, const Tensor& bias) {
  const Tensor product = input.matmul(weight.t());
  return bias.defined() ? product.add(bias) : product;
}

Tensor relu(const Tensor& input, bool inplace) {
  if (!inplace) return input.relu();
  input.copy_(input.relu());
  return input;
}

}  // namespace ballast::nn::functional
