// All parameters as one vector, and back: for optimisers and statistics that see a model as a point.
//
//   Tensor v = nn::utils::parameters_to_vector(model->parameters());      // [number of parameters]
//   nn::utils::vector_to_parameters(v * 0.5, model->parameters());
#pragma once

#include <vector>

#include "ballast/core/tensor.h"

namespace ballast::nn::utils {

/// The elements of all parameters, each in row-major order, one after another, as a new tensor of one dimension; of the
/// type they promote to. ValueError for no parameters, DeviceError for parameters on different devices.
[[nodiscard]] Tensor parameters_to_vector(const std::vector<Tensor>& parameters);

/// Makes each parameter a view of its part of `vec`, as PyTorch does: writing to `vec` later writes to them. ShapeError,
/// before any is changed, if `vec` is not of one dimension or too short; elements left over are not used.
void vector_to_parameters(const Tensor& vec, const std::vector<Tensor>& parameters);

}  // namespace ballast::nn::utils
