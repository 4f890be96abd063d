// Instance normalisation (Ulyanov et al. 2016): as batch normalisation, over each sample alone.
//
//   nn::InstanceNorm2d norm(16);                                              // no parameters, no
//   statistics
//   nn::InstanceNorm2d learned(nn::InstanceNorm2dOptions(16).affine(true));
//
// Running statistics found in a state dictionary of unknown version, for a layer that does not track them,
// are an error
// that says what to do (PyTorch before 0.4 saved them).
#pragma once

#include "ballast/nn/layers/batch_norm.h"

namespace ballast::nn {

using InstanceNormOptions = NormOptions<false>;
using InstanceNorm1dOptions = InstanceNormOptions;
using InstanceNorm2dOptions = InstanceNormOptions;
using InstanceNorm3dOptions = InstanceNormOptions;

class InstanceNormImplBase : public NormImpl<false> {
 public:
  using NormImpl<false>::NormImpl;
  void before_load(LoadContext& context) override;

 protected:
  /// Of an input of `rank` dimensions after the channels; the batch dimension may be missing.
  Tensor normalise_samples(const Tensor& input, std::int64_t rank);
};

class InstanceNorm1dImpl : public Cloneable<InstanceNorm1dImpl, InstanceNormImplBase> {
 public:
  using Cloneable::Cloneable;
  Tensor forward(const Tensor& input) { return normalise_samples(input, 1); }
};
class InstanceNorm2dImpl : public Cloneable<InstanceNorm2dImpl, InstanceNormImplBase> {
 public:
  using Cloneable::Cloneable;
  Tensor forward(const Tensor& input) { return normalise_samples(input, 2); }
};
class InstanceNorm3dImpl : public Cloneable<InstanceNorm3dImpl, InstanceNormImplBase> {
 public:
  using Cloneable::Cloneable;
  Tensor forward(const Tensor& input) { return normalise_samples(input, 3); }
};
BALLAST_MODULE(InstanceNorm1d);
BALLAST_MODULE(InstanceNorm2d);
BALLAST_MODULE(InstanceNorm3d);

}  // namespace ballast::nn
