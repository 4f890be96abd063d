#include "ballast/summary/observed_forward.h"

#include <algorithm>
#include <iterator>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "ballast/core/error.h"
#include "ballast/core/shape.h"
#include "ballast/summary/result_sizes.h"

namespace ballast::detail {
namespace {

std::vector<Dims> sizes_of(const std::vector<Tensor>& tensors) {
  std::vector<Dims> out;
  for (const Tensor& t : tensors) {
    if (t.defined()) out.emplace_back(t.sizes());
  }
  return out;
}

/// Throws an error of the same kind with another text.
template <class... Kinds>
[[noreturn]] void throw_alike(const Error& e, const std::string& text) {
  ((dynamic_cast<const Kinds*>(&e) != nullptr ? throw Kinds(text) : void()), ...);
  throw Error(text);
}

/// Writes down the calls of a forward pass.
class Calls {
 public:
  Calls(LayerTree& tree, const CountMultAdds& count) : tree_(tree), count_(count) {}

  void begin(nn::Module& module, const std::vector<Tensor>& inputs) {
    const bool inside_shared = !open_.empty() && open_.back().adds_all;
    const std::size_t row = inside_shared ? open_.back().row : place_of(module);
    if (!open_.empty()) open_.back().calls_others = true;
    open_.push_back({&module, row, inside_shared || layers()[row].shared_with != LayerSummary::kNone, false,
                     inside_shared, sizes_of(inputs)});
    if (!inside_shared) ++layers()[row].calls;
  }

  void end(nn::Module& module, const std::vector<Tensor>& inputs, const Tensor& output) {
    // Calls that an exception ended, which the forward caught, are open still.
    while (!open_.empty() && open_.back().module != &module) open_.pop_back();
    if (open_.empty()) return;
    const Call call = std::move(open_.back());
    open_.pop_back();
    LayerSummary& layer = layers()[call.row];
    std::optional<Dims> result = output.defined() ? Dims(output.sizes()) : first_result_sizes(module, inputs);
    if (!call.calls_others) layer.own.activation_bytes += new_bytes(inputs, output, result);
    std::optional<std::uint64_t> mult_adds = count_ ? count_(module, inputs, output) : std::nullopt;
    if (!mult_adds) mult_adds = count_mult_adds(module, inputs, output);
    layer.own.mult_adds += mult_adds.value_or(0);
    layer.own_mult_adds_known = layer.own_mult_adds_known && mult_adds.has_value();
    if (call.inside_shared) return;
    layer.input_sizes = call.input_sizes;
    layer.output_sizes = std::move(result);
  }

  /// The same error, with the call it came out of.
  [[noreturn]] void throw_with_place(const Error& e, const std::string& on_dtype_error) const {
    std::string text = "summary: ";
    if (!open_.empty()) {
      const Call& call = open_.back();
      const LayerSummary& layer = tree_.summary.layers[call.row];
      text += layer.path.empty() ? "the model" : "`" + layer.path + "`";
      text += fmt::format(" ({}), called with", call.module->class_name());
      for (const Dims& sizes : call.input_sizes) text += " " + shape_text(sizes);
      text += call.input_sizes.empty() ? " no tensors: " : ": ";
    }
    text += e.what();
    if (dynamic_cast<const DTypeError*>(&e) != nullptr) text += on_dtype_error;
    throw_alike<ShapeError, DTypeError, DeviceError, IndexError, KeyError, ValueError, NotImplementedError,
                LimitError>(e, text);
  }

 private:
  struct Call {
    nn::Module* module;
    std::size_t row;
    bool adds_all;  // what is called inside counts here
    bool calls_others;
    bool inside_shared;
    std::vector<Dims> input_sizes;
  };

  std::vector<LayerSummary>& layers() { return tree_.summary.layers; }

  /// Bytes of the result, unless it shows memory of an input.
  static std::uint64_t new_bytes(const std::vector<Tensor>& inputs, const Tensor& output,
                                 const std::optional<Dims>& sizes) {
    if (!sizes) return 0;
    if (output.defined()) {
      const bool view = std::ranges::any_of(
          inputs, [&](const Tensor& t) { return t.defined() && t.storage().is_same(output.storage()); });
      return view ? 0 : static_cast<std::uint64_t>(output.nbytes());
    }
    return static_cast<std::uint64_t>(numel_of(*sizes) * inputs[0].itemsize());
  }

  [[nodiscard]] bool is_below(std::size_t row, std::size_t above) const {
    while (row != above && row != LayerSummary::kNone) row = tree_.summary.layers[row].parent;
    return row == above;
  }

  /// Of the places where the module stands: one at or below the innermost caller that has any; of these, the one with the fewest
  /// calls so far, so that a module that a Sequential holds twice is called at its first place, then at its second.
  std::size_t place_of(nn::Module& module) {
    const std::vector<std::size_t>& places = *tree_.places.find(&module);
    if (places.size() == 1) return places[0];
    std::vector<std::size_t> near;
    for (auto call = open_.rbegin(); call != open_.rend() && near.empty(); ++call) {
      std::ranges::copy_if(places, std::back_inserter(near),
                           [&](std::size_t row) { return is_below(row, call->row); });
    }
    if (near.empty()) near = places;
    return *std::ranges::min_element(near, {}, [this](std::size_t row) { return layers()[row].calls; });
  }

  LayerTree& tree_;
  const CountMultAdds& count_;
  std::vector<Call> open_;
};

/// Hooks on every module, as long as the object lives. Copies of the modules may keep theirs, which then do nothing.
class Hooks {
 public:
  explicit Hooks(Calls& calls) : calls_(std::make_shared<Calls*>(&calls)) {}
  ~Hooks() {
    *calls_ = nullptr;
    for (nn::RemovableHandle& handle : handles_) handle.remove();
  }
  Hooks(const Hooks&) = delete;
  Hooks& operator=(const Hooks&) = delete;

  void add(nn::Module& observed) {
    handles_.push_back(observed.register_forward_pre_hook(
        [calls = calls_, &observed](nn::Module& m, std::vector<Tensor>& inputs) {
          if (*calls != nullptr && &m == &observed) (*calls)->begin(m, inputs);
        }));
    handles_.push_back(observed.register_forward_hook(
        [calls = calls_, &observed](nn::Module& m, const std::vector<Tensor>& inputs, Tensor& output) {
          if (*calls != nullptr && &m == &observed) (*calls)->end(m, inputs, output);
        }));
  }

 private:
  std::shared_ptr<Calls*> calls_;
  std::vector<nn::RemovableHandle> handles_;
};

}  // namespace

void observe_forward(LayerTree& tree, const CountMultAdds& count, const std::string& on_dtype_error,
                     const std::function<void()>& forward) {
  Calls calls(tree, count);
  try {
    Hooks hooks(calls);
    for (std::size_t row = 0; row < tree.modules.size(); ++row) {
      if (tree.summary.layers[row].shared_with == LayerSummary::kNone) hooks.add(*tree.modules[row]);
    }
    forward();
  } catch (const FormatError&) {
    throw;
  } catch (const IoError&) {
    throw;
  } catch (const Error& e) {
    calls.throw_with_place(e, on_dtype_error);
  }
  add_up_calls(tree.summary.layers);
}

}  // namespace ballast::detail
