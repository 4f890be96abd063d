// Layers of matrix products: Linear, Bilinear; and Identity.
//
//   nn::Linear fc(4, 8);                                  // y = x W^T + b, W of [8, 4], b of [8]
//   nn::Linear bare(nn::LinearOptions(4, 8).bias(false));
//   fc->weight;  fc->options.in_features();
#pragma once

#include <cstdint>
#include <string>

#include "ballast/nn/cloneable.h"
#include "ballast/nn/module_holder.h"
#include "ballast/nn/options.h"

namespace ballast::nn {

/// Gives back what it is given; takes any arguments and ignores them.
class IdentityImpl : public Cloneable<IdentityImpl> {
 public:
  template <class... Ignored>
  explicit IdentityImpl(Ignored&&...) {}
  IdentityImpl(const IdentityImpl&) = default;
  IdentityImpl(IdentityImpl& o) : IdentityImpl(static_cast<const IdentityImpl&>(o)) {}
  Tensor forward(const Tensor& input) { return input; }
};
BALLAST_MODULE(Identity);

struct LinearOptions {
  LinearOptions(std::int64_t in_features, std::int64_t out_features)
      : in_features_(in_features), out_features_(out_features) {}
  BALLAST_ARG(std::int64_t, in_features);
  BALLAST_ARG(std::int64_t, out_features);
  BALLAST_ARG(bool, bias) = true;
};

/// y = x W^T + b over the last dimension. Starts as kaiming_uniform_(W, sqrt(5)) and U(-1/sqrt(in), 1/sqrt(in)) for b.
class LinearImpl : public Cloneable<LinearImpl> {
 public:
  LinearImpl(std::int64_t in_features, std::int64_t out_features)
      : LinearImpl(LinearOptions(in_features, out_features)) {}
  explicit LinearImpl(const LinearOptions& options_);
  void reset() override;
  void reset_parameters();
  Tensor forward(const Tensor& input);
  std::string extra_repr() const override;

  LinearOptions options;
  Tensor weight;  ///< [out, in]
  Tensor bias;    ///< [out], or undefined
};
BALLAST_MODULE(Linear);

/// A Linear under the name that PyTorch gives the one inside MultiheadAttention.
class NonDynamicallyQuantizableLinearImpl
    : public Cloneable<NonDynamicallyQuantizableLinearImpl, LinearImpl> {
 public:
  using Cloneable::Cloneable;
};
BALLAST_MODULE(NonDynamicallyQuantizableLinear);

struct BilinearOptions {
  BilinearOptions(std::int64_t in1_features, std::int64_t in2_features, std::int64_t out_features)
      : in1_features_(in1_features), in2_features_(in2_features), out_features_(out_features) {}
  BALLAST_ARG(std::int64_t, in1_features);
  BALLAST_ARG(std::int64_t, in2_features);
  BALLAST_ARG(std::int64_t, out_features);
  BALLAST_ARG(bool, bias) = true;
};

/// y = x1^T W x2 + b. Both start from U(-1/sqrt(in1), 1/sqrt(in1)). ValueError unless in1_features > 0.
class BilinearImpl : public Cloneable<BilinearImpl> {
 public:
  BilinearImpl(std::int64_t in1, std::int64_t in2, std::int64_t out)
      : BilinearImpl(BilinearOptions(in1, in2, out)) {}
  explicit BilinearImpl(const BilinearOptions& options_);
  void reset() override;
  void reset_parameters();
  Tensor forward(const Tensor& input1, const Tensor& input2);
  std::string extra_repr() const override;

  BilinearOptions options;
  Tensor weight;  ///< [out, in1, in2]
  Tensor bias;    ///< [out], or undefined
};
BALLAST_MODULE(Bilinear);

}  // namespace ballast::nn
