// What summary() (summary/summary.h) finds out about a model: a row for each layer, as data and as a table.
//
//   const ModelSummary s = summary(net, {.input_size = {1, 1, 28, 28}});
//   s.total().parameters;                                      // each counted once
//   for (const LayerSummary& row : s.layers) fmt::print("{} {}\n", row.path, row.total.mult_adds);
//   fmt::print("{}", s);                                       // the table
//   s.text({.depth = 1, .columns = {SummaryColumn::kParameters, SummaryColumn::kShare}});
#pragma once

#include <cstddef>
#include <cstdint>
#include <iosfwd>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <fmt/format.h>

#include "ballast/core/dims.h"
#include "ballast/core/dtype.h"

namespace ballast {

/// What a layer holds and what one forward pass through it costs.
struct LayerFigures {
  std::uint64_t parameters = 0;       ///< elements
  std::uint64_t trainable = 0;        ///< of these, elements of parameters that require grad
  std::uint64_t parameter_bytes = 0;  ///< of all parameters
  std::uint64_t buffers = 0;          ///< elements
  std::uint64_t buffer_bytes = 0;
  std::uint64_t mult_adds = 0;  ///< summary/mult_adds.h says what counts
  std::uint64_t activation_bytes =
      0;  ///< of the results of layers that call no other layer, views of inputs left out
};

/// A place in the module tree.
struct LayerSummary {
  static constexpr std::size_t kNone = ~std::size_t{0};

  std::string name;        ///< "conv1", "0"; "" for the root
  std::string path;        ///< "layer1.0.conv1"; "" for the root
  std::string class_name;  ///< "Conv2d"
  std::string extra_repr;  ///< "3, 64, kernel_size=(7, 7), stride=(2, 2)"
  std::size_t depth = 0;
  std::size_t parent = kNone;  ///< position in ModelSummary::layers; of the root none

  /// The layer where the same module stands first; kNone here. A shared module's children have rows at its first place only,
  /// and what they do when called through another place is added to that place's own figures.
  std::size_t shared_with = kNone;
  /// A parameter or buffer of this layer that is one of a layer before.
  struct SharedTensor {
    std::string name;  ///< "weight"
    std::string path;  ///< where it stands first: "embedding.weight"
    bool same_tensor =
        true;  ///< false: a parameter of its own, counted as such, that lies on the same memory
  };
  std::vector<SharedTensor> shared_tensors;

  LayerFigures own;    ///< without the children
  LayerFigures total;  ///< with all below, each tensor counted once

  // Where there was an input:
  std::size_t calls = 0;  ///< of this layer at this place
  /// Shapes at the last call: of the tensors it was given, and of its result (of the first where it gives several). No result
  /// if there was no call, or the result is no tensor.
  std::vector<Dims> input_sizes;
  std::optional<Dims> output_sizes;
  /// False if the layer was called and nobody knows how it uses its own parameters (summary/mult_adds.h); the second, if that
  /// is so for the layer or one below. Such calls are missing from the figures.
  bool own_mult_adds_known = true;
  bool mult_adds_known = true;
};

enum class SummaryColumn : std::uint8_t {
  kInputShape,     ///< of the last call; of all tensors given
  kOutputShape,    ///< of the last call
  kOwnParameters,  ///< of the layer without its children
  kParameters,     ///< with all below
  kShare,          ///< these, in percent of the model's
  kTrainable,      ///< True, False, Partial
  kBuffers,        ///< elements, with all below
  kBytes,          ///< of parameters and buffers, with all below
  kMultAdds,       ///< with all below
  kActivations,    ///< bytes, with all below
  kExtra,          ///< what the class says of itself
};

struct SummaryTextOptions {
  /// Levels below the root that are shown; none: all. Figures of what is not shown are in those of what is.
  std::optional<std::size_t> depth = std::nullopt;
  /// Empty: kOutputShape (where there was an input), kOwnParameters, kParameters, kTrainable, kMultAdds (where there was one).
  std::vector<SummaryColumn> columns = {};
};

struct ModelSummary {
  /// Of all parameters and buffers of one element type, each counted once.
  struct OfDType {
    DType dtype = kFloat32;
    std::uint64_t parameters = 0, buffers = 0;  ///< elements
    std::uint64_t bytes = 0;
  };

  std::vector<LayerSummary> layers;  ///< parents before children, in order of registration; the root first
  std::vector<OfDType> dtypes;       ///< in order of appearance
  std::uint64_t bytes_held = 0;      ///< of parameters and buffers, each element in memory once
  bool has_input = false;
  std::vector<Dims> input_sizes;
  std::uint64_t input_bytes = 0;
  SummaryTextOptions layout;  ///< what text() uses by default

  /// Of the whole model.
  [[nodiscard]] const LayerFigures& total() const { return layers.at(0).total; }
  /// By path; KeyError if there is none.
  [[nodiscard]] const LayerSummary& at(std::string_view path) const;
  /// A tree of the layers with columns, and the totals; ends with a line break.
  [[nodiscard]] std::string text() const { return text(layout); }
  [[nodiscard]] std::string text(const SummaryTextOptions& options) const;
};

std::ostream& operator<<(std::ostream& os, const ModelSummary& summary);

}  // namespace ballast

template <>
struct fmt::formatter<ballast::ModelSummary> : fmt::formatter<std::string_view> {
  auto format(const ballast::ModelSummary& summary, fmt::format_context& ctx) const {
    return formatter<std::string_view>::format(summary.text(), ctx);
  }
};
