#include "ballast/nn/layers/upsampling.h"

#include "ballast/nn/extra_repr.h"

namespace ballast::nn {

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
