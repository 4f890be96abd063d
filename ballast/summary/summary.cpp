#include "ballast/summary/summary.h"

#include <algorithm>

#include "ballast/autograd/grad_mode.h"
#include "ballast/ops/factories.h"
#include "ballast/summary/as_it_was.h"
#include "ballast/summary/layer_tree.h"
#include "ballast/summary/observed_forward.h"

namespace ballast {
namespace {

/// The parameters, then the buffers.
std::vector<Tensor> tensors_of(const nn::Module& model) {
  std::vector<Tensor> tensors = model.parameters();
  std::ranges::copy(model.buffers(), std::back_inserter(tensors));
  return tensors;
}

DType input_dtype(const std::vector<Tensor>& tensors, const SummaryOptions& options, std::size_t position) {
  if (!options.dtypes.empty()) return options.dtypes[options.dtypes.size() == 1 ? 0 : position];
  const auto first = std::ranges::find_if(tensors, &Tensor::is_floating_point);
  return first == tensors.end() ? kFloat32 : first->dtype();
}

std::vector<std::vector<std::int64_t>> input_shapes(const SummaryOptions& options) {
  const int ways = (options.input_size.empty() ? 0 : 1) + (options.input_sizes.empty() ? 0 : 1) +
                   (options.inputs.empty() ? 0 : 1);
  check<ValueError>(ways <= 1,
                    "summary: the input is given as input_size, as input_sizes or as inputs: as one of them");
  if (!options.input_size.empty()) return {options.input_size};
  return options.input_sizes;
}

/// The tensors to call the model with, on `device`.
std::vector<Tensor> make_inputs(const std::vector<Tensor>& tensors, const SummaryOptions& options,
                                Device device) {
  const auto shapes = input_shapes(options);
  check<ValueError>(options.dtypes.empty() || !shapes.empty(),
                    "summary: dtypes are the types of tensors made for shapes, and no shape is given");
  check<ValueError>(options.dtypes.size() <= 1 || options.dtypes.size() == shapes.size(),
                    "summary: {} dtypes are given for {} shapes: give one for each, or one for all",
                    options.dtypes.size(), shapes.size());
  std::vector<Tensor> inputs;
  for (const Tensor& t : options.inputs) {
    check(t.defined(), "summary: there is an undefined tensor among the inputs; leave it out");
    inputs.push_back(device.is_meta() ? t.to(device) : t);
  }
  for (std::size_t i = 0; i < shapes.size(); ++i) {
    const TensorOptions like = TensorOptions(input_dtype(tensors, options, i)).device(device);
    inputs.push_back(zeros(shapes[i], like));
  }
  return inputs;
}

}  // namespace

void detail::throw_no_such_forward(const nn::Module& model, std::size_t inputs) {
  throw NotImplementedError(fmt::format(
      "{} cannot be called with {} tensor{}{}: give the model as its holder or a shared_ptr of its "
      "class, or say how to call it: .forward = [&](const std::vector<Tensor>& inputs) {{ "
      "model(inputs[0], ...); }}",
      model.class_name(), inputs, inputs == 1 ? "" : "s",
      inputs == 1 ? " as a Module, or does not give one" : ""));
}

void detail::call_as_module(nn::Module& model, const std::vector<Tensor>& inputs) {
  if (inputs.size() != 1) throw_no_such_forward(model, inputs.size());
  try {
    static_cast<void>(model(inputs[0]));
  } catch (const NotImplementedError& e) {
    // What nn::Module says of a forward that it cannot call; a part of the model may say so of itself.
    const std::string text =
        fmt::format("Module [{}] is missing the required \"forward\" function", model.class_name());
    if (e.what() == text) throw_no_such_forward(model, 1);
    throw;
  }
}

ModelSummary detail::summary_of(const nn::Module& model, const SummaryOptions& options,
                                const std::function<void(const std::vector<Tensor>&)>& call) {
  LayerTree tree = layer_tree(model);
  ModelSummary& out = tree.summary;
  out.layout = {.depth = options.depth, .columns = options.columns};
  const std::vector<Tensor> tensors = tensors_of(model);
  const Device device = std::ranges::any_of(tensors, &Tensor::is_meta) ? Device(kMeta) : Device(kCPU);
  const std::vector<Tensor> inputs = make_inputs(tensors, options, device);
  out.has_input = !inputs.empty() || options.forward;
  if (!out.has_input) return std::move(tree.summary);

  for (const Tensor& t : inputs) {
    out.input_sizes.emplace_back(t.sizes());
    out.input_bytes += static_cast<std::uint64_t>(t.nbytes());
  }
  const AsItWas as_it_was(tree.modules);
  const NoGradGuard no_grad;
  const DefaultDeviceGuard factories(device);
  const std::string on_dtype_error =
      options.dtypes.empty() && options.inputs.empty()
          ? fmt::format(" (the input was made as {}; .dtypes = {{kInt64}} makes numbers of rows)",
                        dtype_name(input_dtype(tensors, options, 0)))
          : "";
  observe_forward(tree, options.mult_adds, on_dtype_error,
                  [&] { (options.forward ? options.forward : call)(inputs); });
  return std::move(tree.summary);
}

ModelSummary summary(const nn::Module& model, const SummaryOptions& options) {
  return detail::summary_of(model, options, [&model](const std::vector<Tensor>& inputs) {
    detail::call_as_module(const_cast<nn::Module&>(model), inputs);
  });
}

}  // namespace ballast
