#include "ballast/nn/layers/pooling.h"

#include "ballast/nn/extra_repr.h"
#include "ballast/nn/functional.h"

namespace ballast::nn {

namespace {

// The function of D dimensions.
#define BALLAST_BY_RANK(NAME, FUNCTION)        \
  template <std::size_t D, class... Args>      \
  auto NAME(const Args&... args) {             \
    if constexpr (D == 1) {                    \
      return functional::FUNCTION(1)(args...); \
    } else if constexpr (D == 2) {             \
      return functional::FUNCTION(2)(args...); \
    } else {                                   \
      return functional::FUNCTION(3)(args...); \
    }                                          \
  }
#define BALLAST_MAX_POOL(D) max_pool##D##d
#define BALLAST_MAX_POOL_WITH_INDICES(D) max_pool##D##d_with_indices
#define BALLAST_AVG_POOL(D) avg_pool##D##d
#define BALLAST_LP_POOL(D) lp_pool##D##d
#define BALLAST_MAX_UNPOOL(D) max_unpool##D##d
BALLAST_BY_RANK(max_pool, BALLAST_MAX_POOL)
BALLAST_BY_RANK(max_pool_with_indices, BALLAST_MAX_POOL_WITH_INDICES)
BALLAST_BY_RANK(avg_pool, BALLAST_AVG_POOL)
BALLAST_BY_RANK(lp_pool, BALLAST_LP_POOL)
BALLAST_BY_RANK(max_unpool, BALLAST_MAX_UNPOOL)

}  // namespace

template <std::size_t D>
Tensor MaxPoolImpl<D>::forward(const Tensor& input) {
  return max_pool<D>(input, options);
}
template <std::size_t D>
std::tuple<Tensor, Tensor> MaxPoolImpl<D>::forward_with_indices(const Tensor& input) {
  return max_pool_with_indices<D>(input, options);
}
template <std::size_t D>
Tensor AvgPoolImpl<D>::forward(const Tensor& input) {
  return avg_pool<D>(input, options);
}
template <std::size_t D>
Tensor LPPoolImpl<D>::forward(const Tensor& input) {
  return lp_pool<D>(input, options);
}
template <std::size_t D>
Tensor MaxUnpoolImpl<D>::forward(const Tensor& input, const Tensor& indices,
                                 const std::optional<std::vector<std::int64_t>>& output_size) {
  functional::MaxUnpoolFuncOptions<D> how(options);
  how.output_size(output_size);
  return max_unpool<D>(input, indices, how);
}

template <std::size_t D>
std::string MaxPoolImpl<D>::extra_repr() const {
  return ExtraRepr()
      .add("kernel_size", options.kernel_size())
      .add("stride", options.stride())
      .add("padding", options.padding())
      .add("dilation", options.dilation())
      .add("ceil_mode", options.ceil_mode());
}

template <std::size_t D>
std::string AvgPoolImpl<D>::extra_repr() const {
  ExtraRepr text;
  if constexpr (D == 1) {  // which PyTorch always shows as tuples
    text.add("kernel_size", *options.kernel_size())
        .add("stride", *options.stride())
        .add("padding", *options.padding());
  } else {
    text.add("kernel_size", options.kernel_size())
        .add("stride", options.stride())
        .add("padding", options.padding());
  }
  return text;
}

template <std::size_t D>
std::string LPPoolImpl<D>::extra_repr() const {
  return ExtraRepr()
      .add("norm_type", options.norm_type())
      .add("kernel_size", options.kernel_size())
      .add("stride", options.stride())
      .add("ceil_mode", options.ceil_mode());
}

template <std::size_t D>
std::string MaxUnpoolImpl<D>::extra_repr() const {
  return ExtraRepr()
      .add("kernel_size", *options.kernel_size())
      .add("stride", *options.stride())
      .add("padding", *options.padding());
}

template class MaxPoolImpl<1>;
template class MaxPoolImpl<2>;
template class MaxPoolImpl<3>;
template class AvgPoolImpl<1>;
template class AvgPoolImpl<2>;
template class AvgPoolImpl<3>;
template class LPPoolImpl<1>;
template class LPPoolImpl<2>;
template class LPPoolImpl<3>;
template class MaxUnpoolImpl<1>;
template class MaxUnpoolImpl<2>;
template class MaxUnpoolImpl<3>;

}  // namespace ballast::nn
