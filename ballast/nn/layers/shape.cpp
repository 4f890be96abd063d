#include "ballast/nn/layers/shape.h"

#include "ballast/nn/extra_repr.h"
#include "ballast/nn/functional.h"
#include "ballast/ops/fold.h"

namespace ballast::nn {

Tensor UnflattenImpl::forward(const Tensor& input) {
  return unflatten(input, options.dim(), options.unflattened_size());
}
Tensor FoldImpl::forward(const Tensor& input) { return functional::fold(input, options); }
Tensor UnfoldImpl::forward(const Tensor& input) { return functional::unfold(input, options); }
Tensor PixelShuffleImpl::forward(const Tensor& input) { return functional::pixel_shuffle(input, options); }
Tensor PixelUnshuffleImpl::forward(const Tensor& input) {
  return functional::pixel_unshuffle(input, options);
}
Tensor ChannelShuffleImpl::forward(const Tensor& input) {
  return functional::channel_shuffle(input, options.groups());
}

std::string FlattenImpl::extra_repr() const {
  return ExtraRepr().add("start_dim", options.start_dim()).add("end_dim", options.end_dim());
}

std::string UnflattenImpl::extra_repr() const {
  return ExtraRepr().add("dim", options.dim()).add("unflattened_size", options.unflattened_size());
}

std::string FoldImpl::extra_repr() const {
  return ExtraRepr()
      .add("output_size", options.output_size())
      .add("kernel_size", options.kernel_size())
      .add("dilation", options.dilation())
      .add("padding", options.padding())
      .add("stride", options.stride());
}

std::string UnfoldImpl::extra_repr() const {
  return ExtraRepr()
      .add("kernel_size", options.kernel_size())
      .add("dilation", options.dilation())
      .add("padding", options.padding())
      .add("stride", options.stride());
}

std::string PixelShuffleImpl::extra_repr() const {
  return ExtraRepr().add("upscale_factor", options.upscale_factor());
}

std::string PixelUnshuffleImpl::extra_repr() const {
  return ExtraRepr().add("downscale_factor", options.downscale_factor());
}

std::string ChannelShuffleImpl::extra_repr() const { return ExtraRepr().add("groups", options.groups()); }

}  // namespace ballast::nn
