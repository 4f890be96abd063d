#include <algorithm>
#include <cmath>
#include <numeric>

#include "ballast/ops/factories.h"
#include "ballast/ops/inplace.h"
#include "ballast/ops/promotion.h"
#include "ballast/ops/random.h"
#include "ballast/ops/random_draws.h"

namespace ballast {
namespace {

void check_probability(bool valid) {
  check<ValueError>(
      valid,
      "Expected p_in >= 0 && p_in <= 1 to be true, but got false.  (Could this error message be improved?  "
      "If so, please report an enhancement request to PyTorch.)");
}

template <class T, class P>
void draw_bernoulli(Mt19937& engine, const Tensor& out, const Tensor& p) {
  const StridedLoop<2> loop(out.sizes(), {operand(out), operand(p)});
  loop.run_range(0, loop.total(), [&](std::byte* const* at, const std::int64_t* step, std::int64_t n) {
    for (std::int64_t i = 0; i < n; ++i) {
      const auto chance = static_cast<detail::Compute<P>>(load<P>(at[1] + i * step[1]));
      check_probability(chance >= 0 && chance <= 1);
      bool hit = false;
      if constexpr (std::is_same_v<P, double>) {
        hit = detail::u53(engine.next64()) < chance;
      } else {
        hit = detail::u24(engine()) < chance;
      }
      store(at[0] + i * step[0], convert_element<T>(hit));
    }
  });
}

}  // namespace

const Tensor& Tensor::bernoulli_(double p, const std::optional<Generator>& generator) const {
  begin_overwrite(*this, "BernoulliBackward1");
  check<ValueError>(p >= 0 && p <= 1, "bernoulli_ expects p to be in [0, 1], but got p={:g}", p);
  if (numel() == 0) return *this;
  check_inplace(*this);
  detail::visit_common<true>(dtype(), "bernoulli_scalar_cpu_", [&]<class T>(std::type_identity<T>) {
    if (is_meta()) return;
    Generator::State& state = generator_or_default(generator).state();
    const std::lock_guard lock(state.mutex);
    const T one = convert_element<T>(true);
    detail::draw_each<2>(state.engine, *this, 0.2,
                         [=](const std::uint32_t* words) { return detail::u53(words) < p ? one : T{}; });
  });
  return *this;
}

const Tensor& Tensor::bernoulli_(const Tensor& p, const std::optional<Generator>& generator) const {
  begin_overwrite(*this, "BernoulliBackward0");
  check_inplace(*this);
  if (numel() == 0) return *this;
  detail::visit_common<true>(dtype(), "bernoulli_tensor_cpu_self_", [&]<class T>(std::type_identity<T>) {
    const Tensor chances = p.expand_as(*this);
    detail::visit_floating(p.dtype(), "bernoulli_tensor_cpu_p_", [&]<class P>(std::type_identity<P>) {
      if (is_meta() || p.is_meta() || numel() == 0) return;
      Generator::State& state = generator_or_default(generator).state();
      const std::lock_guard lock(state.mutex);
      draw_bernoulli<T, P>(state.engine, *this, chances);
    });
  });
  return *this;
}

Tensor Tensor::bernoulli(const std::optional<Generator>& generator) const {
  return ballast::bernoulli(*this, generator);
}

Tensor bernoulli(const Tensor& p, const std::optional<Generator>& generator) {
  Tensor out = empty(p.sizes(), p.options());
  out.bernoulli_(p, generator);
  return out;
}

Tensor bernoulli(const Tensor& like, double p, const std::optional<Generator>& generator) {
  Tensor out = empty_like(like);
  out.bernoulli_(p, generator);
  return out;
}

namespace {

Tensor masked_noise(Tensor noise, double p, const std::optional<Generator>& generator) {
  const double keep = 1 - p;
  noise.bernoulli_(keep, generator);
  check_result_fits(real_result_type(noise.dtype()), noise.dtype());
  if (noise.is_meta() || noise.numel() == 0) return noise;
  detail::visit_floating(noise.dtype(), "dropout", [&]<class T>(std::type_identity<T>) {
    const T scale = static_cast<T>(1 / static_cast<detail::Compute<T>>(keep));
    auto* const values = static_cast<T*>(noise.data_ptr());  // fresh and dense
    // They are 0 or 1: a product is exact, and no branch that half of them take.
    for (std::int64_t i = 0; i < noise.numel(); ++i) {
      values[i] =
          static_cast<T>(static_cast<detail::Compute<T>>(values[i]) * static_cast<detail::Compute<T>>(scale));
    }
  });
  return noise;
}

}  // namespace

Tensor dropout_mask(const Tensor& input, double p, const std::optional<Generator>& generator) {
  return masked_noise(empty_like(input), p, generator);
}

Tensor feature_dropout_mask(const Tensor& input, double p, const std::optional<Generator>& generator) {
  check<ShapeError>(input.dim() >= 2, "Feature dropout requires at least 2 dimensions in the input");
  Dims sizes(static_cast<std::size_t>(input.dim()), 1);
  sizes[0] = input.size(0);
  sizes[1] = input.size(1);
  return masked_noise(empty(sizes, input.options()), p, generator);
}

}  // namespace ballast
