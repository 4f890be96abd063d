#include "ballast/ops/dropout.h"

#include <cmath>

#include "ballast/ops/factories.h"
#include "ballast/ops/inplace.h"
#include "ballast/ops/promotion.h"
#include "ballast/ops/random.h"

namespace ballast {
namespace {

/// Checks p; whether anything is dropped at all.
bool drops(const Tensor& x, double p, bool train) {
  check<ValueError>(p >= 0 && p <= 1, "dropout probability has to be between 0 and 1, but got {}", p);
  return train && p != 0 && x.numel() != 0;
}

Tensor nothing(const Tensor& x) { return zeros({}, x.options()); }

enum class Unit : std::uint8_t { kElement, kChannel };

Tensor mask(const Tensor& x, double p, Unit unit, const std::optional<Generator>& generator) {
  return unit == Unit::kElement ? dropout_mask(x, p, generator) : feature_dropout_mask(x, p, generator);
}

/// x times `scale`, plus `shift`.
struct AlphaNoise {
  Tensor scale, shift;
};
AlphaNoise alpha_noise(const Tensor& x, double p, Unit unit, const std::optional<Generator>& generator) {
  Tensor scale;
  if (unit == Unit::kElement) {
    scale = empty_like(x);
  } else {
    check<ShapeError>(x.dim() >= 2, "Feature dropout requires at least 2 dimensions in the input");
    Dims sizes(static_cast<std::size_t>(x.dim()), 1);
    sizes[0] = x.size(0);
    sizes[1] = x.size(1);
    scale = empty(sizes, x.options());
  }
  scale.bernoulli_(1 - p, generator);
  constexpr double kAlpha = 1.7580993408473766;  // SELU's scale alpha
  const double a = 1 / std::sqrt((kAlpha * kAlpha * p + 1) * (1 - p));
  const Tensor shift = scale.add(-1).mul_(kAlpha * a).add_(kAlpha * a * p);
  scale.mul_(a);
  return {scale, shift};
}

Tensor dropped(const Tensor& x, double p, bool train, Unit unit, const std::optional<Generator>& generator) {
  if (!drops(x, p, train)) return x;
  return x.mul(p == 1 ? nothing(x) : mask(x, p, unit, generator));
}
const Tensor& drop(const Tensor& x, double p, bool train, Unit unit,
                   const std::optional<Generator>& generator) {
  if (!drops(x, p, train)) return x;
  return x.mul_(p == 1 ? nothing(x) : mask(x, p, unit, generator));
}
Tensor alpha_dropped(const Tensor& x, double p, bool train, Unit unit,
                     const std::optional<Generator>& generator) {
  if (!drops(x, p, train)) return x;
  if (p == 1) return x.mul(nothing(x));
  const AlphaNoise noise = alpha_noise(x, p, unit, generator);
  return x.mul(noise.scale).add(noise.shift);
}
const Tensor& alpha_drop(const Tensor& x, double p, bool train, Unit unit,
                         const std::optional<Generator>& generator) {
  if (!drops(x, p, train)) return x;
  if (p == 1) return x.mul_(nothing(x));
  const AlphaNoise noise = alpha_noise(x, p, unit, generator);
  return x.mul_(noise.scale).add_(noise.shift);
}

}  // namespace

Tensor dropout(const Tensor& self, double p, bool train, const std::optional<Generator>& generator) {
  return dropped(self, p, train, Unit::kElement, generator);
}
const Tensor& dropout_(const Tensor& self, double p, bool train, const std::optional<Generator>& generator) {
  return drop(self, p, train, Unit::kElement, generator);
}
Tensor feature_dropout(const Tensor& self, double p, bool train, const std::optional<Generator>& generator) {
  return dropped(self, p, train, Unit::kChannel, generator);
}
const Tensor& feature_dropout_(const Tensor& self, double p, bool train,
                               const std::optional<Generator>& generator) {
  return drop(self, p, train, Unit::kChannel, generator);
}
Tensor alpha_dropout(const Tensor& self, double p, bool train, const std::optional<Generator>& generator) {
  return alpha_dropped(self, p, train, Unit::kElement, generator);
}
const Tensor& alpha_dropout_(const Tensor& self, double p, bool train,
                             const std::optional<Generator>& generator) {
  return alpha_drop(self, p, train, Unit::kElement, generator);
}
Tensor feature_alpha_dropout(const Tensor& self, double p, bool train,
                             const std::optional<Generator>& generator) {
  return alpha_dropped(self, p, train, Unit::kChannel, generator);
}
const Tensor& feature_alpha_dropout_(const Tensor& self, double p, bool train,
                                     const std::optional<Generator>& generator) {
  return alpha_drop(self, p, train, Unit::kChannel, generator);
}

}  // namespace ballast
