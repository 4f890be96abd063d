#include "ballast/ops/factories.h"
#include "ballast/ops/random.h"

namespace ballast {
namespace {

/// A new tensor filled by `fill`; it asks for gradients only once it is full.
template <class Fill>
Tensor filled(IntArrayRef sizes, const TensorOptions& options, const Fill& fill) {
  Tensor out = empty(sizes, options.requires_grad(false));
  fill(out);
  if (options.requires_grad()) out.requires_grad_(true);
  return out;
}

template <class Fill>
Tensor filled_like(const Tensor& like, const TensorOptions& options, const Fill& fill) {
  Tensor out = empty_like(like, options.requires_grad(false));
  fill(out);
  if (options.requires_grad()) out.requires_grad_(true);
  return out;
}

}  // namespace

Tensor rand(IntArrayRef sizes, const std::optional<Generator>& generator, const TensorOptions& options) {
  return filled(sizes, options, [&](const Tensor& t) { t.uniform_(0, 1, generator); });
}

Tensor rand(IntArrayRef sizes, const TensorOptions& options) { return rand(sizes, std::nullopt, options); }

Tensor randn(IntArrayRef sizes, const std::optional<Generator>& generator, const TensorOptions& options) {
  return filled(sizes, options, [&](const Tensor& t) { t.normal_(0, 1, generator); });
}

Tensor randn(IntArrayRef sizes, const TensorOptions& options) { return randn(sizes, std::nullopt, options); }

Tensor normal(double mean, double std, IntArrayRef sizes, const std::optional<Generator>& generator,
              const TensorOptions& options) {
  return filled(sizes, options, [&](const Tensor& t) { t.normal_(mean, std, generator); });
}

Tensor randint(std::int64_t low, std::int64_t high, IntArrayRef sizes,
               const std::optional<Generator>& generator, const TensorOptions& options) {
  return filled(sizes, options.dtype(options.dtype_or(kInt64)),
                [&](const Tensor& t) { t.random_(low, high, generator); });
}

Tensor randint(std::int64_t low, std::int64_t high, IntArrayRef sizes, const TensorOptions& options) {
  return randint(low, high, sizes, std::nullopt, options);
}

Tensor randint(std::int64_t high, IntArrayRef sizes, const std::optional<Generator>& generator,
               const TensorOptions& options) {
  return randint(0, high, sizes, generator, options);
}

Tensor randint(std::int64_t high, IntArrayRef sizes, const TensorOptions& options) {
  return randint(0, high, sizes, std::nullopt, options);
}

Tensor rand_like(const Tensor& like, const std::optional<Generator>& generator,
                 const TensorOptions& options) {
  return filled_like(like, options, [&](const Tensor& t) { t.uniform_(0, 1, generator); });
}

Tensor rand_like(const Tensor& like, const TensorOptions& options) {
  return rand_like(like, std::nullopt, options);
}

Tensor randn_like(const Tensor& like, const std::optional<Generator>& generator,
                  const TensorOptions& options) {
  return filled_like(like, options, [&](const Tensor& t) { t.normal_(0, 1, generator); });
}

Tensor randn_like(const Tensor& like, const TensorOptions& options) {
  return randn_like(like, std::nullopt, options);
}

Tensor randint_like(const Tensor& like, std::int64_t low, std::int64_t high,
                    const std::optional<Generator>& generator, const TensorOptions& options) {
  return filled_like(like, options, [&](const Tensor& t) { t.random_(low, high, generator); });
}

Tensor randint_like(const Tensor& like, std::int64_t low, std::int64_t high, const TensorOptions& options) {
  return randint_like(like, low, high, std::nullopt, options);
}

Tensor randint_like(const Tensor& like, std::int64_t high, const std::optional<Generator>& generator,
                    const TensorOptions& options) {
  return randint_like(like, 0, high, generator, options);
}

Tensor randint_like(const Tensor& like, std::int64_t high, const TensorOptions& options) {
  return randint_like(like, 0, high, std::nullopt, options);
}

}  // namespace ballast
