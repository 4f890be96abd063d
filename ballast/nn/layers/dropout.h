// Dropout (Hinton et al. 2012): in training, zeroes elements (or whole channels) with probability p and scales the rest. In
// evaluation, the identity.
//
//   nn::Dropout drop(0.2);
//   nn::Dropout2d channels(nn::DropoutOptions().inplace(true));
//
// ValueError "dropout probability has to be between 0 and 1, but got 1.5".
#pragma once

#include <string>

#include "ballast/nn/cloneable.h"
#include "ballast/nn/module_holder.h"
#include "ballast/nn/options.h"

namespace ballast::nn {

struct DropoutOptions {
  DropoutOptions(Number p = 0.5) : p_(p) {}  // NOLINT(*-explicit-*)
  BALLAST_ARG(Number, p);                    ///< probability of a zero
  BALLAST_ARG(bool, inplace) = false;
};
using Dropout1dOptions = DropoutOptions;
using Dropout2dOptions = DropoutOptions;
using Dropout3dOptions = DropoutOptions;
using AlphaDropoutOptions = DropoutOptions;
using FeatureAlphaDropoutOptions = DropoutOptions;

class DropoutNdImpl : public Module {
 public:
  explicit DropoutNdImpl(Number p = 0.5, bool inplace = false)
      : DropoutNdImpl(DropoutOptions(p).inplace(inplace)) {}
  explicit DropoutNdImpl(const DropoutOptions& options_);
  std::string extra_repr() const override;

  DropoutOptions options;
};

/// Single elements.
class DropoutImpl : public Cloneable<DropoutImpl, DropoutNdImpl> {
 public:
  using Cloneable::Cloneable;
  Tensor forward(const Tensor& input);
};
/// Whole channels of [N, C, L].
class Dropout1dImpl : public Cloneable<Dropout1dImpl, DropoutNdImpl> {
 public:
  using Cloneable::Cloneable;
  Tensor forward(const Tensor& input);
};
/// Whole channels of [N, C, H, W].
class Dropout2dImpl : public Cloneable<Dropout2dImpl, DropoutNdImpl> {
 public:
  using Cloneable::Cloneable;
  Tensor forward(const Tensor& input);
};
/// Whole channels of [N, C, D, H, W].
class Dropout3dImpl : public Cloneable<Dropout3dImpl, DropoutNdImpl> {
 public:
  using Cloneable::Cloneable;
  Tensor forward(const Tensor& input);
};
/// Keeps mean and variance of what follows SELU (Klambauer et al. 2017).
class AlphaDropoutImpl : public Cloneable<AlphaDropoutImpl, DropoutNdImpl> {
 public:
  using Cloneable::Cloneable;
  Tensor forward(const Tensor& input);
};
/// The same on whole channels.
class FeatureAlphaDropoutImpl : public Cloneable<FeatureAlphaDropoutImpl, DropoutNdImpl> {
 public:
  using Cloneable::Cloneable;
  Tensor forward(const Tensor& input);
};
BALLAST_MODULE(Dropout);
BALLAST_MODULE(Dropout1d);
BALLAST_MODULE(Dropout2d);
BALLAST_MODULE(Dropout3d);
BALLAST_MODULE(AlphaDropout);
BALLAST_MODULE(FeatureAlphaDropout);

}  // namespace ballast::nn
