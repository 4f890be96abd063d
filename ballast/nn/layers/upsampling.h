// Enlarging by interpolation.
//
//   nn::Upsample twice(nn::UpsampleOptions().scale_factor(2));
//   nn::Upsample to(nn::UpsampleOptions().size({32, 48}).mode(kBilinear).align_corners(false));
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "ballast/nn/cloneable.h"
#include "ballast/nn/enums.h"
#include "ballast/nn/module_holder.h"
#include "ballast/nn/options.h"

namespace ballast::nn {

using UpsampleMode = Choice<enumtype::kNearest, enumtype::kLinear, enumtype::kBilinear, enumtype::kBicubic,
                            enumtype::kTrilinear, enumtype::kArea, enumtype::kNearestExact>;

/// Either a size of the result or a factor; one for all dimensions or one for each.
struct UpsampleOptions {
  BALLAST_OPTIONAL_LIST_ARG(std::optional<ListOrOne<std::int64_t>>, std::int64_t, size);
  BALLAST_OPTIONAL_LIST_ARG(std::optional<ListOrOne<double>>, double, scale_factor);
  BALLAST_ARG(UpsampleMode, mode);
  BALLAST_ARG(std::optional<bool>, align_corners);  ///< whether the corners' centres stay in place
  BALLAST_ARG(std::optional<bool>, recompute_scale_factor);
};

class UpsampleBaseImpl : public Module {
 public:
  explicit UpsampleBaseImpl(const UpsampleOptions& options_ = {}) : options(options_) {}
  Tensor forward(const Tensor& input);
  std::string extra_repr() const override;
  UpsampleOptions options;
};

class UpsampleImpl : public Cloneable<UpsampleImpl, UpsampleBaseImpl> {
 public:
  using Cloneable::Cloneable;
};
/// Upsample with mode kNearest.
class UpsamplingNearest2dImpl : public Cloneable<UpsamplingNearest2dImpl, UpsampleBaseImpl> {
 public:
  explicit UpsamplingNearest2dImpl(UpsampleOptions options_ = {}) : Cloneable(options_.mode(kNearest)) {}
};
/// Upsample with mode kBilinear and aligned corners.
class UpsamplingBilinear2dImpl : public Cloneable<UpsamplingBilinear2dImpl, UpsampleBaseImpl> {
 public:
  explicit UpsamplingBilinear2dImpl(UpsampleOptions options_ = {})
      : Cloneable(options_.mode(kBilinear).align_corners(true)) {}
};
BALLAST_MODULE(Upsample);
BALLAST_MODULE(UpsamplingNearest2d);
BALLAST_MODULE(UpsamplingBilinear2d);

}  // namespace ballast::nn
