#include "ballast/nn/layers/weighted_loss.h"

#include "ballast/nn/extra_repr.h"

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

}  // namespace ballast::nn
