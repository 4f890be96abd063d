#include "ballast/ops/activation.h"

#include <cmath>

#include "ballast/autograd/tape.h"
#include "ballast/ops/arithmetic.h"
#include "ballast/ops/comparison.h"
#include "ballast/ops/elementwise.h"
#include "ballast/ops/factories.h"
#include "ballast/ops/join.h"
#include "ballast/ops/pointwise.h"
#include "ballast/ops/promotion.h"
#include "ballast/ops/random.h"
#include "ballast/ops/selection.h"
#include "ballast/ops/unary.h"

namespace ballast {
namespace {

using detail::pointwise;
using detail::pointwise_inplace;
using detail::PointwiseOp;
using F = detail::Pointwise;

PointwiseOp elu_op(const Scalar& alpha, const Scalar& scale, const Scalar& input_scale) {
  return {.f = F::kElu,
          .kernel = "elu_cpu",
          .name = "EluBackward0",
          .gradient_name = "EluBackwardBackward0",
          .parameters = {alpha.toDouble(), scale.toDouble(), input_scale.toDouble()}};
}
PointwiseOp celu_op(const Scalar& alpha) {
  const double a = alpha.toDouble();
  check<ValueError>(a != 0, "ZeroDivisionError: alpha cannot be 0 for CELU");
  PointwiseOp op = elu_op(alpha, 1, 1 / a);
  op.name = "CeluBackward0";
  return op;
}
PointwiseOp selu_op() { return elu_op(1.6732632423543772848, 1.0507009873554804934, 1); }

PointwiseOp gelu_op(std::string_view approximate) {
  check<ValueError>(approximate == "none" || approximate == "tanh",
                    "approximate argument must be either none or tanh.");
  return {.f = approximate == "none" ? F::kGelu : F::kGeluTanh,
          .kernel = "GeluKernelImpl",
          .name = "GeluBackward0",
          .gradient_name = "GeluBackwardBackward0"};
}

PointwiseOp hardshrink_op(const Scalar& lambda) {
  return {.f = F::kHardshrink,
          .kernel = "hardshrink_cpu",
          .name = "HardshrinkBackward0",
          .gradient_name = "HardshrinkBackwardBackward0",
          .parameters = {lambda.toDouble()},
          .bends = false};
}

constexpr PointwiseOp kHardsigmoid{.f = F::kHardsigmoid,
                                   .kernel = "hardsigmoid_cpu",
                                   .name = "HardsigmoidBackward0",
                                   .gradient_name = "HardsigmoidBackwardBackward0",
                                   .bends = false};
constexpr PointwiseOp kHardswish{.f = F::kHardswish,
                                 .kernel = "hardswish_cpu",
                                 .name = "HardswishBackward0",
                                 .gradient_name = "HardswishBackwardBackward0",
                                 .third = 0};
constexpr PointwiseOp kLogSigmoid{.f = F::kLogSigmoid,
                                  .kernel = "log_sigmoid_cpu",
                                  .name = "LogSigmoidBackward0",
                                  .gradient_name = "LogSigmoidBackwardBackward0"};
constexpr PointwiseOp kMish{
    .f = F::kMish, .kernel = "mish_cpu", .name = "MishBackward0", .gradient_name = "MishBackwardBackward0"};
constexpr PointwiseOp kSilu{
    .f = F::kSilu, .kernel = "silu_cpu", .name = "SiluBackward0", .gradient_name = "SiluBackwardBackward0"};
// In PyTorch these two are compositions, known by their last parts.
constexpr PointwiseOp kSoftsign{.f = F::kSoftsign,
                                .kernel = "softsign_cpu",
                                .name = "DivBackward0",
                                .gradient_name = "SoftsignBackwardBackward0"};
constexpr PointwiseOp kTanhshrink{.f = F::kTanhshrink,
                                  .kernel = "tanhshrink_cpu",
                                  .name = "SubBackward0",
                                  .gradient_name = "TanhshrinkBackwardBackward0"};

PointwiseOp hardtanh_op(const Scalar& min, const Scalar& max) {
  check<ValueError>(!(min.toDouble() > max.toDouble()), "min_val cannot be greater than max_val");
  return {.f = F::kHardtanh,
          .kernel = "hardtanh_cpu",
          .name = "HardtanhBackward0",
          .gradient_name = "HardtanhBackwardBackward0",
          .parameters = {min.toDouble(), max.toDouble()},
          .bends = false,
          .in_place_of_result = true};
}

PointwiseOp leaky_relu_op(const Scalar& slope) {
  return {.f = F::kLeakyRelu,
          .kernel = "leaky_relu_cpu",
          .name = "LeakyReluBackward0",
          .gradient_name = "LeakyReluBackwardBackward0",
          .parameters = {slope.toDouble()},
          .bends = false,
          .in_place_of_result = slope.toDouble() >= 0};
}

PointwiseOp softplus_op(const Scalar& beta, const Scalar& threshold) {
  return {.f = F::kSoftplus,
          .kernel = "softplus_cpu",
          .name = "SoftplusBackward0",
          .gradient_name = "SoftplusBackwardBackward0",
          .parameters = {beta.toDouble(), threshold.toDouble()}};
}

PointwiseOp threshold_op(const Scalar& threshold, const Scalar& value) {
  return {.f = F::kThreshold,
          .kernel = "threshold_cpu",
          .name = "ThresholdBackward0",
          .gradient_name = "ThresholdBackwardBackward0",
          .parameters = {threshold.toDouble(), value.toDouble()},
          .bends = false,
          .in_place_of_result = value.toDouble() <= threshold.toDouble()};
}

/// In the type of real results: integers become floats.
Tensor real(const Tensor& x) { return x.to(real_result_type(x.dtype())); }

void check_threshold_type(const Tensor& x) { check_kernel<kIntegers | kReals>(x.dtype(), "threshold_cpu"); }

Tensor whole_threshold(const Tensor& x, const Scalar& threshold, const Scalar& value) {
  return where(x.le(threshold), full({}, value, x.options()), x);
}

void check_hardtanh_type(const Tensor& x) {
  check<DTypeError>(x.dtype() != kBool, "Bool inputs not supported for hardtanh");
}

}  // namespace

Tensor elu(const Tensor& self, const Scalar& alpha, const Scalar& scale, const Scalar& input_scale) {
  return pointwise(elu_op(alpha, scale, input_scale), self);
}
const Tensor& elu_(const Tensor& self, const Scalar& alpha, const Scalar& scale, const Scalar& input_scale) {
  return pointwise_inplace(elu_op(alpha, scale, input_scale), self);
}
Tensor selu(const Tensor& self) { return pointwise(selu_op(), self); }
const Tensor& selu_(const Tensor& self) { return pointwise_inplace(selu_op(), self); }
Tensor celu(const Tensor& self, const Scalar& alpha) { return pointwise(celu_op(alpha), self); }
const Tensor& celu_(const Tensor& self, const Scalar& alpha) {
  return pointwise_inplace(celu_op(alpha), self);
}
Tensor gelu(const Tensor& self, std::string_view approximate) {
  return pointwise(gelu_op(approximate), self);
}
const Tensor& gelu_(const Tensor& self, std::string_view approximate) {
  return pointwise_inplace(gelu_op(approximate), self);
}
Tensor hardshrink(const Tensor& self, const Scalar& lambda) { return pointwise(hardshrink_op(lambda), self); }
Tensor hardsigmoid(const Tensor& self) { return pointwise(kHardsigmoid, self); }
const Tensor& hardsigmoid_(const Tensor& self) { return pointwise_inplace(kHardsigmoid, self); }
Tensor hardswish(const Tensor& self) { return pointwise(kHardswish, self); }
const Tensor& hardswish_(const Tensor& self) { return pointwise_inplace(kHardswish, self); }
Tensor hardtanh(const Tensor& self, const Scalar& min, const Scalar& max) {
  check_hardtanh_type(self);
  const PointwiseOp op = hardtanh_op(min, max);
  return is_integral(self.dtype(), false) ? self.clamp(min.toLong(), max.toLong()) : pointwise(op, self);
}
const Tensor& hardtanh_(const Tensor& self, const Scalar& min, const Scalar& max) {
  check_hardtanh_type(self);
  const PointwiseOp op = hardtanh_op(min, max);
  return is_integral(self.dtype(), false) ? self.clamp_(min.toLong(), max.toLong())
                                          : pointwise_inplace(op, self);
}
Tensor leaky_relu(const Tensor& self, const Scalar& negative_slope) {
  return pointwise(leaky_relu_op(negative_slope), self);
}
const Tensor& leaky_relu_(const Tensor& self, const Scalar& negative_slope) {
  return pointwise_inplace(leaky_relu_op(negative_slope), self);
}
Tensor log_sigmoid(const Tensor& self) { return pointwise(kLogSigmoid, self); }
Tensor mish(const Tensor& self) { return pointwise(kMish, self); }
const Tensor& mish_(const Tensor& self) { return pointwise_inplace(kMish, self); }
Tensor silu(const Tensor& self) { return pointwise(kSilu, self); }
const Tensor& silu_(const Tensor& self) { return pointwise_inplace(kSilu, self); }
Tensor softplus(const Tensor& self, const Scalar& beta, const Scalar& threshold) {
  return pointwise(softplus_op(beta, threshold), self);
}
Tensor softshrink(const Tensor& self, const Scalar& lambda) {
  check<ValueError>(lambda.toDouble() >= 0, "lambda must be greater or equal to 0, but found to be {}.",
                    lambda.toDouble());
  return pointwise({.f = F::kSoftshrink,
                    .kernel = "softshrink_cpu",
                    .name = "SoftshrinkBackward0",
                    .gradient_name = "SoftshrinkBackwardBackward0",
                    .parameters = {lambda.toDouble()},
                    .bends = false},
                   self);
}
Tensor softsign(const Tensor& self) { return pointwise(kSoftsign, real(self)); }
Tensor tanhshrink(const Tensor& self) { return pointwise(kTanhshrink, real(self)); }
Tensor threshold(const Tensor& self, const Scalar& threshold, const Scalar& value) {
  check_threshold_type(self);
  if (!self.is_floating_point()) return whole_threshold(self, threshold, value);
  return pointwise(threshold_op(threshold, value), self);
}
const Tensor& threshold_(const Tensor& self, const Scalar& threshold, const Scalar& value) {
  check_threshold_type(self);
  if (!self.is_floating_point()) return self.copy_(whole_threshold(self, threshold, value));
  return pointwise_inplace(threshold_op(threshold, value), self);
}

const Tensor& relu_(const Tensor& self) {
  check<DTypeError>(self.dtype() != kBool, "Boolean inputs not supported for relu");
  if (!self.is_floating_point()) return self.copy_(self.relu());
  PointwiseOp op = threshold_op(0, 0);
  op.name = "ReluBackward0";
  op.kernel = "clamp_min_scalar_cpu";
  return pointwise_inplace(op, self);
}

Tensor glu(const Tensor& self, std::int64_t dim) {
  check<ShapeError>(self.dim() > 0, "glu does not support scalars because halving size must be even");
  const std::int64_t d = wrap_dim(dim, self.dim());
  const std::int64_t size = self.size(d);
  check<ShapeError>(size % 2 == 0, "Halving dimension must be even, but dimension {} is size {}", d, size);
  check_kernel<kReals>(self.dtype(), "glu_cpu");
  const Tape tape(self);
  const auto half = [d, size](const Tensor& t, std::int64_t i) {
    return t.narrow(d, i * (size / 2), size / 2);
  };
  Tensor out = half(self, 0).mul(half(self, 1).sigmoid());
  if (tape.on()) {
    tape.record("GluBackward0", out, saved(self), [d, half](Backward& b) {
      const Tensor gate = half(b.saved(0), 1).sigmoid();
      const Tensor of_value = b.grad().mul(gate);
      const Tensor of_gate = of_value.mul(gate.neg().add(1)).mul(half(b.saved(0), 0));
      b.give(0, cat({of_value, of_gate}, d));
    });
  }
  return out;
}

namespace {

struct Prelu {
  static constexpr const char* kName = "prelu_cpu";
  static constexpr DTypeSet kTypes = kReals;
  template <class T>
  T operator()(T x, T slope) const {
    return x > 0 ? x : slope * x;
  }
};

}  // namespace

Tensor prelu(const Tensor& self, const Tensor& weight) {
  check<DTypeError>(self.dtype() == weight.dtype(), "prelu: Type promoting not supported. Got {} and {}",
                    dtype_error_name(self.dtype()), dtype_error_name(weight.dtype()));
  check<ShapeError>(weight.dim() <= 1,
                    "prelu: Expected `weight` to be a scalar or 1D tensor, but got: ndim = {}", weight.dim());
  if (weight.numel() != 1) {
    check<ShapeError>(self.dim() > 0, "Not allow zero-dim input tensor.");
    const std::int64_t channels = self.dim() > 1 ? self.size(1) : 1;
    check<ShapeError>(
        channels == weight.numel(),
        "Mismatch of parameter numbers and input channel size. Found parameter numbers = {} and "
        "channel size = {}.",
        weight.numel(), channels);
  }
  Dims shape(static_cast<std::size_t>(self.dim()), 1);
  if (self.dim() > 1) shape[1] = weight.numel();
  const Tensor slope = weight.reshape(shape);
  const Tape tape(self, slope);
  Tensor out = binary(self, slope, self.dtype(), Prelu{});
  if (tape.on()) {
    tape.record("PreluKernelBackward0", out, saved(self, slope), [](Backward& b) {
      const Tensor above = b.saved(0).gt(0);
      const Tensor nothing = zeros({}, b.grad().options());
      if (b.wants(0)) b.give(0, where(above, b.grad(), b.grad().mul(b.saved(1))));
      if (b.wants(1)) b.give(1, where(above, nothing, b.grad().mul(b.saved(0))));
    });
  }
  return out;
}

namespace {

void check_bounds(double lower, double upper) {
  check<ValueError>(lower <= upper, "Lower bound should be less than or equal to the upper bound");
}

/// x times a number of U(lower, upper) where it is not above 0; and what it was multiplied with.
struct RandomLeak {
  Tensor product, noise;
};
RandomLeak random_leak(const Tensor& x, double lower, double upper,
                       const std::optional<Generator>& generator) {
  RandomLeak leak{empty(x.sizes(), x.options()), empty(x.sizes(), x.options())};
  if (x.is_meta()) return leak;
  const Tensor from = x.contiguous();
  Generator::State& state = generator_or_default(generator).state();
  const std::lock_guard lock(state.mutex);
  visit_dtype_of<kReals>(x.dtype(), "rrelu_with_noise_out_cpu", [&]<class T>(std::type_identity<T>) {
    const auto* const in = static_cast<const std::byte*>(from.data_ptr());
    auto* const product = static_cast<std::byte*>(leak.product.data_ptr());
    auto* const noise = static_cast<std::byte*>(leak.noise.data_ptr());
    // PyTorch rounds the limits to the type of the elements, draws in double, and rounds what it drew.
    const auto low = static_cast<double>(convert_element<T>(lower));
    const auto high = static_cast<double>(convert_element<T>(upper));
    for (std::int64_t i = 0; i < x.numel(); ++i) {
      const std::int64_t at = i * static_cast<std::int64_t>(sizeof(T));
      const auto value = load_for_compute<T>(in + at);
      T slope = convert_element<T>(1);
      if (value <= 0) {
        constexpr std::uint64_t kMost = (std::uint64_t{1} << 53) - 1;
        const double unit = static_cast<double>(state.engine.next64() & kMost) * 0x1p-53;
        slope = convert_element<T>(unit * (high - low) + low);
      }
      store(product + at, convert_element<T>(value * to_compute(slope)));
      store(noise + at, slope);
    }
  });
  return leak;
}

}  // namespace

Tensor rrelu(const Tensor& self, double lower, double upper, bool training,
             const std::optional<Generator>& generator) {
  check_bounds(lower, upper);
  if (!training) {
    PointwiseOp op = leaky_relu_op((lower + upper) / 2);
    op.name = "RreluWithNoiseBackward0";
    return pointwise(op, self);
  }
  const Tape tape(self);
  const RandomLeak leak = random_leak(self, lower, upper, generator);
  if (tape.on()) {
    tape.record("RreluWithNoiseBackward0", leak.product, saved(leak.noise),
                [](Backward& b) { b.give(0, b.grad().mul(b.saved(0))); });
  }
  return leak.product;
}

const Tensor& rrelu_(const Tensor& self, double lower, double upper, bool training,
                     const std::optional<Generator>& generator) {
  check_bounds(lower, upper);
  if (!training) {
    PointwiseOp op = leaky_relu_op((lower + upper) / 2);
    op.name = "RreluWithNoiseBackward1";
    return pointwise_inplace(op, self);
  }
  const InplaceTape tape(self);
  check_inplace(self);
  const RandomLeak leak = random_leak(self, lower, upper, generator);
  if (!self.is_meta()) copy_elements(self, leak.product);
  if (tape.on()) {
    tape.record("RreluWithNoiseBackward1", self, saved(leak.noise),
                [](Backward& b) { b.give(0, b.grad().mul(b.saved(0))); });
  }
  return self;
}

}  // namespace ballast
