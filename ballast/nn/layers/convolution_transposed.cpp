#include "ballast/nn/layers/convolution_transposed.h"

#include <algorithm>

#include "ballast/nn/extra_repr.h"
#include "ballast/nn/functional.h"

namespace ballast::nn {

template <std::size_t D>
ConvTransposeNdImpl<D>::ConvTransposeNdImpl(const ConvTransposeOptions<D>& options_) : options(options_) {
  ConvTransposeNdImpl::reset();
}

template <std::size_t D>
void ConvTransposeNdImpl<D>::reset() {
  check<ValueError>(options.padding_mode().is(kZeros),
                    "Only \"zeros\" padding mode is supported for ConvTranspose{}d", D);
  detail::check_groups(options.in_channels(), options.out_channels(), options.groups());
  Dims sizes{options.in_channels(), options.out_channels() / options.groups()};
  for (const std::int64_t k : *options.kernel_size()) sizes.push_back(k);
  bind_parameter("weight", weight, empty(sizes));
  bind_parameter("bias", bias, options.bias() ? empty(options.out_channels()) : Tensor());
  reset_parameters();
}

template <std::size_t D>
void ConvTransposeNdImpl<D>::reset_parameters() {
  detail::reset_convolution(weight, bias);
}

namespace {

Tensor convolved(const Tensor& x, const Tensor& w, const functional::ConvTransposeFuncOptions<1>& o) {
  return functional::conv_transpose1d(x, w, o);
}
Tensor convolved(const Tensor& x, const Tensor& w, const functional::ConvTransposeFuncOptions<2>& o) {
  return functional::conv_transpose2d(x, w, o);
}
Tensor convolved(const Tensor& x, const Tensor& w, const functional::ConvTransposeFuncOptions<3>& o) {
  return functional::conv_transpose3d(x, w, o);
}

/// The output padding that gives the size asked for.
template <std::size_t D>
ExpandingArray<D> padding_for(const Tensor& input, IntArrayRef asked, const ConvTransposeOptions<D>& o) {
  const auto rank = static_cast<std::int64_t>(D);
  check<ShapeError>(
      input.dim() == rank + 1 || input.dim() == rank + 2,
      "Expected {}D (unbatched) or {}D (batched) input to conv_transpose{}d, but got input of size: {}",
      D + 1, D + 2, D, Shown{input.sizes()});
  const auto dims = static_cast<std::size_t>(input.dim());
  if (asked.size() == dims) asked = asked.slice(dims - D);
  check<ValueError>(asked.size() == D,
                    "ConvTranspose{}D: for {}D input, output_size must have {} or {} elements (got {})", D,
                    dims, D, dims, asked.size());
  std::array<std::int64_t, D> padding{};
  Dims least, most;
  bool fits = true;
  for (std::size_t i = 0; i < D; ++i) {
    const std::int64_t n = input.sizes()[dims - D + i];
    least.push_back((n - 1) * (*o.stride())[i] - 2 * (*o.padding())[i] +
                    (*o.dilation())[i] * ((*o.kernel_size())[i] - 1) + 1);
    most.push_back(least[i] + (*o.stride())[i] - 1);
    padding[i] = asked[i] - least[i];
    fits = fits && asked[i] >= least[i] && asked[i] <= most[i];
  }
  check<ValueError>(
      fits, "requested an output size of {}, but valid sizes range from {} to {} (for an input of {})",
      Shown{asked}, Shown{least}, Shown{most}, Shown{input.sizes().slice(dims - D)});
  return padding;
}

}  // namespace

template <std::size_t D>
Tensor ConvTransposeNdImpl<D>::forward(const Tensor& input, std::optional<IntArrayRef> output_size) {
  functional::ConvTransposeFuncOptions<D> how;
  how.bias(bias).stride(options.stride()).padding(options.padding()).dilation(options.dilation());
  how.groups(options.groups()).output_padding(options.output_padding());
  if (output_size) how.output_padding(padding_for(input, *output_size, options));
  return convolved(input, weight, how);
}

template <std::size_t D>
std::string ConvTransposeNdImpl<D>::extra_repr() const {
  const auto all = [](const ExpandingArray<D>& values, std::int64_t value) {
    return std::ranges::all_of(*values, [value](std::int64_t v) { return v == value; });
  };
  return ExtraRepr()
      .add(options.in_channels())
      .add(options.out_channels())
      .add("kernel_size", *options.kernel_size())
      .add("stride", *options.stride())
      .add_if(!all(options.padding(), 0), "padding", *options.padding())
      .add_if(!all(options.dilation(), 1), "dilation", *options.dilation())
      .add_if(!all(options.output_padding(), 0), "output_padding", *options.output_padding())
      .add_if(options.groups() != 1, "groups", options.groups())
      .add_if(!bias.defined(), "bias", false);
}

template class ConvTransposeNdImpl<1>;
template class ConvTransposeNdImpl<2>;
template class ConvTransposeNdImpl<3>;

}  // namespace ballast::nn
