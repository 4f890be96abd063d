#include "ballast/nn/functional/linear.h"

#include "ballast/ops/matmul.h"

namespace ballast::nn::functional {

Tensor linear(const Tensor& input, const Tensor& weight, const Tensor& bias) {
  return ballast::linear(input, weight, bias);
}

Tensor bilinear(const Tensor& input1, const Tensor& input2, const Tensor& weight, const Tensor& bias) {
  check<ShapeError>(input1.dim() == input2.dim(), "bilinear(): input dimensions do not match: got {} and {}",
                    input1.dim(), input2.dim());
  const auto batch_of = [](const Tensor& t) { return t.sizes().slice(0, t.sizes().size() - 1); };
  check<ShapeError>(input1.dim() > 0 && batch_of(input1) == batch_of(input2),
                    "bilinear(): input batch dimensions do not match: got {} and {}", Shown{input1.sizes()},
                    Shown{input2.sizes()});
  check<ShapeError>(
      weight.dim() == 3 && input1.size(-1) == weight.size(1) && input2.size(-1) == weight.size(2),
      "bilinear(): inputs of shapes {} and {} do not fit a weight of shape {}", Shown{input1.sizes()},
      Shown{input2.sizes()}, Shown{weight.sizes()});
  const std::int64_t in1 = weight.size(1);
  const std::int64_t in2 = weight.size(2);
  // For each row: x1 times all W at once, [out, in2], then each of these times x2.
  const Tensor x1 = input1.reshape({-1, in1});
  const Tensor x2 = input2.reshape({-1, in2});
  const Tensor partial =
      x1.matmul(weight.permute({1, 0, 2}).reshape({in1, -1})).view({x1.size(0), weight.size(0), in2});
  Tensor out = partial.matmul(x2.unsqueeze(2)).squeeze(2);
  if (bias.defined()) out = out.add(bias);
  Dims sizes(input1.sizes());
  sizes.back() = weight.size(0);
  return out.reshape(sizes);
}

}  // namespace ballast::nn::functional
