// Batch normalisation (Ioffe & Szegedy 2015), with its running statistics.
//
//   nn::BatchNorm2d bn(16);
//   nn::BatchNorm2d plain(nn::BatchNorm2dOptions(16).affine(false).track_running_stats(false));
//
// Parameters weight (ones) and bias (zeros) of [num_features]; buffers running_mean (zeros), running_var
// (ones) and
// num_batches_tracked (one int64). Absent ones are registered and undefined.
//
// The layout of the state is version 2: a dictionary of an older or unknown version may lack
// num_batches_tracked.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "ballast/nn/cloneable.h"
#include "ballast/nn/module_holder.h"
#include "ballast/nn/options.h"

namespace ballast::nn {

/// Options of batch normalisation (Learns: affine and tracking at first) and of instance normalisation
/// (neither).
template <bool Learns>
struct NormOptions {
  NormOptions(std::int64_t num_features) : num_features_(num_features) {}  // NOLINT(*-explicit-*)
  BALLAST_ARG(std::int64_t, num_features);
  BALLAST_ARG(Number, eps) = 1e-5;                     ///< added to the variance
  BALLAST_ARG(std::optional<Number>, momentum) = 0.1;  ///< nullopt: a plain average over all batches
  BALLAST_ARG(bool, affine) = Learns;
  BALLAST_ARG(bool, track_running_stats) = Learns;
  BALLAST_ARG(bool, bias) = true;  ///< whether an affine one has a bias
};
using BatchNormOptions = NormOptions<true>;
using BatchNorm1dOptions = BatchNormOptions;
using BatchNorm2dOptions = BatchNormOptions;
using BatchNorm3dOptions = BatchNormOptions;
using SyncBatchNormOptions = BatchNormOptions;

/// Parameters and running statistics, as batch and instance normalisation share them.
template <bool Learns>
class NormImpl : public Module {
 public:
  explicit NormImpl(std::int64_t num_features) : NormImpl(NormOptions<Learns>(num_features)) {}
  explicit NormImpl(const NormOptions<Learns>& options_);
  virtual void reset();
  void reset_parameters();
  /// To zeros, ones and 0.
  void reset_running_stats();
  std::int64_t version() const override { return 2; }
  void before_load(LoadContext& context) override;
  std::string extra_repr() const override;

  NormOptions<Learns> options;
  Tensor weight, bias;
  Tensor running_mean, running_var, num_batches_tracked;

 protected:
  /// Batch normalisation of an input of `least` to `most` dimensions: by its own statistics in training or
  /// where none are tracked.
  /// ValueError "expected 2D or 3D input (got 4D input)".
  Tensor normalise(const Tensor& input, std::int64_t least, std::int64_t most);
};

extern template class NormImpl<true>;
extern template class NormImpl<false>;

class BatchNorm1dImpl : public Cloneable<BatchNorm1dImpl, NormImpl<true>> {
 public:
  using Cloneable::Cloneable;
  /// [N, C] or [N, C, L].
  Tensor forward(const Tensor& input) { return normalise(input, 2, 3); }
};
class BatchNorm2dImpl : public Cloneable<BatchNorm2dImpl, NormImpl<true>> {
 public:
  using Cloneable::Cloneable;
  /// [N, C, H, W].
  Tensor forward(const Tensor& input) { return normalise(input, 4, 4); }
};
class BatchNorm3dImpl : public Cloneable<BatchNorm3dImpl, NormImpl<true>> {
 public:
  using Cloneable::Cloneable;
  /// [N, C, D, H, W].
  Tensor forward(const Tensor& input) { return normalise(input, 5, 5); }
};
/// Statistics over all processes of a training: here there is one.
class SyncBatchNormImpl : public Cloneable<SyncBatchNormImpl, NormImpl<true>> {
 public:
  using Cloneable::Cloneable;
  Tensor forward(const Tensor& input) { return normalise(input, 2, 64); }
};
BALLAST_MODULE(BatchNorm1d);
BALLAST_MODULE(BatchNorm2d);
BALLAST_MODULE(BatchNorm3d);
BALLAST_MODULE(SyncBatchNorm);

}  // namespace ballast::nn
