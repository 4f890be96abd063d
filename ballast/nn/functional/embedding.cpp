#include "ballast/nn/functional/embedding.h"

#include "ballast/autograd/grad_mode.h"
#include "ballast/ops/embedding.h"
#include "ballast/ops/factories.h"

namespace ballast::nn::functional {
namespace {

/// The row, counted from the start; -1 for none.
std::int64_t row_from_start(std::optional<std::int64_t> row, const Tensor& weight, const char* text) {
  if (!row) return -1;
  const std::int64_t rows = weight.size(0);
  check<ValueError>(*row < rows && *row >= -rows, "{}: {} for {} rows", text, *row, rows);
  return *row < 0 ? *row + rows : *row;
}

void limit_norms(const Tensor& weight, const Tensor& input, std::optional<Number> max_norm, Number p) {
  if (!max_norm) return;
  const NoGradGuard no_grad;
  embedding_renorm_(weight, input, *max_norm, p);
}

void check_bag_options(const Tensor& input, const EmbeddingBagFuncOptions& o) {
  check<ValueError>(o.mode().known(), "mode has to be one of sum, mean or max, but got '{}'",
                    o.mode().python());
  const Tensor& own = o.per_sample_weights();
  check<ShapeError>(!own.defined() || own.sizes() == input.sizes(),
                    "embedding_bag: If per_sample_weights ({}) is not null, then it must have the same shape "
                    "as the input ({})",
                    own.defined() ? shape_text(own.sizes()) : "", shape_text(input.sizes()));
  check<ShapeError>(input.dim() == 1 || input.dim() == 2,
                    "input has to be 1D or 2D Tensor, but got Tensor of dimension {}", input.dim());
  if (input.dim() == 2) {
    check<ValueError>(!o.offsets().defined(),
                      "If input is 2D, then offsets has to be null, as input is treated is a mini-batch of "
                      "fixed length sequences. However, found offsets of type Tensor");
  } else {
    check<ValueError>(o.offsets().defined(), "offsets has to be a 1D Tensor but got null");
    check<ShapeError>(o.offsets().dim() == 1, "offsets has to be a 1D Tensor");
  }
  if (o.mode().is(kMax)) {
    check<ValueError>(!o.scale_grad_by_freq(),
                      "max mode does not support scaling the gradient by the frequency");
    check<ValueError>(!o.sparse(), "max mode does not support sparse weights");
  }
  check<NotImplementedError>(
      !own.defined() || o.mode().is(kSum),
      "embedding_bag: per_sample_weights was not null. per_sample_weights is only "
      "supported for mode='kSum' (got mode='{}'). Please open a feature request on "
      "GitHub.",
      enumtype::get_enum_name(static_cast<const EmbeddingBagFuncOptions::Mode::Variant&>(o.mode())));
}

}  // namespace

Tensor embedding(const Tensor& input, const Tensor& weight, const EmbeddingFuncOptions& options) {
  check<ShapeError>(weight.dim() == 2, "'weight' must be 2-D");
  const std::int64_t padding =
      row_from_start(options.padding_idx(), weight, "Padding_idx must be within num_embeddings");
  limit_norms(weight, input, options.max_norm(), options.norm_type());
  return ballast::embedding(weight, input, padding, options.scale_grad_by_freq());
}

Tensor embedding_bag(const Tensor& input, const Tensor& weight, const EmbeddingBagFuncOptions& options) {
  check_bag_options(input, options);
  check<ShapeError>(weight.dim() == 2, "'weight' must be 2-D");
  EmbeddingBagArguments arguments;
  arguments.mode = options.mode().is(kSum)   ? BagMode::kSumRows
                   : options.mode().is(kMax) ? BagMode::kMaxRows
                                             : BagMode::kMeanRows;
  arguments.padding_idx =
      row_from_start(options.padding_idx(), weight, "padding_idx must be within the number of embeddings");
  arguments.scale_grad_by_freq = options.scale_grad_by_freq();
  Tensor indices = input;
  Tensor offsets = options.offsets();
  arguments.per_sample_weights = options.per_sample_weights();
  if (input.dim() == 2) {
    indices = input.reshape({-1});
    if (arguments.per_sample_weights.defined())
      arguments.per_sample_weights = arguments.per_sample_weights.reshape({-1});
    const std::int64_t bags = input.size(0);
    const std::int64_t width = input.size(1);
    offsets = width == 0 ? zeros({bags}, kInt64) : arange(0, bags * width, width, kInt64);
  } else {
    arguments.include_last_offset = options.include_last_offset();
  }
  limit_norms(weight, indices, options.max_norm(), options.norm_type());
  return ballast::embedding_bag(weight, indices, offsets, arguments);
}

}  // namespace ballast::nn::functional
