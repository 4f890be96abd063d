#include "ballast/nn/layers/embedding.h"

#include "ballast/autograd/grad_mode.h"
#include "ballast/nn/extra_repr.h"
#include "ballast/nn/functional.h"
#include "ballast/nn/init.h"

namespace ballast::nn {
namespace {

/// A row counted from the start. ValueError if there is no such row; `name` is how the text spells the
/// option.
std::optional<std::int64_t> row_from_start(std::optional<std::int64_t> row, std::int64_t rows,
                                           const char* name) {
  // As in PyTorch, row 0 is not looked at: an empty table may have it.
  if (!row || *row == 0) return row;
  check<ValueError>(*row < rows && *row >= -rows, "{} must be within num_embeddings", name);
  return *row < 0 ? *row + rows : *row;
}

template <class Options>
Tensor table_of(const Options& options) {
  const std::int64_t rows = options.num_embeddings(), columns = options.embedding_dim();
  const Tensor& given = options._weight();
  if (!given.defined()) return empty({rows, columns});
  check<ValueError>(given.sizes() == IntArrayRef({rows, columns}),
                    "Shape of weight does not match num_embeddings and embedding_dim");
  return Parameter(given, given.is_floating_point() || given.is_complex());
}

void draw_rows(const Tensor& weight, std::optional<std::int64_t> zero_row) {
  init::normal_(weight);
  if (!zero_row) return;
  const NoGradGuard no_grad;
  weight.select(0, *zero_row).zero_();
}

template <class Holder, class Options, class From>
Holder layer_on(const Tensor& embeddings, Options options, const From& from) {
  options._weight(embeddings)
      .padding_idx(from.padding_idx())
      .max_norm(from.max_norm())
      .norm_type(from.norm_type())
      .scale_grad_by_freq(from.scale_grad_by_freq())
      .sparse(from.sparse());
  Holder layer(options);
  layer->weight.requires_grad_(!from.freeze());
  return layer;
}

void check_table(const Tensor& embeddings) {
  check<ValueError>(embeddings.dim() == 2, "Embeddings parameter is expected to be 2-dimensional");
}

}  // namespace

EmbeddingImpl::EmbeddingImpl(const EmbeddingOptions& options_) : options(options_) { EmbeddingImpl::reset(); }

void EmbeddingImpl::reset() {
  options.padding_idx(row_from_start(options.padding_idx(), options.num_embeddings(), "Padding_idx"));
  bind_parameter("weight", weight, table_of(options));
  if (!options._weight().defined()) reset_parameters();
}

void EmbeddingImpl::reset_parameters() { draw_rows(weight, options.padding_idx()); }

Tensor EmbeddingImpl::forward(const Tensor& input) {
  return functional::embedding(input, weight,
                               functional::EmbeddingFuncOptions()
                                   .padding_idx(options.padding_idx())
                                   .max_norm(options.max_norm())
                                   .norm_type(options.norm_type())
                                   .scale_grad_by_freq(options.scale_grad_by_freq())
                                   .sparse(options.sparse()));
}

std::string EmbeddingImpl::extra_repr() const {
  return ExtraRepr()
      .add(options.num_embeddings())
      .add(options.embedding_dim())
      .add_if(options.padding_idx().has_value(), "padding_idx", options.padding_idx())
      .add_if(options.max_norm().has_value(), "max_norm", options.max_norm())
      .add_if(options.norm_type() != 2, "norm_type", options.norm_type())
      .add_if(options.scale_grad_by_freq(), "scale_grad_by_freq", true)
      .add_if(options.sparse(), "sparse", true);
}

Embedding Embedding::from_pretrained(const Tensor& embeddings,
                                     const EmbeddingFromPretrainedOptions& options) {
  check_table(embeddings);
  return layer_on<Embedding>(embeddings, EmbeddingOptions(embeddings.size(0), embeddings.size(1)), options);
}

EmbeddingBagImpl::EmbeddingBagImpl(const EmbeddingBagOptions& options_) : options(options_) {
  EmbeddingBagImpl::reset();
}

void EmbeddingBagImpl::reset() {
  options.padding_idx(row_from_start(options.padding_idx(), options.num_embeddings(), "padding_idx"));
  bind_parameter("weight", weight, table_of(options));
  if (!options._weight().defined()) reset_parameters();
}

void EmbeddingBagImpl::reset_parameters() { draw_rows(weight, options.padding_idx()); }

Tensor EmbeddingBagImpl::forward(const Tensor& input, const Tensor& offsets,
                                 const Tensor& per_sample_weights) {
  return functional::embedding_bag(input, weight,
                                   functional::EmbeddingBagFuncOptions()
                                       .offsets(offsets)
                                       .max_norm(options.max_norm())
                                       .norm_type(options.norm_type())
                                       .scale_grad_by_freq(options.scale_grad_by_freq())
                                       .mode(options.mode())
                                       .sparse(options.sparse())
                                       .per_sample_weights(per_sample_weights)
                                       .include_last_offset(options.include_last_offset())
                                       .padding_idx(options.padding_idx()));
}

std::string EmbeddingBagImpl::extra_repr() const {
  return ExtraRepr()
      .add(options.num_embeddings())
      .add(options.embedding_dim())
      .add_if(options.max_norm().has_value(), "max_norm", options.max_norm())
      .add_if(options.norm_type() != 2, "norm_type", options.norm_type())
      .add_if(options.scale_grad_by_freq(), "scale_grad_by_freq", true)
      .add("mode", python_repr(options.mode().python()))
      .add_if(options.padding_idx().has_value(), "padding_idx", options.padding_idx());
}

EmbeddingBag EmbeddingBag::from_pretrained(const Tensor& embeddings,
                                           const EmbeddingBagFromPretrainedOptions& options) {
  check_table(embeddings);
  EmbeddingBagOptions bag(embeddings.size(0), embeddings.size(1));
  bag.mode(options.mode()).include_last_offset(options.include_last_offset());
  return layer_on<EmbeddingBag>(embeddings, bag, options);
}

}  // namespace ballast::nn
