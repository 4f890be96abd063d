// Dropout (Hinton et al. 2012): in training, a random part of the elements is 0. Otherwise each of these is the identity.
//
//   manual_seed(0);
//   Tensor h = dropout(x, 0.2, true);                 // PyTorch's mask for this seed
//
// Feature dropout drops whole channels of [N, C, ...]. Alpha dropout sets what it drops to the value that SELU has far below zero,
// and rescales, so that mean and variance stay (Klambauer et al. 2017). Forms with an underscore write into their argument.
// ValueError "dropout probability has to be between 0 and 1, but got 1.5"; ShapeError "Feature dropout requires at least 2
// dimensions in the input".
#pragma once

#include "ballast/core/tensor.h"

namespace ballast {

/// x times 0 with probability p, else times 1 / (1 - p).
[[nodiscard]] Tensor dropout(const Tensor& self, double p, bool train,
                             const std::optional<Generator>& generator = {});
const Tensor& dropout_(const Tensor& self, double p, bool train,
                       const std::optional<Generator>& generator = {});
[[nodiscard]] Tensor feature_dropout(const Tensor& self, double p, bool train,
                                     const std::optional<Generator>& generator = {});
const Tensor& feature_dropout_(const Tensor& self, double p, bool train,
                               const std::optional<Generator>& generator = {});
[[nodiscard]] Tensor alpha_dropout(const Tensor& self, double p, bool train,
                                   const std::optional<Generator>& generator = {});
const Tensor& alpha_dropout_(const Tensor& self, double p, bool train,
                             const std::optional<Generator>& generator = {});
[[nodiscard]] Tensor feature_alpha_dropout(const Tensor& self, double p, bool train,
                                           const std::optional<Generator>& generator = {});
const Tensor& feature_alpha_dropout_(const Tensor& self, double p, bool train,
                                     const std::optional<Generator>& generator = {});

}  // namespace ballast
