#include "ballast/nn/functional/pooling.h"

#include <cmath>

#include "ballast/ops/copy.h"
#include "ballast/ops/pooling.h"
#include "ballast/ops/unary.h"

namespace ballast::nn::functional {
namespace {

/// The root of a sum of powers, from their average.
template <std::size_t D>
Tensor root_of_average(const Tensor& average, const LPPoolOptions<D>& options) {
  std::int64_t elements = 1;
  for (const std::int64_t k : *options.kernel_size()) elements *= k;
  return average.sign()
      .mul(average.abs().relu())
      .mul(elements)
      .pow(1 / static_cast<double>(options.norm_type()));
}
template <std::size_t D>
IntArrayRef stride_of(const LPPoolOptions<D>& options) {
  return options.stride() ? IntArrayRef(*options.stride()) : IntArrayRef(options.kernel_size());
}

/// The sizes asked for, the input's where none is.
template <std::size_t D>
Dims sizes_of(const Tensor& input, const ExpandingArrayWithOptionalElem<D>& asked) {
  check<ShapeError>(input.dim() > static_cast<std::int64_t>(D),
                    "Input dimension should be at least {}, but got an input of size {}", D + 1,
                    Shown{input.sizes()});
  Dims out;
  for (std::size_t i = 0; i < D; ++i) {
    out.push_back(
        (*asked)[i].value_or(input.size(static_cast<std::int64_t>(i) - static_cast<std::int64_t>(D))));
  }
  return out;
}

/// The size of what was pooled: the usual one, or the one asked for if it can be.
template <std::size_t D>
Dims unpooled_size(const Tensor& input, const MaxUnpoolFuncOptions<D>& options) {
  check<ShapeError>(input.dim() > static_cast<std::int64_t>(D),
                    "max_unpool{}d: an input of size {} has too few dimensions", D, Shown{input.sizes()});
  Dims usual;
  for (std::size_t i = 0; i < D; ++i) {
    const std::int64_t n = input.size(static_cast<std::int64_t>(i) - static_cast<std::int64_t>(D));
    usual.push_back((n - 1) * (*options.stride())[i] + (*options.kernel_size())[i] -
                    2 * (*options.padding())[i]);
  }
  if (!options.output_size()) return usual;
  IntArrayRef asked(*options.output_size());
  if (asked.size() == D + 2) asked = asked.slice(2);
  check<ValueError>(
      asked.size() == D,
      "output_size should be a sequence containing {} or {} elements, but it has a length of '{}'", D, D + 2,
      asked.size());
  for (std::size_t i = 0; i < D; ++i) {
    const std::int64_t least = usual[i] - (*options.stride())[i], most = usual[i] + (*options.stride())[i];
    check<ValueError>(asked[i] > least && asked[i] < most,
                      "invalid output_size \"{}\" (dim {} must be between {} and {})", Shown{asked}, i, least,
                      most);
  }
  return asked;
}

template <std::size_t D>
std::tuple<Tensor, Tensor> fractional(const Tensor& input, const FractionalMaxPoolOptions<D>& options) {
  const auto& size = options.output_size();
  const auto& ratio = options.output_ratio();
  check<ValueError>(size || ratio,
                    "fractional_max_pool{}d requires specifying either an output_size or an output_ratio", D);
  const auto rank = static_cast<std::int64_t>(D);
  check<ShapeError>(input.dim() == rank + 1 || input.dim() == rank + 2,
                    "fractional_max_pool{}d(): Expected {}D or {}D tensor, but got: {}", D, D + 1, D + 2,
                    Shown{input.sizes()});
  Dims sizes;
  for (std::size_t i = 0; i < D; ++i) {
    const std::int64_t n = input.size(static_cast<std::int64_t>(i) - rank);
    sizes.push_back(size ? (**size)[i] : static_cast<std::int64_t>(static_cast<double>(n) * (**ratio)[i]));
  }
  Tensor samples = options._random_samples();
  if (!samples.defined()) {
    samples =
        empty({input.dim() == rank + 1 ? 1 : input.sizes()[0], input.size(-rank - 1), rank}, input.options());
    samples.uniform_();
  }
  if constexpr (D == 2) {
    return ballast::fractional_max_pool2d(input, options.kernel_size(), sizes, samples);
  } else {
    return ballast::fractional_max_pool3d(input, options.kernel_size(), sizes, samples);
  }
}

}  // namespace

Tensor max_pool1d(const Tensor& input, const MaxPool1dFuncOptions& o) {
  return ballast::max_pool1d(input, o.kernel_size(), o.stride(), o.padding(), o.dilation(), o.ceil_mode());
}
std::tuple<Tensor, Tensor> max_pool1d_with_indices(const Tensor& input, const MaxPool1dFuncOptions& o) {
  return ballast::max_pool1d_with_indices(input, o.kernel_size(), o.stride(), o.padding(), o.dilation(),
                                          o.ceil_mode());
}
Tensor avg_pool1d(const Tensor& input, const AvgPool1dFuncOptions& o) {
  return ballast::avg_pool1d(input, o.kernel_size(), o.stride(), o.padding(), o.ceil_mode(),
                             o.count_include_pad());
}
Tensor lp_pool1d(const Tensor& input, const LPPool1dFuncOptions& o) {
  const Tensor powers = input.pow(static_cast<double>(o.norm_type()));
  return root_of_average(ballast::avg_pool1d(powers, o.kernel_size(), stride_of(o), 0, o.ceil_mode()), o);
}
Tensor adaptive_avg_pool1d(const Tensor& input, const AdaptiveAvgPool1dFuncOptions& o) {
  return ballast::adaptive_avg_pool1d(input, sizes_of(input, o.output_size()));
}
std::tuple<Tensor, Tensor> adaptive_max_pool1d_with_indices(const Tensor& input,
                                                            const AdaptiveMaxPool1dFuncOptions& o) {
  return ballast::adaptive_max_pool1d(input, sizes_of(input, o.output_size()));
}
Tensor adaptive_max_pool1d(const Tensor& input, const AdaptiveMaxPool1dFuncOptions& o) {
  return std::get<0>(adaptive_max_pool1d_with_indices(input, o));
}
Tensor max_unpool1d(const Tensor& input, const Tensor& indices, const MaxUnpool1dFuncOptions& o) {
  return ballast::max_unpool1d(input, indices, unpooled_size(input, o));
}
Tensor max_pool2d(const Tensor& input, const MaxPool2dFuncOptions& o) {
  return ballast::max_pool2d(input, o.kernel_size(), o.stride(), o.padding(), o.dilation(), o.ceil_mode());
}
std::tuple<Tensor, Tensor> max_pool2d_with_indices(const Tensor& input, const MaxPool2dFuncOptions& o) {
  return ballast::max_pool2d_with_indices(input, o.kernel_size(), o.stride(), o.padding(), o.dilation(),
                                          o.ceil_mode());
}
Tensor avg_pool2d(const Tensor& input, const AvgPool2dFuncOptions& o) {
  return ballast::avg_pool2d(input, o.kernel_size(), o.stride(), o.padding(), o.ceil_mode(),
                             o.count_include_pad(), o.divisor_override());
}
Tensor lp_pool2d(const Tensor& input, const LPPool2dFuncOptions& o) {
  const Tensor powers = input.pow(static_cast<double>(o.norm_type()));
  return root_of_average(ballast::avg_pool2d(powers, o.kernel_size(), stride_of(o), 0, o.ceil_mode()), o);
}
Tensor adaptive_avg_pool2d(const Tensor& input, const AdaptiveAvgPool2dFuncOptions& o) {
  return ballast::adaptive_avg_pool2d(input, sizes_of(input, o.output_size()));
}
std::tuple<Tensor, Tensor> adaptive_max_pool2d_with_indices(const Tensor& input,
                                                            const AdaptiveMaxPool2dFuncOptions& o) {
  return ballast::adaptive_max_pool2d(input, sizes_of(input, o.output_size()));
}
Tensor adaptive_max_pool2d(const Tensor& input, const AdaptiveMaxPool2dFuncOptions& o) {
  return std::get<0>(adaptive_max_pool2d_with_indices(input, o));
}
Tensor max_unpool2d(const Tensor& input, const Tensor& indices, const MaxUnpool2dFuncOptions& o) {
  return ballast::max_unpool2d(input, indices, unpooled_size(input, o));
}
Tensor max_pool3d(const Tensor& input, const MaxPool3dFuncOptions& o) {
  return ballast::max_pool3d(input, o.kernel_size(), o.stride(), o.padding(), o.dilation(), o.ceil_mode());
}
std::tuple<Tensor, Tensor> max_pool3d_with_indices(const Tensor& input, const MaxPool3dFuncOptions& o) {
  return ballast::max_pool3d_with_indices(input, o.kernel_size(), o.stride(), o.padding(), o.dilation(),
                                          o.ceil_mode());
}
Tensor avg_pool3d(const Tensor& input, const AvgPool3dFuncOptions& o) {
  return ballast::avg_pool3d(input, o.kernel_size(), o.stride(), o.padding(), o.ceil_mode(),
                             o.count_include_pad(), o.divisor_override());
}
Tensor lp_pool3d(const Tensor& input, const LPPool3dFuncOptions& o) {
  const Tensor powers = input.pow(static_cast<double>(o.norm_type()));
  return root_of_average(ballast::avg_pool3d(powers, o.kernel_size(), stride_of(o), 0, o.ceil_mode()), o);
}
Tensor adaptive_avg_pool3d(const Tensor& input, const AdaptiveAvgPool3dFuncOptions& o) {
  return ballast::adaptive_avg_pool3d(input, sizes_of(input, o.output_size()));
}
std::tuple<Tensor, Tensor> adaptive_max_pool3d_with_indices(const Tensor& input,
                                                            const AdaptiveMaxPool3dFuncOptions& o) {
  return ballast::adaptive_max_pool3d(input, sizes_of(input, o.output_size()));
}
Tensor adaptive_max_pool3d(const Tensor& input, const AdaptiveMaxPool3dFuncOptions& o) {
  return std::get<0>(adaptive_max_pool3d_with_indices(input, o));
}
Tensor max_unpool3d(const Tensor& input, const Tensor& indices, const MaxUnpool3dFuncOptions& o) {
  return ballast::max_unpool3d(input, indices, unpooled_size(input, o));
}
std::tuple<Tensor, Tensor> fractional_max_pool2d_with_indices(const Tensor& input,
                                                              const FractionalMaxPool2dFuncOptions& o) {
  return fractional(input, o);
}
Tensor fractional_max_pool2d(const Tensor& input, const FractionalMaxPool2dFuncOptions& o) {
  return std::get<0>(fractional(input, o));
}
std::tuple<Tensor, Tensor> fractional_max_pool3d_with_indices(const Tensor& input,
                                                              const FractionalMaxPool3dFuncOptions& o) {
  return fractional(input, o);
}
Tensor fractional_max_pool3d(const Tensor& input, const FractionalMaxPool3dFuncOptions& o) {
  return std::get<0>(fractional(input, o));
}

}  // namespace ballast::nn::functional
