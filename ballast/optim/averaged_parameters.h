// Averages of parameters over a training: the plain mean of all that they were (stochastic weight averaging,
// Izmailov et al. 2018), or one in which the past fades (an exponential moving average, Polyak & Juditsky
// 1992).
//
//   optim::AveragedParameters mean(parameters);
//   optim::AveragedParameters ema(parameters, 0.999);
//   for (...) {
//     sgd.step();
//     ema.update(parameters);
//   }
//   ema.copy_to(parameters);
//
// For a whole model, with its buffers, see nn/utils/averaged_model.h.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "ballast/core/tensor.h"

namespace ballast::optim {

/// One step of an average of `n_averaged` values so far: the first value is copied; then the average goes 1 /
/// (n_averaged + 1) of the way to `value`, or, with `decay`, 1 - decay of it. Integers are rounded towards
/// zero. ShapeError unless the shapes are equal.
void average_into(const Tensor& average, const Tensor& value, std::int64_t n_averaged,
                  std::optional<double> decay);

/// Throws ValueError "Invalid decay value 1.5 provided. Please provide a value in [0,1] range."
void check_decay(std::optional<double> decay);

class AveragedParameters {
 public:
  /// Starts with copies of the parameters as they are, which the first `update` replaces.
  explicit AveragedParameters(const std::vector<Tensor>& params, std::optional<double> decay = std::nullopt);

  /// ValueError unless there are as many as there were.
  void update(const std::vector<Tensor>& params);
  /// The averages, in the order of the parameters.
  [[nodiscard]] const std::vector<Tensor>& values() const noexcept { return values_; }
  [[nodiscard]] std::int64_t n_averaged() const noexcept { return n_averaged_; }
  /// Writes the averages to parameters.
  void copy_to(const std::vector<Tensor>& params) const;

 private:
  std::vector<Tensor> values_;
  std::optional<double> decay_;
  std::int64_t n_averaged_ = 0;
};

}  // namespace ballast::optim
