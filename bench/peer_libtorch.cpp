// peer_libtorch NAME [THREADS]: a training step done by libtorch; the source of the steps is the one Ballast runs. Prints the line
// of JSON that ballast_bench prints; status 3 for a workload it does not have.
#include <cstdio>
#include <cstdlib>

#include "bench/workload.h"
#include <sys/resource.h>
#include <torch/torch.h>

namespace T = torch;
#include "bench/training_steps.h"

int main(int argc, char** argv) {
  const std::string wanted = argc > 1 ? argv[1] : "";
  const int threads = argc > 2 ? std::atoi(argv[2]) : 1;
  torch::set_num_threads(threads);
  torch::set_num_interop_threads(1);
  for (const auto& [name, step] : training::steps()) {
    if (name != wanted) continue;
    const auto ms = ballast::bench::measure({.name = name,
                                             .prepare =
                                                 [step = step] {
                                                   torch::manual_seed(0);
                                                   return step();
                                                 },
                                             .samples = 15,
                                             .warmup = 5,
                                             .sample_ms = 20});
    rusage usage{};
    getrusage(RUSAGE_SELF, &usage);
    std::printf(R"({"name": "%s", "threads": %d, "ms": [)", name.c_str(), threads);
    for (std::size_t i = 0; i < ms.size(); ++i) std::printf("%s%.6g", i == 0 ? "" : ", ", ms[i]);
    std::printf(R"(], "peak_rss_MiB": %.1f})"
                "\n",
                static_cast<double>(usage.ru_maxrss) / 1024);
    return 0;
  }
  return 3;
}
