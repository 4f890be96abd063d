// peer_libtorch NAME [THREADS [FOLDER]]: a training step done by libtorch, from the source that Ballast runs, or a workload on files,
// done with torch::save and torch::load of a vector of tensors (libtorch's own archive). Prints the line of JSON that
// ballast_bench prints; status 3 for a workload it does not have.
#include <cstdio>
#include <cstdlib>
#include <filesystem>

#include "bench/workload.h"
#include <sys/resource.h>
#include <torch/torch.h>
#include <unistd.h>

namespace T = torch;
#include "bench/training_steps.h"

namespace {

using ballast::bench::Workload;
using Tensors = std::vector<torch::Tensor>;

Tensors tensors(bool large) {
  torch::manual_seed(0);
  constexpr int kLarge = 200;
  constexpr int kMany = 20'000;
  Tensors out;
  for (int i = 0; i < (large ? kLarge : kMany); ++i)
    out.push_back(large ? torch::randn({1280, 1048}) : torch::randn({64}));
  return out;
}

Workload saving(const std::string& name, const std::string& folder, bool large) {
  const std::string path = folder + "/saved.libtorch";
  return {.name = name,
          .prepare = [=] { return [=, data = tensors(large)] { torch::save(data, path); }; },
          .before =
              [=] {
                std::filesystem::remove(path);
                ::sync();
              },
          .samples = 5,
          .warmup = 1};
}

Workload loading(const std::string& name, const std::string& folder, bool large) {
  const std::string path = folder + (large ? "/a.libtorch" : "/many.libtorch");
  const auto loaded = std::make_shared<Tensors>();
  return {.name = name,
          .prepare =
              [=] {
                if (!std::filesystem::exists(path)) torch::save(tensors(large), path);
                return [=] { torch::load(*loaded, path); };
              },
          .before = [=] { loaded->clear(); },
          .samples = 7,
          .warmup = 1};
}

std::vector<Workload> workloads(const std::string& folder) {
  std::vector<Workload> all;
  for (const auto& [name, step] : training::steps()) {
    all.push_back({.name = name,
                   .prepare =
                       [step = step] {
                         torch::manual_seed(0);
                         return step();
                       },
                   .samples = 15,
                   .warmup = 5,
                   .sample_ms = 20});
  }
  all.push_back(saving("io.save", folder, true));
  all.push_back(saving("many.save", folder, false));
  all.push_back(loading("io.load_reused", folder, true));
  all.push_back(loading("many.load", folder, false));
  return all;
}

}  // namespace

int main(int argc, char** argv) {
  const std::string wanted = argc > 1 ? argv[1] : "";
  const int threads = argc > 2 ? std::atoi(argv[2]) : 1;
  torch::set_num_threads(threads);
  torch::set_num_interop_threads(1);
  for (const auto& workload : workloads(argc > 3 ? argv[3] : ".")) {
    if (workload.name != wanted) continue;
    const auto ms = ballast::bench::measure(workload);
    rusage usage{};
    getrusage(RUSAGE_SELF, &usage);
    std::printf(R"({"name": "%s", "threads": %d, "ms": [)", wanted.c_str(), threads);
    for (std::size_t i = 0; i < ms.size(); ++i) std::printf("%s%.6g", i == 0 ? "" : ", ", ms[i]);
    std::printf(R"(], "peak_rss_MiB": %.1f})"
                "\n",
                static_cast<double>(usage.ru_maxrss) / 1024);
    return 0;
  }
  return 3;
}
