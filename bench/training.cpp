#include "bench/workload.h"

#include "ballast/ballast.h"

namespace T = ballast;
#include "bench/training_steps.h"

namespace ballast::bench {

std::vector<Workload> training_workloads() {
  std::vector<Workload> out;
  for (const auto& [name, step] : training::steps()) {
    out.push_back({.name = name,
                   .prepare =
                       [step = step] {
                         manual_seed(0);
                         return step();
                       },
                   .samples = 15,
                   .warmup = 5,
                   .sample_ms = 20});
  }
  return out;
}

}  // namespace ballast::bench
