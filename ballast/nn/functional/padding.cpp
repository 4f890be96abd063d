#include "ballast/nn/functional/padding.h"

#include "ballast/ops/padding.h"

namespace ballast::nn::functional {

Tensor pad(const Tensor& input, const PadFuncOptions& options) {
  return ballast::pad(input, options.pad(), options.mode().python(), options.value());
}

}  // namespace ballast::nn::functional
