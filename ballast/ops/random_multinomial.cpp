#include <algorithm>
#include <cmath>
#include <numeric>
#include <vector>

#include "ballast/ops/factories.h"
#include "ballast/ops/random.h"
#include "ballast/ops/random_draws.h"

namespace ballast {
namespace {

constexpr std::int64_t kMostCategories = std::int64_t{1} << 24;

/// Weights as rows of one element type, row-major.
template <class T>
struct Rows {
  const T* data;
  std::int64_t count;
  std::int64_t length;
  [[nodiscard]] const T* row(std::int64_t i) const { return data + i * length; }
};

/// Inverts the running sums of each row: one u53 a sample.
template <class T>
void draw_with_replacement(Mt19937& engine, const Rows<T>& weights, std::int64_t* out, std::int64_t samples) {
  using Real = detail::Compute<T>;
  std::vector<Real> sums(static_cast<std::size_t>(weights.length));
  for (std::int64_t r = 0; r < weights.count; ++r) {
    Real sum = 0;
    for (std::int64_t i = 0; i < weights.length; ++i) {
      const auto w = static_cast<Real>(weights.row(r)[i]);
      check<ValueError>(w >= 0, "invalid multinomial distribution (encountering probability entry < 0)");
      check<ValueError>(
          std::isfinite(w),
          "invalid multinomial distribution (encountering probability entry = infinity or NaN)");
      sum += w;
      sums[static_cast<std::size_t>(i)] = sum;
    }
    check<ValueError>(sum > 0, "invalid multinomial distribution (sum of probabilities <= 0)");
    for (Real& s : sums) s /= sum;
    sums.back() = 1;
    for (std::int64_t s = 0; s < samples; ++s) {
      const double u = detail::u53(engine.next64());
      const auto at = std::lower_bound(sums.begin(), sums.end(), u,
                                       [](Real entry, double v) { return static_cast<double>(entry) < v; });
      out[r * samples + s] = at - sums.begin();
    }
  }
}

/// Gives each category weight / (an exponential number) and takes the largest: Efraimidis & Spirakis 2006.
template <class T>
void draw_without_replacement(Mt19937& engine, const Rows<T>& weights, std::int64_t* out,
                              std::int64_t samples) {
  for (std::int64_t r = 0; r < weights.count; ++r) {
    double sum = 0;
    for (std::int64_t i = 0; i < weights.length; ++i) {
      const auto w = static_cast<double>(weights.row(r)[i]);
      check<ValueError>(std::isfinite(w) && w >= 0,
                        "probability tensor contains either `inf`, `nan` or element < 0");
      sum += w;
    }
    check<ValueError>(sum > 0, "invalid multinomial distribution (sum of probabilities <= 0)");
  }
  std::vector<T> keys(static_cast<std::size_t>(weights.length));
  std::vector<std::int64_t> order(keys.size());
  for (std::int64_t r = 0; r < weights.count; ++r) {
    for (std::int64_t i = 0; i < weights.length; ++i) {
      const T q = convert_element<T>(-std::log1p(-detail::u53(engine.next64())));
      const auto w = static_cast<detail::Compute<T>>(weights.row(r)[i]);
      keys[static_cast<std::size_t>(i)] = static_cast<T>(w / static_cast<detail::Compute<T>>(q));
    }
    std::iota(order.begin(), order.end(), 0);
    std::partial_sort(order.begin(), order.begin() + samples, order.end(),
                      [&](std::int64_t a, std::int64_t b) {
                        const auto x = static_cast<detail::Compute<T>>(keys[static_cast<std::size_t>(a)]);
                        const auto y = static_cast<detail::Compute<T>>(keys[static_cast<std::size_t>(b)]);
                        return x != y ? x > y : a < b;
                      });
    std::copy_n(order.begin(), samples, out + r * samples);
  }
}

}  // namespace

Tensor multinomial(const Tensor& weights, std::int64_t num_samples, bool replacement,
                   const std::optional<Generator>& generator) {
  check<ShapeError>(weights.dim() == 1 || weights.dim() == 2, "prob_dist must be 1 or 2 dim");
  check<DTypeError>(weights.is_floating_point(),
                    "multinomial only supports floating-point dtypes for input, got: {}",
                    dtype_error_name(weights.dtype()));
  const std::int64_t categories = weights.size(-1);
  check<ValueError>(num_samples > 0, "cannot sample n_sample <= 0 samples");
  check<ValueError>(replacement || num_samples <= categories,
                    "cannot sample n_sample > prob_dist.size(-1) samples without replacement");
  check<ValueError>(categories <= kMostCategories, "number of categories cannot exceed 2^24");

  Dims sizes(weights.sizes());
  sizes.back() = num_samples;
  Tensor out = empty(sizes, TensorOptions(kInt64).device(weights.device()));
  if (out.is_meta() || out.numel() == 0) return out;
  check<ValueError>(categories > 0, "invalid multinomial distribution (sum of probabilities <= 0)");
  const Tensor rows = weights.contiguous();
  detail::visit_floating(weights.dtype(), "multinomial", [&]<class T>(std::type_identity<T>) {
    Generator::State& state = generator_or_default(generator).state();
    const std::lock_guard lock(state.mutex);
    const Rows<T> view{static_cast<const T*>(rows.data_ptr()), rows.numel() / categories, categories};
    auto* const indices = out.data_ptr<std::int64_t>();
    if (replacement && num_samples > 1) {
      draw_with_replacement(state.engine, view, indices, num_samples);
    } else {
      draw_without_replacement(state.engine, view, indices, num_samples);
    }
  });
  return out;
}

Tensor Tensor::multinomial(std::int64_t num_samples, bool replacement,
                           const std::optional<Generator>& generator) const {
  return ballast::multinomial(*this, num_samples, replacement, generator);
}

}  // namespace ballast
