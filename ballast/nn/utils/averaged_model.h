// A copy of a model whose parameters are averages of the model's over its training:
// torch.optim.swa_utils.AveragedModel.
//
//   nn::utils::AveragedModel mean(net);                        // stochastic weight averaging
//   nn::utils::AveragedModel ema(net, nn::utils::AveragedModelOptions{.decay = 0.999});    // exponential
//   for (...) {
//     sgd.step();
//     ema->update_parameters(*net);
//   }
//   ema->forward(x);
//
// Its state dict is Python's: "n_averaged", "module.0.weight", ... The averages are those of
// optim/averaged_parameters.h.
#pragma once

#include <memory>
#include <optional>

#include "ballast/nn/cloneable.h"
#include "ballast/nn/module_argument.h"

namespace ballast::nn::utils {

struct AveragedModelOptions {
  std::optional<double> decay = std::nullopt;  ///< of an exponential moving average; the mean if not set
  bool use_buffers = false;                    ///< averages buffers too; else they are copied
};

class AveragedModelImpl : public Cloneable<AveragedModelImpl> {
 public:
  /// Starts with a deep copy of the model, in which what is tied is tied. ValueError for a decay outside [0,
  /// 1].
  template <ModuleArgument M>
  explicit AveragedModelImpl(const M& model, const AveragedModelOptions& options = {})
      : AveragedModelImpl(FromModule{}, *module_of(model), options) {}

  /// What the copy gives.
  Tensor forward(const Tensor& input) { return module()->call(input); }
  /// Takes what the model's parameters are now into the averages; the first time they are copied. ValueError
  /// if the model has another number of parameters or buffers, ShapeError for another shape.
  void update_parameters(const Module& model);
  /// The copy that holds the averages.
  [[nodiscard]] std::shared_ptr<Module> module() const { return children().at(0); }

  Tensor n_averaged;  ///< how many values each average has: a buffer, int64, of no dimension

 private:
  struct FromModule {};
  AveragedModelImpl(FromModule, const Module& model, const AveragedModelOptions& options);

  AveragedModelOptions options_;
};
BALLAST_MODULE(AveragedModel);

}  // namespace ballast::nn::utils
