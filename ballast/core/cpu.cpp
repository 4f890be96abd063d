#include "ballast/core/cpu.h"

#include <algorithm>
#include <atomic>

#if defined(__x86_64__)
#include <cpuid.h>
#endif

namespace ballast {
namespace {

#if defined(__x86_64__)
/// Asked of the CPU itself, as clang's __builtin_cpu_supports does not know the name. Where the system keeps AVX's
/// registers, as it must for "avx2", it keeps all that this needs.
bool has_f16c() noexcept {
  unsigned a = 0, b = 0, c = 0, d = 0;
  return __get_cpuid(1, &a, &b, &c, &d) != 0 && (c & bit_F16C) != 0;
}
#endif

SimdLevel detect() noexcept {
#if defined(__x86_64__)
  __builtin_cpu_init();
  if (!__builtin_cpu_supports("avx2") || !__builtin_cpu_supports("fma") || !has_f16c()) {
    return SimdLevel::kBaseline;
  }
  const bool wide = __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
                    __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512vl");
  return wide ? SimdLevel::kAvx512 : SimdLevel::kAvx2;
#else
  return SimdLevel::kBaseline;
#endif
}

// Zero until the first question, so that code running before this file's initialisers gets an answer too.
std::atomic<int> level_plus_one{0};

}  // namespace

SimdLevel best_simd_level() noexcept {
  static const SimdLevel best = detect();
  return best;
}

SimdLevel simd_level() noexcept {
  int level = level_plus_one.load(std::memory_order_relaxed);
  if (level == 0) [[unlikely]] {
    level = static_cast<int>(best_simd_level()) + 1;
    level_plus_one.store(level, std::memory_order_relaxed);
  }
  return static_cast<SimdLevel>(level - 1);
}

void set_simd_level(SimdLevel level) noexcept {
  level_plus_one.store(static_cast<int>(std::min(level, best_simd_level())) + 1, std::memory_order_relaxed);
}

}  // namespace ballast
