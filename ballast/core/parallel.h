// How many threads Ballast's own loops use, and the one pool they share.
//
// Results never depend on the number of threads. Small work stays on the calling thread.
#pragma once

#include <cstdint>
#include <functional>

namespace ballast {

/// Threads for one operation; the number of CPUs this process may use at first. ValueError below 1.
void set_num_threads(int n);
[[nodiscard]] int get_num_threads() noexcept;

/// Runs `part(begin, end)` over [0, n) in pieces of at least `grain`, on up to get_num_threads() threads, and
/// waits. The first exception of a part is thrown again here. Nested calls run on the calling thread.
void parallel_for(std::int64_t n, std::int64_t grain,
                  const std::function<void(std::int64_t, std::int64_t)>& part);

/// Elements that are worth a thread in loops that do little with each of them.
inline constexpr std::int64_t kElementGrain = std::int64_t{1} << 15;

/// The grain for a parallel_for over things of so many elements each.
[[nodiscard]] constexpr std::int64_t grain_for(std::int64_t elements) noexcept {
  return elements < kElementGrain ? kElementGrain / (elements < 1 ? 1 : elements) : 1;
}

/// Runs tasks 0 .. n-1, each once, on up to get_num_threads() threads (the calling one included), and waits.
void parallel_tasks(int n, const std::function<void(int)>& task);

}  // namespace ballast
