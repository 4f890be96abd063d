// The optimisers of this room: an optimiser with options and states of its own kind.
//
// The options say what is wrong with them, `void validate() const` (ValueError, with PyTorch's text).
#pragma once

#include <initializer_list>
#include <memory>
#include <utility>
#include <vector>

#include "ballast/optim/optimizer.h"

namespace ballast::optim {

template <class Options, class State>
class OptimizerOf : public Optimizer {
 public:
  /// Groups may have options of their own, of type Options (options.h says how they inherit).
  explicit OptimizerOf(std::vector<OptimizerParamGroup> groups, Options defaults = {})
      : Optimizer(std::vector<OptimizerParamGroup>{}, std::make_unique<Options>(std::move(defaults))) {
    OptimizerOf::check_options(this->defaults());
    for (OptimizerParamGroup& g : groups) add_param_group(std::move(g));
  }
  explicit OptimizerOf(std::vector<Tensor> params, Options defaults = {})
      : OptimizerOf(std::vector<OptimizerParamGroup>{OptimizerParamGroup(std::move(params))},
                    std::move(defaults)) {}
  /// `SGD({weight, bias}, 0.1)`.
  explicit OptimizerOf(std::initializer_list<Tensor> params, Options defaults = {})
      : OptimizerOf(std::vector<Tensor>(params), std::move(defaults)) {}

 protected:
  void check_options(const OptimizerOptions& options) const override {
    static_cast<const Options&>(options).validate();
  }
  [[nodiscard]] std::unique_ptr<OptimizerParamState> new_state() const override {
    return std::make_unique<State>();
  }
};

/// Throws ValueError "Invalid NAME value: -1" unless `holds`. For options that check themselves.
void check_value(bool holds, const char* name, double value);
/// The same for both betas, which lie in [0, 1): "Invalid beta parameter at index 0: 1.5".
void check_betas(const std::tuple<double, double>& betas);

}  // namespace ballast::optim
