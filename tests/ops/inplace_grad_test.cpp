// Gradients of gradients through what was written in place.
#include <gtest/gtest.h>

#include "ballast/autograd/autograd.h"
#include "ballast/ops/ops.h"

namespace ballast {
namespace {

TEST(InplaceGradients, OfSecondOrderReachWhatTheTensorHeldBefore) {
  const Tensor x = randn({3, 4}, kFloat64).requires_grad_();
  const Tensor y = rand({4}, kFloat64).add(1).requires_grad_();
  const auto product = [](const autograd::variable_list& in) {
    return autograd::variable_list{in[0].mul(2).mul_(in[1])};
  };
  const auto quotient = [](const autograd::variable_list& in) {
    return autograd::variable_list{in[0].mul(2).div_(in[1])};
  };
  EXPECT_NO_THROW(autograd::gradcheck(product, {x, y}));
  EXPECT_NO_THROW(autograd::gradgradcheck(product, {x, y}));
  EXPECT_NO_THROW(autograd::gradcheck(quotient, {x, y}));
  EXPECT_NO_THROW(autograd::gradgradcheck(quotient, {x, y}));
}

}  // namespace
}  // namespace ballast
