// Normalisation over groups of channels (Wu & He 2018), and over neighbouring channels (Krizhevsky et al.
// 2012).
//
//   nn::GroupNorm norm(2, 4);                  // 4 channels in 2 groups
//   nn::LocalResponseNorm lrn(5);
#pragma once

#include <cstdint>
#include <string>

#include "ballast/nn/cloneable.h"
#include "ballast/nn/module_holder.h"
#include "ballast/nn/options.h"

namespace ballast::nn {

struct GroupNormOptions {
  GroupNormOptions(std::int64_t num_groups, std::int64_t num_channels)
      : num_groups_(num_groups), num_channels_(num_channels) {}
  BALLAST_ARG(std::int64_t, num_groups);
  BALLAST_ARG(std::int64_t, num_channels);
  BALLAST_ARG(Number, eps) = 1e-5;
  BALLAST_ARG(bool, affine) = true;
  BALLAST_ARG(bool, bias) = true;  ///< whether an affine one has a bias
};

/// Parameters weight (ones) and bias (zeros) of [num_channels]. ValueError where groups do not divide the
/// channels.
class GroupNormImpl : public Cloneable<GroupNormImpl> {
 public:
  GroupNormImpl(std::int64_t num_groups, std::int64_t num_channels)
      : GroupNormImpl(GroupNormOptions(num_groups, num_channels)) {}
  explicit GroupNormImpl(const GroupNormOptions& options_);
  void reset() override;
  void reset_parameters();
  Tensor forward(const Tensor& input);
  std::string extra_repr() const override;

  GroupNormOptions options;
  Tensor weight, bias;
};
BALLAST_MODULE(GroupNorm);

struct LocalResponseNormOptions {
  LocalResponseNormOptions(std::int64_t size) : size_(size) {}  // NOLINT(*-explicit-*)
  BALLAST_ARG(std::int64_t, size);                              ///< channels that count together
  BALLAST_ARG(Number, alpha) = 1e-4;
  BALLAST_ARG(Number, beta) = 0.75;
  BALLAST_ARG(Number, k) = 1.0;
};
class LocalResponseNormImpl : public Cloneable<LocalResponseNormImpl> {
 public:
  explicit LocalResponseNormImpl(const LocalResponseNormOptions& options_) : options(options_) {}
  explicit LocalResponseNormImpl(std::int64_t size) : options(size) {}
  Tensor forward(const Tensor& input);
  std::string extra_repr() const override;

  LocalResponseNormOptions options;
};
BALLAST_MODULE(LocalResponseNorm);

struct CrossMapLRN2dOptions {
  CrossMapLRN2dOptions(std::int64_t size) : size_(size) {}  // NOLINT(*-explicit-*)
  BALLAST_ARG(std::int64_t, size);
  BALLAST_ARG(Number, alpha) = 1e-4;
  BALLAST_ARG(Number, beta) = 0.75;
  BALLAST_ARG(Number, k) = 1;
};
class CrossMapLRN2dImpl : public Cloneable<CrossMapLRN2dImpl> {
 public:
  explicit CrossMapLRN2dImpl(const CrossMapLRN2dOptions& options_) : options(options_) {}
  explicit CrossMapLRN2dImpl(std::int64_t size) : options(size) {}
  Tensor forward(const Tensor& input);
  std::string extra_repr() const override;

  CrossMapLRN2dOptions options;
};
BALLAST_MODULE(CrossMapLRN2d);

}  // namespace ballast::nn
