// A summary of a model: its layers as a tree, with parameters, buffers, bytes and, where an input is given, shapes of
// activations, memory and multiply-adds.
//
//   fmt::print("{}", summary(net));                                       // no input: the tree and what it holds
//   fmt::print("{}", summary(net, {.input_size = {1, 3, 224, 224}}));
//   summary(gpt, {.input_size = {1, 1024}, .dtypes = {kInt64}});          // tokens
//   summary(transformer, {.input_sizes = {{10, 1, 512}, {20, 1, 512}}});  // a forward of two tensors
//   summary(net, {.inputs = {x, mask}});                                  // tensors of one's own
//   summary(net, {.input_size = {8, 4}, .forward = [&](const auto& in) { net->encode(in[0], true); }});
//
// What is shared is counted once: a module that stands in several places has its children and figures at the first, and is
// marked "shared with" there at the others; a parameter under two names is marked so too. Multiply-adds and activations, which
// cost time and memory at each call, are counted at each call.
//
// With an input the model runs once, in eval mode and without recording gradients. Afterwards it is as it was, also after an
// error: no hooks, every module in its own mode, statistics of normalisations untouched, the default generator where it was.
// (What a user's own forward writes elsewhere stays written.) Sizes are seen by forward hooks, so what hooks do not see is not
// seen: functions that are no modules, and modules called as `m->forward(x)` instead of `m(x)`, whose rows show no call. Other
// threads must not call the model meanwhile.
//
// A model on the meta device runs there: shapes are worked out, nothing is computed, and the sizes of a model of any size
// are there in milliseconds. Its inputs are made on meta, and so are tensors that its forward makes without naming a device.
// A forward that looks at values (`item()`, a target of AdaptiveLogSoftmaxWithLoss) throws DeviceError there. A model with
// memory computes one forward pass in full; to avoid that, make it on meta (core/device.h).
#pragma once

#include <concepts>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <vector>

#include "ballast/nn/module.h"
#include "ballast/nn/module_holder.h"
#include "ballast/summary/call_with_tensors.h"
#include "ballast/summary/model_summary.h"
#include "ballast/summary/mult_adds.h"

namespace ballast {

struct SummaryOptions {
  // The input, in one of three ways; none: the model does not run.
  std::vector<std::int64_t> input_size = {};                ///< the shape of one tensor, batch and all
  std::vector<std::vector<std::int64_t>> input_sizes = {};  ///< of several
  std::vector<Tensor> inputs = {};                          ///< tensors; moved to meta for a model there
  /// Element types of tensors made for given shapes, one for each or one for all; they hold zeros. None: the type of the
  /// model's first floating point parameter, else float32.
  std::vector<DType> dtypes = {};
  /// How to run the model with the inputs, of which there may be none; default: `model(inputs[0], inputs[1], ...)`.
  std::function<void(const std::vector<Tensor>& inputs)> forward = {};
  /// Asked first for each call: multiply-adds of one's own layers. None: as count_mult_adds says.
  CountMultAdds mult_adds = {};
  // How text() shows it: SummaryTextOptions.
  std::optional<std::size_t> depth = std::nullopt;
  std::vector<SummaryColumn> columns = {};
};

namespace detail {
/// `call`: how to run the model unless the options say how.
[[nodiscard]] ModelSummary summary_of(const nn::Module& model, const SummaryOptions& options,
                                      const std::function<void(const std::vector<Tensor>&)>& call);
}  // namespace detail

/// ValueError if the input is given in more than one way, or `dtypes` are neither one nor as many as shapes. What the forward
/// throws comes out as an error of its kind, with the layer and the shapes it was called with. NotImplementedError if a model
/// that is known only as a Module is to take several tensors, or one whose class does not tell how to call it: give the
/// holder (or a shared_ptr of the class), or `forward`.
[[nodiscard]] ModelSummary summary(const nn::Module& model, const SummaryOptions& options = {});

/// The same for a holder or a shared_ptr, which know the class and so how to call it with several tensors.
template <nn::IsModuleHolder H>
[[nodiscard]] ModelSummary summary(const H& model, const SummaryOptions& options = {}) {
  return detail::summary_of(*model, options, [&model](const std::vector<Tensor>& inputs) {
    detail::call_with_tensors(model, inputs);
  });
}
template <std::derived_from<nn::Module> M>
[[nodiscard]] ModelSummary summary(const std::shared_ptr<M>& model, const SummaryOptions& options = {}) {
  return summary(nn::ModuleHolder<M>(model), options);
}

}  // namespace ballast
