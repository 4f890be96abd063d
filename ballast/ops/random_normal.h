// The two ways normal_ draws. Internal to ops/random_*.cpp.
//
// Contiguous tensors of 16 elements or more are filled in blocks of 16: uniforms first, then Box-Muller on x[k] and x[k + 8].
// A rest shorter than 16 is left out and the last 16 elements are drawn anew instead. All other tensors go one element at
// a time, in double, with the second value of each pair kept in the generator.
#pragma once

#include <cstdint>

#include "ballast/core/generator.h"
#include "ballast/core/tensor.h"
#include "ballast/ops/random_draws.h"

namespace ballast::detail {

inline constexpr std::int64_t kNormalBlock = 16;

/// Words of one block.
template <class T>
inline constexpr int kNormalBlockWords = std::is_same_v<T, double> ? 32 : 16;

/// Whether normal_ fills `t` in blocks.
[[nodiscard]] inline bool takes_normal_blocks(const Tensor& t) {
  return t.numel() >= kNormalBlock && t.is_contiguous();
}

/// `n` normals, a multiple of 16, in blocks.
template <class T>
void draw_normal_blocks(Mt19937& engine, T* out, std::int64_t n, double mean, double std);

/// Goes past the words that a length of n takes between its whole blocks and the block for its last 16 elements.
template <class T>
void skip_normal_rest(Mt19937& engine, std::int64_t n) {
  if constexpr (std::is_same_v<T, double> || std::is_same_v<T, float>) {
    engine.discard(static_cast<std::uint64_t>(n % kNormalBlock) * (kNormalBlockWords<T> / kNormalBlock));
  }
}

/// One standard normal of the serial kind.
[[nodiscard]] double draw_serial_normal(Generator::State& state);

/// normal_ for any tensor of type T; the caller holds the lock.
template <class T>
void draw_normal(Generator::State& state, const Tensor& out, double mean, double std);

}  // namespace ballast::detail
