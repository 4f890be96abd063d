#include <algorithm>
#include <chrono>
#include <cmath>

#include "bench/workload.h"

namespace ballast::bench {

std::vector<double> measure(const Workload& workload) {
  using Clock = std::chrono::steady_clock;
  const auto call = workload.prepare();
  const auto time = [&](int times) {
    const auto start = Clock::now();
    for (int i = 0; i < times; ++i) call();
    return std::chrono::duration<double, std::milli>(Clock::now() - start).count();
  };
  const auto get_ready = [&] {
    if (workload.before) workload.before();
  };
  double once = 0;
  for (int i = 0; i < workload.warmup; ++i) {
    get_ready();
    once = time(1);
  }
  const int inner = workload.before || once >= workload.sample_ms
                        ? 1
                        : static_cast<int>(std::ceil(workload.sample_ms / std::max(once, 1e-4)));
  std::vector<double> samples;
  samples.reserve(static_cast<std::size_t>(workload.samples));
  for (int i = 0; i < workload.samples; ++i) {
    get_ready();
    samples.push_back(time(inner) / inner);
  }
  return samples;
}

}  // namespace ballast::bench
