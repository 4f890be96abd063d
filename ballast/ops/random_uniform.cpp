#include "ballast/ops/cpu/random_kernels.h"
#include "ballast/ops/inplace.h"
#include "ballast/ops/random_bounds.h"
#include "ballast/ops/random_draws.h"

namespace ballast {
namespace detail {

void fill_uniform(Mt19937& engine, float* out, std::int64_t n, UniformBounds<float> bounds) {
  const auto kernel = random_kernels().uniform;
  while (n > 0) {
    const auto raw = engine.take(static_cast<std::size_t>(n));
    kernel(raw.data(), out, raw.size(), bounds.low, bounds.width, bounds.high);
    out += raw.size();
    n -= static_cast<std::int64_t>(raw.size());
  }
}

}  // namespace detail

namespace {

using detail::UniformBounds;

template <class T>
void draw_uniform(Mt19937& engine, const Tensor& out, double from, double to) {
  const auto bounds = UniformBounds<T>(from, to);
  if constexpr (std::is_same_v<T, float>) {
    if (out.is_contiguous()) {
      auto* const data = static_cast<float*>(out.data_ptr());
      return detail::draw_in_parts(engine, out.numel(), 1, 0.4, 16,
                                   [&](Mt19937& own, std::int64_t begin, std::int64_t end) {
                                     detail::fill_uniform(own, data + begin, end - begin, bounds);
                                   });
    }
  }
  constexpr int kWords = std::is_same_v<T, double> ? 2 : 1;
  detail::draw_each<kWords>(engine, out, 0.2, bounds);
}

}  // namespace

const Tensor& Tensor::uniform_(double from, double to, const std::optional<Generator>& generator) const {
  begin_overwrite(*this, "UniformBackward0");
  if (is_complex()) {
    if (numel() == 0) return *this;
    view_as_real().uniform_(from, to, generator);
    return *this;
  }
  detail::visit_floating(dtype(), "check_uniform_bounds", [&]<class T>(std::type_identity<T>) {
    detail::check_uniform_bounds<T>(from, to);
    check_inplace(*this);
    if (is_meta() || numel() == 0) return;
    Generator::State& state = generator_or_default(generator).state();
    const std::lock_guard lock(state.mutex);
    draw_uniform<T>(state.engine, *this, from, to);
  });
  return *this;
}

}  // namespace ballast
