#include "ballast/nn/layers/weighted_loss.h"

#include "ballast/nn/extra_repr.h"
#include "ballast/nn/functional/loss.h"

namespace ballast::nn {

WeightedLossImpl::WeightedLossImpl(const Tensor& weight_) { bind_buffer("weight", weight, weight_); }

BCEWithLogitsLossImpl::BCEWithLogitsLossImpl(const BCEWithLogitsLossOptions& options_)
    : Cloneable(options_.weight()), options(options_) {
  bind_buffer("pos_weight", pos_weight, options.pos_weight());
}

MultiMarginLossImpl::MultiMarginLossImpl(const MultiMarginLossOptions& options_)
    : Cloneable(options_.weight()), options(options_) {
  check<ValueError>(options.p() == 1 || options.p() == 2, "only p == 1 and p == 2 supported");
  check<ValueError>(!weight.defined() || weight.dim() == 1,
                    "MultiMarginLoss: expected weight to be None or 1D tensor, got {}D instead",
                    weight.defined() ? weight.dim() : 0);
}

TripletMarginWithDistanceLossImpl::TripletMarginWithDistanceLossImpl(
    const TripletMarginWithDistanceLossOptions& options_)
    : options(options_) {
  check<ValueError>(!(options.margin() <= 0),
                    "TripletMarginWithDistanceLoss: expected margin to be greater than 0, got {} instead",
                    detail::python_text(options.margin()));
  if (!options.distance_function()) bind_module("distance_function", distance_function, PairwiseDistance());
}

LinearCrossEntropyLossImpl::LinearCrossEntropyLossImpl(const LinearCrossEntropyLossOptions& options_)
    : Cloneable(options_.weight()), options(options_) {
  const Tensor& w = options.weight();
  check<ShapeError>(!w.defined() || w.sizes() == IntArrayRef(options.num_classes()),
                    "expected weight shape to be ({},), got {}", options.num_classes(),
                    w.defined() ? python_tuple(w.sizes()) : "");
  check<ValueError>(!(options.label_smoothing() < 0 || options.label_smoothing() > 1),
                    "expected label_smoothing to be in range [0, 1], got {}",
                    detail::python_text(options.label_smoothing()));
  std::int64_t outputs = options.num_classes();
  for (const std::int64_t size : options.out_features()) outputs *= size;
  bind_module("linear", linear, Linear(LinearOptions(options.in_features(), outputs).bias(options.bias())));
}

Tensor LinearCrossEntropyLossImpl::forward(const Tensor& input, const Tensor& target) {
  Tensor logits = linear->forward(input);  // [N, num_classes * ...] or [num_classes * ...]
  if (!options.out_features().empty()) {
    Dims sizes = input.dim() > 1 ? Dims{input.size(0), options.num_classes()} : Dims{options.num_classes()};
    for (const std::int64_t size : options.out_features()) sizes.push_back(size);
    logits = logits.reshape(sizes);
  }
  CrossEntropyLossOptions plain;
  plain.weight(weight).label_smoothing(options.label_smoothing()).reduction(options.reduction());
  if (options.ignore_index()) plain.ignore_index(*options.ignore_index());
  return functional::cross_entropy(logits, target, plain);
}

std::string LinearCrossEntropyLossImpl::extra_repr() const {
  return ExtraRepr()
      .add("in_features", linear->options.in_features())
      .add("num_classes", options.num_classes())
      .add("out_features", options.out_features())
      .add("bias", linear->bias.defined())
      .add("reduction", options.reduction().python())
      .add("ignore_index", options.ignore_index())
      .add("label_smoothing", options.label_smoothing())
      .add("options", "None");
}

namespace {

/// Options with the weight as the layer has it now: it moves and loads with the layer.
template <class Options>
Options weighed(Options options, const Tensor& weight) {
  options.weight(weight);
  return options;
}

}  // namespace

Tensor NLLLossImpl::forward(const Tensor& input, const Tensor& target) {
  return functional::nll_loss(input, target, weighed(options, weight));
}
Tensor CrossEntropyLossImpl::forward(const Tensor& input, const Tensor& target) {
  return functional::cross_entropy(input, target, weighed(options, weight));
}
Tensor BCELossImpl::forward(const Tensor& input, const Tensor& target) {
  return functional::binary_cross_entropy(input, target, weighed(options, weight));
}
Tensor MultiLabelSoftMarginLossImpl::forward(const Tensor& input, const Tensor& target) {
  return functional::multilabel_soft_margin_loss(input, target, weighed(options, weight));
}
Tensor MultiMarginLossImpl::forward(const Tensor& input, const Tensor& target) {
  return functional::multi_margin_loss(input, target, weighed(options, weight));
}
Tensor BCEWithLogitsLossImpl::forward(const Tensor& input, const Tensor& target) {
  return functional::binary_cross_entropy_with_logits(input, target,
                                                      weighed(options, weight).pos_weight(pos_weight));
}
Tensor TripletMarginWithDistanceLossImpl::forward(const Tensor& anchor, const Tensor& positive,
                                                  const Tensor& negative) {
  if (options.distance_function()) {
    return functional::triplet_margin_with_distance_loss(anchor, positive, negative, options);
  }
  TripletMarginWithDistanceLossOptions with_child = options;
  with_child.distance_function(
      [this](const Tensor& a, const Tensor& b) { return distance_function->forward(a, b); });
  return functional::triplet_margin_with_distance_loss(anchor, positive, negative, with_child);
}

}  // namespace ballast::nn
