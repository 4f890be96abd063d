#include "ballast/ops/random_permutation.h"

#include <limits>
#include <numeric>
#include <string_view>

#include "ballast/ops/random.h"
#include "ballast/ops/random_draws.h"

namespace ballast {
namespace {

// From here on a word modulo the number of places left would favour some of them by more than 5 %.
constexpr std::int64_t kLongFrom = std::numeric_limits<std::uint32_t>::max() / 20;

template <class T>
void check_holds(std::int64_t n) {
  const auto at_most = [n](std::int64_t most, std::string_view text) {
    check<ValueError>(n <= most, "n cannot be greater than {} for {} type.", text,
                      dtype_error_name(dtype_of<T>));
  };
  if constexpr (std::is_same_v<T, Half>) at_most((std::int64_t{1} << 11) + 1, "2049");
  if constexpr (std::is_same_v<T, float>) at_most((std::int64_t{1} << 24) + 1, "2^24+1");
  if constexpr (std::is_same_v<T, double>) at_most((std::int64_t{1} << 53) + 1, "2^53+1");
  if constexpr (std::is_integral_v<T>) {
    if (n > 0) static_cast<void>(Scalar(n - 1).to<T>());
  }
}

/// Fisher & Yates, from the front: Durstenfeld, CACM 7(7), 1964.
template <class T>
void shuffle(Mt19937& engine, T* x, std::int64_t n) {
  for (std::int64_t i = 0; i < n; ++i) x[i] = convert_element<T>(i);
  for (std::int64_t i = 0; i + 1 < n; ++i) {
    const std::int64_t z = engine() % static_cast<std::uint32_t>(n - i);
    std::swap(x[i], x[i + z]);
  }
}

/// The inside-out form, with 64-bit draws.
template <class T>
void shuffle_long(Mt19937& engine, T* x, std::int64_t n) {
  for (std::int64_t i = 0; i < n; ++i) {
    const auto z = static_cast<std::int64_t>(engine.next64() % static_cast<std::uint64_t>(i + 1));
    x[i] = x[z];
    x[z] = convert_element<T>(i);
  }
}

}  // namespace

Tensor randperm(std::int64_t n, const std::optional<Generator>& generator, const TensorOptions& options) {
  Tensor out = empty(n, options.dtype(options.dtype_or(kInt64)).requires_grad(false));
  detail::visit_common<false>(out.dtype(), "randperm", [&]<class T>(std::type_identity<T>) {
    check_holds<T>(n);
    if (out.is_meta() || n == 0) return;
    Generator::State& state = generator_or_default(generator).state();
    const std::lock_guard lock(state.mutex);
    auto* const x = static_cast<T*>(out.data_ptr());
    if (n < kLongFrom) {
      shuffle(state.engine, x, n);
    } else {
      shuffle_long(state.engine, x, n);
    }
  });
  out.requires_grad_(options.requires_grad());
  return out;
}

Permutations::Permutations(std::int64_t n) {
  check<ValueError>(n >= 0 && n <= kMost, "a permutation of {} numbers: 0 to {} are possible here", n, kMost);
  order_.resize(static_cast<std::size_t>(n));
  if (n >= kLongFrom) return;
  for (std::uint64_t d = order_.size(); d > 1; --d) {
    reciprocals_.push_back(std::numeric_limits<std::uint64_t>::max() / d + 1);
  }
  words_.resize(reciprocals_.size());
}

std::span<const std::uint32_t> Permutations::next(Mt19937& engine) {
  __extension__ using Wide = unsigned __int128;
  if (const auto n = static_cast<std::int64_t>(order_.size()); n >= kLongFrom) {
    shuffle_long(engine, order_.data(), n);
    return order_;
  }
  engine.fill(words_);
  std::iota(order_.begin(), order_.end(), 0U);
  std::uint32_t* const x = order_.data();
  const std::size_t steps = words_.size();
  for (std::size_t i = 0; i < steps; ++i) {
    const std::uint64_t left = steps + 1 - i;
    const std::uint64_t fraction = reciprocals_[i] * words_[i];
    const auto z = static_cast<std::size_t>((static_cast<Wide>(fraction) * left) >> 64);  // words_[i] % left
    std::swap(x[i], x[i + z]);
  }
  return order_;
}

Tensor randperm(std::int64_t n, const TensorOptions& options) { return randperm(n, std::nullopt, options); }

}  // namespace ballast
