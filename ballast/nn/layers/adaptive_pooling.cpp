#include "ballast/nn/layers/adaptive_pooling.h"

#include <algorithm>

#include "ballast/nn/extra_repr.h"
#include "ballast/nn/functional.h"

namespace ballast::nn {

template <std::size_t D>
std::string AdaptivePoolImpl<D>::extra_repr() const {
  return ExtraRepr().add("output_size", options.output_size());
}

template <std::size_t D>
FractionalMaxPoolImpl<D>::FractionalMaxPoolImpl(const FractionalMaxPoolOptions<D>& options_)
    : options(options_) {
  const auto& kernel = options.kernel_size();
  check<ValueError>(D == 2 || std::ranges::all_of(*kernel, [](std::int64_t k) { return k > 0; }),
                    "kernel_size must be greater than 0, but got {}", detail::python_text(kernel));
  bind_buffer("_random_samples", _random_samples, options._random_samples());
  const auto& size = options.output_size();
  const auto& ratio = options.output_ratio();
  check<ValueError>(size || ratio,
                    "FractionalMaxPool{}d requires specifying either an output size, or a pooling ratio", D);
  check<ValueError>(!size || !ratio, "only one of output_size and output_ratio may be specified");
  if (ratio) {
    check<ValueError>(std::ranges::all_of(**ratio, [](double r) { return r > 0 && r < 1; }),
                      "output_ratio must be between 0 and 1 (got {})", detail::python_text(*ratio));
  }
}

Tensor AdaptiveAvgPool1dImpl::forward(const Tensor& input) {
  return functional::adaptive_avg_pool1d(input, options);
}
Tensor AdaptiveAvgPool2dImpl::forward(const Tensor& input) {
  return functional::adaptive_avg_pool2d(input, options);
}
Tensor AdaptiveAvgPool3dImpl::forward(const Tensor& input) {
  return functional::adaptive_avg_pool3d(input, options);
}
Tensor AdaptiveMaxPool1dImpl::forward(const Tensor& input) {
  return functional::adaptive_max_pool1d(input, options);
}
Tensor AdaptiveMaxPool2dImpl::forward(const Tensor& input) {
  return functional::adaptive_max_pool2d(input, options);
}
Tensor AdaptiveMaxPool3dImpl::forward(const Tensor& input) {
  return functional::adaptive_max_pool3d(input, options);
}
std::tuple<Tensor, Tensor> AdaptiveMaxPool1dImpl::forward_with_indices(const Tensor& input) {
  return functional::adaptive_max_pool1d_with_indices(input, options);
}
std::tuple<Tensor, Tensor> AdaptiveMaxPool2dImpl::forward_with_indices(const Tensor& input) {
  return functional::adaptive_max_pool2d_with_indices(input, options);
}
std::tuple<Tensor, Tensor> AdaptiveMaxPool3dImpl::forward_with_indices(const Tensor& input) {
  return functional::adaptive_max_pool3d_with_indices(input, options);
}

template <std::size_t D>
std::tuple<Tensor, Tensor> FractionalMaxPoolImpl<D>::forward_with_indices(const Tensor& input) {
  FractionalMaxPoolOptions<D> how(options);
  how._random_samples(_random_samples);
  if constexpr (D == 2) {
    return functional::fractional_max_pool2d_with_indices(input, how);
  } else {
    return functional::fractional_max_pool3d_with_indices(input, how);
  }
}
template <std::size_t D>
Tensor FractionalMaxPoolImpl<D>::forward(const Tensor& input) {
  return std::get<0>(forward_with_indices(input));
}

template class AdaptivePoolImpl<1>;
template class AdaptivePoolImpl<2>;
template class AdaptivePoolImpl<3>;
template class FractionalMaxPoolImpl<2>;
template class FractionalMaxPoolImpl<3>;

}  // namespace ballast::nn
