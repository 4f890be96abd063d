// Bounds on gradients, between `backward` and the optimiser's step (Pascanu, Mikolov & Bengio 2013).
//
//   loss.backward();
//   const double norm = nn::utils::clip_grad_norm_(model->parameters(), 1.0);
//   optimizer.step();
#pragma once

#include <vector>

#include "ballast/core/tensor.h"

namespace ballast::nn::utils {

/// Scales all gradients together so that their norm, as that of one vector, is at most `max_norm`; gives the
/// norm before. Gradients below it stay bit for bit. `norm_type` is any p: 2, 1, infinity, 0 (counts what is
/// not zero), negative, fractional. The norm is the plain sum of powers, of each tensor and then over
/// tensors, in the type of the gradients. With `error_if_nonfinite`, Error "The total norm of order 2 for
/// gradients from `parameters` is non-finite, so it cannot be clipped. ...", and nothing changes.
double clip_grad_norm_(const std::vector<Tensor>& parameters, double max_norm, double norm_type = 2.0,
                       bool error_if_nonfinite = false);
double clip_grad_norm_(const Tensor& parameter, double max_norm, double norm_type = 2.0,
                       bool error_if_nonfinite = false);

/// Brings each element of each gradient into [-clip_value, clip_value]; NaN stays.
void clip_grad_value_(const std::vector<Tensor>& parameters, double clip_value);
void clip_grad_value_(const Tensor& parameter, double clip_value);

}  // namespace ballast::nn::utils
