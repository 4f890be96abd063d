#include "ballast/ops/channels.h"

#include "ballast/autograd/grad_mode.h"
#include "ballast/autograd/variable.h"
#include "ballast/core/parallel.h"

namespace ballast::detail {

Tensor sum_of_channels(const Tensor& t) {
  const bool plain = t.dtype() == kFloat32 || t.dtype() == kFloat64;
  if (t.is_meta() || !plain || (GradMode::is_enabled() && autograd::needs_grad(t))) {
    Dims others{0};
    for (std::int64_t d = 2; d < t.dim(); ++d) others.push_back(d);
    return t.sum(others);
  }
  const Tensor rows = t.contiguous();
  const std::int64_t n = t.sizes()[0], channels = t.sizes()[1];
  const std::int64_t rest = numel_of(t.sizes().slice(2));
  Tensor out = empty(channels, t.options());
  const auto sum = [&]<class T>(std::type_identity<T>) {
    const T* const from = rows.data_ptr<T>();
    T* const to = out.data_ptr<T>();
    parallel_for(channels, grain_for(n * rest), [&](std::int64_t begin, std::int64_t end) {
      for (std::int64_t c = begin; c < end; ++c) {
        double total = 0;
        for (std::int64_t i = 0; i < n; ++i) {
          const T* const row = from + (i * channels + c) * rest;
          total += long_sum<T>(rest, [row](std::int64_t k) { return row[k]; });
        }
        to[c] = static_cast<T>(total);
      }
    });
  };
  t.dtype() == kFloat32 ? sum(std::type_identity<float>{}) : sum(std::type_identity<double>{});
  return out;
}

}  // namespace ballast::detail
