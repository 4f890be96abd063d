#include "ballast/nn/layers/adaptive_pooling.h"

#include <algorithm>

#include "ballast/nn/extra_repr.h"

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

template class AdaptivePoolImpl<1>;
template class AdaptivePoolImpl<2>;
template class AdaptivePoolImpl<3>;
template class FractionalMaxPoolImpl<2>;
template class FractionalMaxPoolImpl<3>;

}  // namespace ballast::nn
