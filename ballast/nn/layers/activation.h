// Activations without parameters of their own, and PReLU.
//
//   nn::ReLU relu;
//   nn::LeakyReLU leaky(0.2);
//   nn::Softmax softmax(1);                                   // over dimension 1
//   nn::ELU elu(nn::ELUOptions(0.5).inplace(true));
//
// inplace: the input's memory takes the result.
#pragma once

#include <concepts>
#include <cstdint>
#include <optional>
#include <string>
#include <utility>

#include "ballast/nn/cloneable.h"
#include "ballast/nn/module_holder.h"
#include "ballast/nn/options.h"

namespace ballast::nn {

// ------------------------------------------------------------------------------ those whose one option is inplace

struct InplaceOptions {
  InplaceOptions(bool inplace = false) : inplace_(inplace) {}  // NOLINT(*-explicit-*)
  BALLAST_ARG(bool, inplace);
};
using ReLUOptions = InplaceOptions;
using ReLU6Options = InplaceOptions;
using SiLUOptions = InplaceOptions;
using MishOptions = InplaceOptions;
using SELUOptions = InplaceOptions;
using HardsigmoidOptions = InplaceOptions;
using HardswishOptions = InplaceOptions;

class InplaceActivationImpl : public Module {
 public:
  explicit InplaceActivationImpl(const InplaceOptions& options_ = {}) : options(options_) {}
  std::string extra_repr() const override;
  InplaceOptions options;
};

/// max(x, 0)
class ReLUImpl : public Cloneable<ReLUImpl, InplaceActivationImpl> {
 public:
  using Cloneable::Cloneable;
  Tensor forward(const Tensor& input);
};
/// min(max(x, 0), 6)
class ReLU6Impl : public Cloneable<ReLU6Impl, InplaceActivationImpl> {
 public:
  using Cloneable::Cloneable;
  Tensor forward(const Tensor& input);
};
/// x sigmoid(x)
class SiLUImpl : public Cloneable<SiLUImpl, InplaceActivationImpl> {
 public:
  using Cloneable::Cloneable;
  Tensor forward(const Tensor& input);
};
/// x tanh(log(1 + exp(x)))
class MishImpl : public Cloneable<MishImpl, InplaceActivationImpl> {
 public:
  using Cloneable::Cloneable;
  Tensor forward(const Tensor& input);
};
/// Klambauer et al. 2017
class SELUImpl : public Cloneable<SELUImpl, InplaceActivationImpl> {
 public:
  using Cloneable::Cloneable;
  Tensor forward(const Tensor& input);
};
/// min(max(x + 3, 0), 6) / 6; does not print its option
class HardsigmoidImpl : public Cloneable<HardsigmoidImpl, InplaceActivationImpl> {
 public:
  using Cloneable::Cloneable;
  Tensor forward(const Tensor& input);
  std::string extra_repr() const override { return {}; }
};
/// x hardsigmoid(x); does not print its option
class HardswishImpl : public Cloneable<HardswishImpl, InplaceActivationImpl> {
 public:
  using Cloneable::Cloneable;
  Tensor forward(const Tensor& input);
  std::string extra_repr() const override { return {}; }
};
BALLAST_MODULE(ReLU);
BALLAST_MODULE(ReLU6);
BALLAST_MODULE(SiLU);
BALLAST_MODULE(Mish);
BALLAST_MODULE(SELU);
BALLAST_MODULE(Hardsigmoid);
BALLAST_MODULE(Hardswish);

// ---------------------------------------------------------------------------------------------- those with none

/// 1 / (1 + exp(-x))
class SigmoidImpl : public Cloneable<SigmoidImpl> {
 public:
  Tensor forward(const Tensor& input);
};
class TanhImpl : public Cloneable<TanhImpl> {
 public:
  Tensor forward(const Tensor& input);
};
/// log(sigmoid(x))
class LogSigmoidImpl : public Cloneable<LogSigmoidImpl> {
 public:
  Tensor forward(const Tensor& input);
};
/// x / (1 + |x|)
class SoftsignImpl : public Cloneable<SoftsignImpl> {
 public:
  Tensor forward(const Tensor& input);
};
/// x - tanh(x)
class TanhshrinkImpl : public Cloneable<TanhshrinkImpl> {
 public:
  Tensor forward(const Tensor& input);
};
/// softmax over the channels of [N, C, H, W]
class Softmax2dImpl : public Cloneable<Softmax2dImpl> {
 public:
  Tensor forward(const Tensor& input);
};
BALLAST_MODULE(Sigmoid);
BALLAST_MODULE(Tanh);
BALLAST_MODULE(LogSigmoid);
BALLAST_MODULE(Softsign);
BALLAST_MODULE(Tanhshrink);
BALLAST_MODULE(Softmax2d);

// ------------------------------------------------------------------------------------- those over a dimension

/// nullopt lets forward choose, which PyTorch warns of.
struct SoftmaxOptions {
  SoftmaxOptions(std::optional<std::int64_t> dim = std::nullopt) : dim_(dim) {}  // NOLINT(*-explicit-*)
  BALLAST_ARG(std::optional<std::int64_t>, dim);
};
using SoftminOptions = SoftmaxOptions;
using LogSoftmaxOptions = SoftmaxOptions;

class SoftmaxBaseImpl : public Module {
 public:
  explicit SoftmaxBaseImpl(const SoftmaxOptions& options_ = {}) : options(options_) {}
  explicit SoftmaxBaseImpl(std::int64_t dim) : options(dim) {}
  std::string extra_repr() const override;
  SoftmaxOptions options;
};
/// exp(x) / sum(exp(x))
class SoftmaxImpl : public Cloneable<SoftmaxImpl, SoftmaxBaseImpl> {
 public:
  using Cloneable::Cloneable;
  Tensor forward(const Tensor& input);
};
/// softmax(-x)
class SoftminImpl : public Cloneable<SoftminImpl, SoftmaxBaseImpl> {
 public:
  using Cloneable::Cloneable;
  Tensor forward(const Tensor& input);
};
/// log(softmax(x))
class LogSoftmaxImpl : public Cloneable<LogSoftmaxImpl, SoftmaxBaseImpl> {
 public:
  using Cloneable::Cloneable;
  Tensor forward(const Tensor& input);
};
BALLAST_MODULE(Softmax);
BALLAST_MODULE(Softmin);
BALLAST_MODULE(LogSoftmax);

/// a sigmoid(b), where a and b are the halves of the input along `dim`.
struct GLUOptions {
  GLUOptions(std::int64_t dim = -1) : dim_(dim) {}  // NOLINT(*-explicit-*)
  BALLAST_ARG(std::int64_t, dim);
};
class GLUImpl : public Cloneable<GLUImpl> {
 public:
  explicit GLUImpl(const GLUOptions& options_ = {}) : options(options_) {}
  explicit GLUImpl(std::int64_t dim) : options(dim) {}
  Tensor forward(const Tensor& input);
  std::string extra_repr() const override;
  GLUOptions options;
};
BALLAST_MODULE(GLU);

// ------------------------------------------------------------------------------------------ those with numbers

/// ELU (Clevert et al. 2015) and CELU (Barron 2017): x, or below zero alpha (exp(x) - 1) and alpha (exp(x / alpha) - 1).
struct ELUOptions {
  ELUOptions(Number alpha = 1.0) : alpha_(alpha) {}  // NOLINT(*-explicit-*)
  template <std::convertible_to<Number> N>           // a plain number too will do where options are asked for
  ELUOptions(N alpha) : alpha_(alpha) {}             // NOLINT(*-explicit-*)
  BALLAST_ARG(Number, alpha);
  BALLAST_ARG(bool, inplace) = false;
};
using CELUOptions = ELUOptions;
class ELUBaseImpl : public Module {
 public:
  explicit ELUBaseImpl(const ELUOptions& options_ = {}) : options(options_) {}
  ELUBaseImpl(Number alpha, bool inplace) : options(ELUOptions(alpha).inplace(inplace)) {}
  std::string extra_repr() const override;
  ELUOptions options;
};
class ELUImpl : public Cloneable<ELUImpl, ELUBaseImpl> {
 public:
  using Cloneable::Cloneable;
  Tensor forward(const Tensor& input);
};
class CELUImpl : public Cloneable<CELUImpl, ELUBaseImpl> {
 public:
  using Cloneable::Cloneable;
  Tensor forward(const Tensor& input);
};
BALLAST_MODULE(ELU);
BALLAST_MODULE(CELU);

/// x Phi(x) (Hendrycks & Gimpel 2016); approximate: "none" or "tanh".
struct GELUOptions {
  GELUOptions(std::string approximate = "none")
      : approximate_(std::move(approximate)) {}                        // NOLINT(*-explicit-*)
  GELUOptions(const char* approximate) : approximate_(approximate) {}  // NOLINT(*-explicit-*)
  BALLAST_ARG(std::string, approximate);
};
class GELUImpl : public Cloneable<GELUImpl> {
 public:
  explicit GELUImpl(const GELUOptions& options_ = {}) : options(options_) {}
  Tensor forward(const Tensor& input);
  std::string extra_repr() const override;
  GELUOptions options;
};
BALLAST_MODULE(GELU);

/// Hardshrink: x outside [-lambda, lambda], else 0. Softshrink: the same, lambda nearer to zero.
struct ShrinkOptions {
  ShrinkOptions(Number lambda = 0.5) : lambda_(lambda) {}  // NOLINT(*-explicit-*)
  template <std::convertible_to<Number> N>      // a plain number too will do where options are asked for
  ShrinkOptions(N lambda) : lambda_(lambda) {}  // NOLINT(*-explicit-*)
  BALLAST_ARG(Number, lambda);
};
using HardshrinkOptions = ShrinkOptions;
using SoftshrinkOptions = ShrinkOptions;
class ShrinkBaseImpl : public Module {
 public:
  explicit ShrinkBaseImpl(const ShrinkOptions& options_ = {}) : options(options_) {}
  std::string extra_repr() const override;
  ShrinkOptions options;
};
class HardshrinkImpl : public Cloneable<HardshrinkImpl, ShrinkBaseImpl> {
 public:
  using Cloneable::Cloneable;
  Tensor forward(const Tensor& input);
};
class SoftshrinkImpl : public Cloneable<SoftshrinkImpl, ShrinkBaseImpl> {
 public:
  using Cloneable::Cloneable;
  Tensor forward(const Tensor& input);
};
BALLAST_MODULE(Hardshrink);
BALLAST_MODULE(Softshrink);

/// x within [min_val, max_val]. ValueError "max_val (1.0) must be greater than min_val (2.0)".
struct HardtanhOptions {
  BALLAST_ARG(Number, min_val) = -1.0;
  BALLAST_ARG(Number, max_val) = 1.0;
  BALLAST_ARG(bool, inplace) = false;
};
class HardtanhImpl : public Cloneable<HardtanhImpl> {
 public:
  explicit HardtanhImpl(const HardtanhOptions& options_ = {});
  HardtanhImpl(Number min_val, Number max_val, bool inplace = false)
      : HardtanhImpl(HardtanhOptions().min_val(min_val).max_val(max_val).inplace(inplace)) {}
  Tensor forward(const Tensor& input);
  std::string extra_repr() const override;
  HardtanhOptions options;
};
BALLAST_MODULE(Hardtanh);

/// x, or below zero negative_slope x (Maas et al. 2013).
struct LeakyReLUOptions {
  LeakyReLUOptions(Number negative_slope = 0.01) : negative_slope_(negative_slope) {}  // NOLINT(*-explicit-*)
  template <std::convertible_to<Number> N>  // a plain number too will do where options are asked for
  LeakyReLUOptions(N negative_slope) : negative_slope_(negative_slope) {}  // NOLINT(*-explicit-*)
  BALLAST_ARG(Number, negative_slope);
  BALLAST_ARG(bool, inplace) = false;
};
class LeakyReLUImpl : public Cloneable<LeakyReLUImpl> {
 public:
  explicit LeakyReLUImpl(const LeakyReLUOptions& options_ = {}) : options(options_) {}
  LeakyReLUImpl(Number negative_slope, bool inplace)
      : options(LeakyReLUOptions(negative_slope).inplace(inplace)) {}
  Tensor forward(const Tensor& input);
  std::string extra_repr() const override;
  LeakyReLUOptions options;
};
BALLAST_MODULE(LeakyReLU);

/// In training, a leaky ReLU whose slope is drawn from U(lower, upper) for each element (Xu et al. 2015).
struct RReLUOptions {
  BALLAST_ARG(Number, lower) = 1.0 / 8.0;
  BALLAST_ARG(Number, upper) = 1.0 / 3.0;
  BALLAST_ARG(bool, inplace) = false;
};
class RReLUImpl : public Cloneable<RReLUImpl> {
 public:
  explicit RReLUImpl(const RReLUOptions& options_ = {}) : options(options_) {}
  RReLUImpl(Number lower, Number upper, bool inplace = false)
      : options(RReLUOptions().lower(lower).upper(upper).inplace(inplace)) {}
  Tensor forward(const Tensor& input);
  std::string extra_repr() const override;
  RReLUOptions options;
};
BALLAST_MODULE(RReLU);

/// log(1 + exp(beta x)) / beta; x itself where beta x is above the threshold.
struct SoftplusOptions {
  BALLAST_ARG(Number, beta) = 1.0;
  BALLAST_ARG(Number, threshold) = 20.0;
};
class SoftplusImpl : public Cloneable<SoftplusImpl> {
 public:
  explicit SoftplusImpl(const SoftplusOptions& options_ = {}) : options(options_) {}
  explicit SoftplusImpl(Number beta, Number threshold = 20.0)
      : options(SoftplusOptions().beta(beta).threshold(threshold)) {}
  Tensor forward(const Tensor& input);
  std::string extra_repr() const override;
  SoftplusOptions options;
};
BALLAST_MODULE(Softplus);

/// x above the threshold, else `value`.
struct ThresholdOptions {
  ThresholdOptions(Number threshold, Number value) : threshold_(threshold), value_(value) {}
  BALLAST_ARG(Number, threshold);
  BALLAST_ARG(Number, value);
  BALLAST_ARG(bool, inplace) = false;
};
class ThresholdImpl : public Cloneable<ThresholdImpl> {
 public:
  explicit ThresholdImpl(const ThresholdOptions& options_) : options(options_) {}
  ThresholdImpl(Number threshold, Number value, bool inplace = false)
      : options(ThresholdOptions(threshold, value).inplace(inplace)) {}
  Tensor forward(const Tensor& input);
  std::string extra_repr() const override;
  ThresholdOptions options;
};
BALLAST_MODULE(Threshold);

// ------------------------------------------------------------------------------------------------ with a parameter

/// A leaky ReLU whose slope, one or one a channel, is learned (He et al. 2015). Parameter weight [num_parameters].
struct PReLUOptions {
  PReLUOptions(std::int64_t num_parameters = 1) : num_parameters_(num_parameters) {}  // NOLINT(*-explicit-*)
  BALLAST_ARG(std::int64_t, num_parameters);
  BALLAST_ARG(Number, init) = 0.25;  ///< the slope at first
};
class PReLUImpl : public Cloneable<PReLUImpl> {
 public:
  explicit PReLUImpl(const PReLUOptions& options_ = {});
  explicit PReLUImpl(std::int64_t num_parameters) : PReLUImpl(PReLUOptions(num_parameters)) {}
  void reset() override;
  void reset_parameters();
  Tensor forward(const Tensor& input);
  std::string extra_repr() const override;
  PReLUOptions options;
  Tensor weight;
};
BALLAST_MODULE(PReLU);

}  // namespace ballast::nn
