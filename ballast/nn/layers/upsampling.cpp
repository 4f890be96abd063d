#include "ballast/nn/layers/upsampling.h"

#include "ballast/nn/extra_repr.h"
#include "ballast/nn/functional.h"

namespace ballast::nn {

Tensor UpsampleBaseImpl::forward(const Tensor& input) {
  functional::InterpolateFuncOptions how;
  how.size(options.size()).scale_factor(options.scale_factor()).mode(options.mode());
  how.align_corners(options.align_corners()).recompute_scale_factor(options.recompute_scale_factor());
  return functional::interpolate(input, how);
}

std::string UpsampleBaseImpl::extra_repr() const {
  ExtraRepr text;
  if (options.scale_factor()) {
    text.add("scale_factor", *options.scale_factor());
  } else {
    text.add("size", options.size());
  }
  return text.add("mode", python_repr(options.mode().python()));
}

}  // namespace ballast::nn
