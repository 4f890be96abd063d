#include "ballast/ops/random_normal.h"

#include <cmath>
#include <numbers>

#include "ballast/ops/cpu/random_kernels.h"
#include "ballast/ops/inplace.h"
#include "ballast/ops/random_bounds.h"

namespace ballast {
namespace detail {
namespace {

constexpr double kTwoPi = 2 * std::numbers::pi;

void draw_double_block(Mt19937& engine, double* x, double mean, double std) {
  std::array<std::uint32_t, 32> words;
  engine.fill(words);
  for (std::size_t k = 0; k < 8; ++k) {
    const double radius = std::sqrt(-2 * std::log(1 - u53(&words[2 * k])));
    const double angle = kTwoPi * u53(&words[2 * k + 16]);
    x[k] = std::fma(radius * std::cos(angle), std, mean);
    x[k + 8] = std::fma(radius * std::sin(angle), std, mean);
  }
}

void round_to(BFloat16* out, const float* x, std::int64_t n) {
  for (std::int64_t i = 0; i < n; ++i) out[i] = BFloat16(x[i]);
}

void round_to(Half* out, const float* x, std::int64_t n) {
  static_assert(sizeof(Half) == sizeof(std::uint16_t));
  random_kernels().to_half(x, &out->bits, static_cast<std::size_t>(n));
}

}  // namespace

template <class T>
void draw_normal_blocks(Mt19937& engine, T* out, std::int64_t n, double mean, double std) {
  if constexpr (std::is_same_v<T, double>) {
    for (std::int64_t i = 0; i < n; i += kNormalBlock) draw_double_block(engine, out + i, mean, std);
  } else {
    // Two passes over pieces that stay in the first cache.
    constexpr std::int64_t kPiece = 4 * Mt19937::kWords;
    const auto transform = random_kernels().box_muller;
    const auto m = static_cast<float>(mean);
    const auto s = static_cast<float>(std);
    const UniformBounds<float> unit(0, 1);
    std::array<float, std::is_same_v<T, float> ? 1 : kPiece> buffer;
    for (std::int64_t i = 0; i < n; i += kPiece) {
      const std::int64_t length = std::min(kPiece, n - i);
      float* x = buffer.data();
      if constexpr (std::is_same_v<T, float>) x = out + i;
      fill_uniform(engine, x, length, unit);
      transform(x, static_cast<std::size_t>(length), m, s);
      if constexpr (!std::is_same_v<T, float>) round_to(out + i, x, length);
    }
  }
}

template void draw_normal_blocks<float>(Mt19937&, float*, std::int64_t, double, double);
template void draw_normal_blocks<double>(Mt19937&, double*, std::int64_t, double, double);
template void draw_normal_blocks<Half>(Mt19937&, Half*, std::int64_t, double, double);
template void draw_normal_blocks<BFloat16>(Mt19937&, BFloat16*, std::int64_t, double, double);

double draw_serial_normal(Generator::State& state) {
  if (state.next_double_normal) {
    const double z = *state.next_double_normal;
    state.next_double_normal.reset();
    return z;
  }
  const double u1 = u53(state.engine.next64());
  const double u2 = u53(state.engine.next64());
  const double radius = std::sqrt(-2 * std::log1p(-u2));
  const double angle = kTwoPi * u1;
  state.next_double_normal = radius * std::sin(angle);
  return radius * std::cos(angle);
}

template <class T>
void draw_normal(Generator::State& state, const Tensor& out, double mean, double std) {
  const std::int64_t n = out.numel();
  if (takes_normal_blocks(out)) {
    auto* const data = static_cast<T*>(out.data_ptr());
    const std::int64_t whole = n / kNormalBlock * kNormalBlock;
    constexpr int kWords = kNormalBlockWords<T> / kNormalBlock;
    const double skip = std::is_same_v<T, double> ? 0.02 : 0.2;
    draw_in_parts(state.engine, whole, kWords, skip, kNormalBlock,
                  [&](Mt19937& own, std::int64_t begin, std::int64_t end) {
                    draw_normal_blocks(own, data + begin, end - begin, mean, std);
                  });
    if (n == whole) return;
    skip_normal_rest<T>(state.engine, n);
    draw_normal_blocks(state.engine, data + n - kNormalBlock, kNormalBlock, mean, std);
    return;
  }
  const StridedLoop<1> loop(out.sizes(), {operand(out)});
  loop.run_range(0, loop.total(), [&](std::byte* const* p, const std::int64_t* step, std::int64_t m) {
    for (std::int64_t i = 0; i < m; ++i) {
      store(p[0] + i * step[0], convert_element<T>(std::fma(draw_serial_normal(state), std, mean)));
    }
  });
}

template void draw_normal<float>(Generator::State&, const Tensor&, double, double);
template void draw_normal<double>(Generator::State&, const Tensor&, double, double);
template void draw_normal<Half>(Generator::State&, const Tensor&, double, double);
template void draw_normal<BFloat16>(Generator::State&, const Tensor&, double, double);

}  // namespace detail

const Tensor& Tensor::normal_(double mean, double std, const std::optional<Generator>& generator) const {
  begin_overwrite(*this, "NormalBackward0");
  check<ValueError>(std >= 0, "normal expects std >= 0.0, but found std {:g}", std);
  if (numel() == 0) return *this;
  if (is_complex()) {
    view_as_real().normal_(mean, std / std::sqrt(2.0), generator);
    return *this;
  }
  detail::visit_floating(dtype(), "normal_kernel_cpu", [&]<class T>(std::type_identity<T>) {
    check_inplace(*this);
    if (is_meta()) return;
    Generator::State& state = generator_or_default(generator).state();
    const std::lock_guard lock(state.mutex);
    detail::draw_normal<T>(state, *this, mean, std);
  });
  return *this;
}

const Tensor& Tensor::log_normal_(double mean, double std, const std::optional<Generator>& generator) const {
  begin_overwrite(*this, "LogNormalBackward0");
  check<ValueError>(std > 0, "log_normal_ expects std > 0.0, but found std={:g}", std);
  if (numel() == 0) return *this;
  check_inplace(*this);
  detail::visit_floating(dtype(), "log_normal_cpu", [&]<class T>(std::type_identity<T>) {
    if (is_meta()) return;
    Generator::State& state = generator_or_default(generator).state();
    const std::lock_guard lock(state.mutex);
    const StridedLoop<1> loop(sizes(), {operand(*this)});
    loop.run_range(0, loop.total(), [&](std::byte* const* p, const std::int64_t* step, std::int64_t n) {
      for (std::int64_t i = 0; i < n; ++i) {
        const double normal = std::fma(detail::draw_serial_normal(state), std, mean);
        store(p[0] + i * step[0], convert_element<T>(std::exp(normal)));
      }
    });
  });
  return *this;
}

}  // namespace ballast
