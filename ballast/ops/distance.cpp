#include "ballast/ops/distance.h"

#include <algorithm>

#include "ballast/autograd/grad_mode.h"
#include "ballast/ops/factories.h"
#include "ballast/ops/promotion.h"
#include "ballast/ops/reduction.h"
#include "ballast/ops/selection.h"

namespace ballast {

Tensor pairwise_distance(const Tensor& x1, const Tensor& x2, double p, double eps, bool keepdim) {
  const Tensor difference = x1.sub(x2).add(eps);
  return difference.dim() == 0 ? difference.norm(p) : difference.norm(p, -1, keepdim);
}

Tensor cosine_similarity(const Tensor& x1, const Tensor& x2, std::int64_t dim, double eps) {
  const DType type = result_type(x1, x2);
  check<DTypeError>(is_floating_point(type),
                    "expected common dtype to be floating point, yet common dtype is {}",
                    dtype_error_name(type));
  const Dims sizes = broadcast_shapes(x1.sizes(), x2.sizes());
  const auto unit = [&](const Tensor& x) {
    const Tensor wide = x.to(type).expand(sizes);
    const Tensor length = wide.norm(2, dim, true).clone();
    {
      const NoGradGuard no_grad;  // a limit for the value alone, as in PyTorch
      length.clamp_(eps);
    }
    return wide.div(length);
  };
  return unit(x1).mul(unit(x2)).sum(dim);
}

Tensor normalize(const Tensor& self, double p, std::int64_t dim, double eps) {
  const Tensor length = self.dim() == 0 ? self.norm(p) : self.norm(p, dim, true);
  return self.div(length.clamp_min(eps).expand_as(self));
}

Tensor one_hot(const Tensor& classes, std::int64_t num_classes) {
  check<DTypeError>(classes.dtype() == kInt64,
                    "one_hot is only applicable to index tensor of type LongTensor.");
  Dims sizes(classes.sizes());
  sizes.push_back(num_classes);
  if (classes.numel() == 0) {
    check<ValueError>(num_classes > 0, "Can not infer total number of classes from empty tensor.");
    return empty(sizes, classes.options());
  }
  const Tensor dense = classes.contiguous();
  const auto* const c = dense.data_ptr<std::int64_t>();
  std::int64_t largest = 0;
  for (std::int64_t i = 0; i < dense.numel(); ++i) {
    check<IndexError>(c[i] >= 0, "Class values must be non-negative.");
    largest = std::max(largest, c[i]);
  }
  check<IndexError>(num_classes == -1 || largest < num_classes,
                    "Class values must be smaller than num_classes.");
  sizes.back() = num_classes == -1 ? largest + 1 : num_classes;
  Tensor out = zeros(sizes, classes.options());
  auto* const to = out.data_ptr<std::int64_t>();
  for (std::int64_t i = 0; i < dense.numel(); ++i) to[i * sizes.back() + c[i]] = 1;
  return out;
}

}  // namespace ballast
