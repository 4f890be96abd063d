#include "ballast/nn/functional/dropout.h"

#include "ballast/ops/factories.h"

namespace ballast::nn::functional {

Tensor dropout(const Tensor& input, const DropoutFuncOptions& options) {
  const double p = options.p();
  check<ValueError>(p >= 0 && p <= 1, "dropout probability has to be between 0 and 1, but got {}", p);
  if (!options.training() || p == 0) return input;
  const Tensor mask = zeros(input.sizes(), input.options());
  if (p < 1) mask.bernoulli_(1 - p).div_(1 - p);
  return input.mul(mask);
}

}  // namespace ballast::nn::functional
