#include "ballast/nn/layers/loss.h"

#include "ballast/nn/extra_repr.h"

namespace ballast::nn {

TripletMarginLossImpl::TripletMarginLossImpl(const TripletMarginLossOptions& options_) : options(options_) {
  check<ValueError>(!(options.margin() <= 0),
                    "TripletMarginLoss: expected margin to be greater than 0, got {} instead",
                    detail::python_text(options.margin()));
}

}  // namespace ballast::nn
