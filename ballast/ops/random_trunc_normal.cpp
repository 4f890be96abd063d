#include "ballast/ops/random_trunc_normal.h"

#include <algorithm>
#include <array>
#include <bit>
#include <cmath>
#include <utility>
#include <vector>

#include "ballast/ops/factories.h"
#include "ballast/ops/random_bounds.h"
#include "ballast/ops/random_normal.h"

namespace ballast {
namespace {

using detail::kNormalBlock;

/// The share of the normal distribution below x.
double normal_cdf(double x) { return (1 + std::erf(x / std::sqrt(2.0))) / 2; }

/// One bit an element: those that still have no value. Whole groups of 16 are asked for at a time.
class Pending {
 public:
  explicit Pending(std::int64_t n) : n_(n), bits_(static_cast<std::size_t>((n + 15) / 16)) {}

  [[nodiscard]] std::int64_t groups() const { return static_cast<std::int64_t>(bits_.size()); }
  [[nodiscard]] std::int64_t length(std::int64_t group) const {
    return std::min<std::int64_t>(16, n_ - group * 16);
  }
  [[nodiscard]] std::uint16_t& group(std::int64_t g) { return bits_[static_cast<std::size_t>(g)]; }

 private:
  std::int64_t n_;
  std::vector<std::uint16_t> bits_;
};

/// Calls `f(k)` for each set bit.
template <class F>
void for_each_bit(std::uint32_t bits, const F& f) {
  for (; bits != 0; bits &= bits - 1) f(static_cast<std::int64_t>(std::countr_zero(bits)));
}

// ------------------------------------------------------------------------------------------- normals, drawn until inside

template <class T>
struct Interval {
  T low, high;
  [[nodiscard]] bool misses(T x) const { return x < low || x > high; }
};

template <class T>
bool mark_outside(Pending& pending, const T* x, const Interval<T>& inside) {
  std::uint32_t any = 0;
  for (std::int64_t g = 0; g < pending.groups(); ++g) {
    std::uint32_t bits = 0;
    const T* const block = x + g * 16;
    const std::int64_t length = pending.length(g);
    for (std::int64_t k = 0; k < length; ++k) bits |= (inside.misses(block[k]) ? 1u : 0u) << k;
    pending.group(g) = static_cast<std::uint16_t>(bits);
    any |= bits;
  }
  return any != 0;
}

/// One more tensor of normals, of which only the missing elements of `x` are wanted: whether any is still outside.
template <class T>
bool redraw_blocks(Mt19937& engine, Pending& pending, T* x, std::int64_t n, double mean, double std,
                   const Interval<T>& inside) {
  const std::int64_t whole = n / kNormalBlock;
  const std::int64_t rest = n % kNormalBlock;
  // With a rest, the last 16 elements are drawn on their own and those of them in the last whole block count instead.
  const std::uint32_t replaced = rest == 0 ? 0 : 0xFFFFu << rest & 0xFFFFu;
  std::array<T, kNormalBlock> fresh;
  std::uint64_t skipped = 0;
  bool again = false;
  const auto settle = [&](std::int64_t base, std::uint32_t wanted, std::int64_t first) {
    std::uint32_t missing = 0;
    for_each_bit(wanted, [&](std::int64_t k) {
      const T v = fresh[static_cast<std::size_t>(k - first)];
      x[base + k] = v;
      missing |= (inside.misses(v) ? 1u : 0u) << k;
    });
    return missing;
  };
  const auto draw = [&] {
    engine.discard(std::exchange(skipped, 0));
    detail::draw_normal_blocks(engine, fresh.data(), kNormalBlock, mean, std);
  };
  for (std::int64_t g = 0; g < whole; ++g) {
    std::uint16_t& bits = pending.group(g);
    const std::uint32_t wanted = g == whole - 1 ? bits & ~replaced : bits;
    if (wanted == 0) {
      skipped += detail::kNormalBlockWords<T>;
      continue;
    }
    draw();
    const std::uint32_t missing = settle(g * kNormalBlock, wanted, 0);
    bits = static_cast<std::uint16_t>((bits & ~wanted) | missing);
    again |= missing != 0;
  }
  engine.discard(std::exchange(skipped, 0));
  if (rest == 0) return again;
  detail::skip_normal_rest<T>(engine, n);
  draw();
  // Element j of the fresh block is element n - 16 + j of the tensor.
  std::uint16_t& before = pending.group(whole - 1);
  const std::uint32_t late = settle((whole - 1) * kNormalBlock, before & replaced, rest);
  before = static_cast<std::uint16_t>((before & ~replaced) | late);
  std::uint16_t& last = pending.group(whole);
  const std::uint32_t tail = settle(whole * kNormalBlock, last, rest - kNormalBlock);
  last = static_cast<std::uint16_t>(tail);
  return again || late != 0 || tail != 0;
}

/// Takes the elements of `fresh` where `out` misses the interval: whether any of those misses too.
template <class T>
bool replace_outside(const Tensor& out, const Tensor& fresh, const Interval<T>& inside) {
  const StridedLoop<2> loop(out.sizes(), {operand(out), operand(fresh)});
  bool again = false;
  loop.run_range(0, loop.total(), [&](std::byte* const* p, const std::int64_t* step, std::int64_t n) {
    for (std::int64_t i = 0; i < n; ++i) {
      if (!inside.misses(load<T>(p[0] + i * step[0]))) continue;
      const T v = load<T>(p[1] + i * step[1]);
      store(p[0] + i * step[0], v);
      again |= inside.misses(v);
    }
  });
  return again;
}

template <class T>
bool any_outside(const Tensor& t, const Interval<T>& inside) {
  const StridedLoop<1> loop(t.sizes(), {operand(t)});
  bool any = false;
  loop.run_range(0, loop.total(), [&](std::byte* const* p, const std::int64_t* step, std::int64_t n) {
    for (std::int64_t i = 0; i < n; ++i) any |= inside.misses(load<T>(p[0] + i * step[0]));
  });
  return any;
}

template <class T>
void draw_normals_inside(Generator::State& state, const Tensor& t, double mean, double std, double a,
                         double b) {
  const Interval<T> inside{convert_element<T>(a), convert_element<T>(b)};
  detail::draw_normal<T>(state, t, mean, std);
  if (detail::takes_normal_blocks(t)) {
    auto* const x = static_cast<T*>(t.data_ptr());
    Pending pending(t.numel());
    if (!mark_outside(pending, x, inside)) return;
    while (redraw_blocks(state.engine, pending, x, t.numel(), mean, std, inside)) {
    }
    return;
  }
  if (!any_outside(t, inside)) return;
  const Tensor fresh = empty_like(t);
  do {
    detail::draw_normal<T>(state, fresh, mean, std);
  } while (replace_outside(t, fresh, inside));
}

// ----------------------------------------------------------------------------- uniforms, kept by the density at each one

/// Whether a candidate is kept, in the arithmetic of the tensor's type, rounded after every step as PyTorch's tensors are.
template <class T>
class Density {
 public:
  using Real = detail::Compute<T>;
  Density(double mean, double std, double log_peak)
      : mean_(scalar(mean)), std_(static_cast<Real>(std)), log_peak_(scalar(log_peak)) {}

  [[nodiscard]] bool keeps(T candidate, T decider) const {
    Real y = rounded(static_cast<Real>(candidate) - mean_);
    y = rounded(y / std_);
    y = rounded(y * y);
    y = rounded(y * static_cast<Real>(-0.5));
    y = rounded(y - log_peak_);
    return !(log_of(decider) > y);
  }

 private:
  static Real rounded(Real x) { return static_cast<Real>(static_cast<T>(x)); }
  static Real scalar(double x) { return static_cast<Real>(static_cast<T>(static_cast<Real>(x))); }
  static Real log_of(T u) {
    return rounded(static_cast<Real>(std::log(static_cast<double>(static_cast<Real>(u)))));
  }

  Real mean_, std_, log_peak_;
};

template <class T>
void draw_uniforms_kept(Mt19937& engine, const Tensor& t, double a, double b, const Density<T>& density) {
  constexpr int kWords = std::is_same_v<T, double> ? 2 : 1;
  constexpr std::int64_t kGroup = 16;
  const detail::UniformBounds<T> candidates(a, b);
  const detail::UniformBounds<T> unit(0, 1);
  const std::int64_t n = t.numel();
  const auto words_of = [](std::int64_t elements) { return static_cast<std::uint64_t>(elements) * kWords; };

  // The elements in the order in which they are drawn.
  const StridedLoop<1> loop(t.sizes(), {operand(t)});
  Pending pending(n);
  for (std::int64_t g = 0; g < pending.groups(); ++g) {
    pending.group(g) = static_cast<std::uint16_t>((1u << pending.length(g)) - 1);
  }
  for (bool again = true; again;) {
    again = false;
    Mt19937 deciding = engine;
    deciding.discard(words_of(n));
    std::array<std::uint32_t, kGroup * kWords> x_words;
    std::array<std::uint32_t, kGroup * kWords> u_words;
    std::uint64_t skipped = 0;
    std::int64_t at = 0;      // the element that the row begins with
    std::int64_t drawn = -1;  // the group whose words are there
    loop.run_range(0, n, [&](std::byte* const* p, const std::int64_t* step, std::int64_t length) {
      for (const std::int64_t end = at + length, begin = at; at < end;) {
        const std::int64_t g = at / kGroup;
        const std::int64_t stop = std::min(end, (g + 1) * kGroup);
        std::uint16_t& bits = pending.group(g);
        const std::uint32_t here = ((1u << (stop - g * kGroup)) - 1) & ~((1u << (at - g * kGroup)) - 1);
        const std::uint64_t words = words_of(pending.length(g));
        if (drawn != g) {
          drawn = g;
          if (bits == 0) {
            skipped += words;
          } else {
            engine.discard(skipped);
            deciding.discard(std::exchange(skipped, 0));
            engine.fill(std::span(x_words).first(words));
            deciding.fill(std::span(u_words).first(words));
          }
        }
        std::uint32_t missing = 0;
        for_each_bit(bits & here, [&](std::int64_t k) {
          const T candidate = candidates(&x_words[static_cast<std::size_t>(k * kWords)]);
          store(p[0] + (g * kGroup + k - begin) * step[0], candidate);
          if (!density.keeps(candidate, unit(&u_words[static_cast<std::size_t>(k * kWords)])))
            missing |= 1u << k;
        });
        bits = static_cast<std::uint16_t>((bits & ~here) | missing);
        again |= missing != 0;
        at = stop;
      }
    });
    deciding.discard(skipped);
    engine = deciding;
  }
}

template <class T>
void draw_truncated(Generator::State& state, const Tensor& t, double mean, double std, double a, double b) {
  if (normal_cdf((b - mean) / std) - normal_cdf((a - mean) / std) > 0.3) {
    return draw_normals_inside<T>(state, t, mean, std, a, b);
  }
  detail::check_uniform_bounds<T>(a, b);
  const double peak = mean < a ? a : mean > b ? b : mean;
  const double off = (peak - mean) / std;
  draw_uniforms_kept<T>(state.engine, t, a, b, Density<T>(mean, std, -0.5 * (off * off)));
}

}  // namespace

void trunc_normal_fill(const Tensor& t, double mean, double std, double a, double b,
                       const std::optional<Generator>& generator) {
  check<ValueError>(std != 0, "float division by zero");
  detail::visit_floating(t.dtype(), "normal_kernel_cpu", [&]<class T>(std::type_identity<T>) {
    if (t.is_meta() || t.numel() == 0) return;
    Generator::State& state = generator_or_default(generator).state();
    const std::lock_guard lock(state.mutex);
    draw_truncated<T>(state, t, mean, std, a, b);
  });
}

}  // namespace ballast
