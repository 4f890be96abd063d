// ballast_bench --list | --write-{files,other-file,million-file,report-file} FOLDER | NAME [THREADS [FOLDER]]
// Runs one workload and prints one line of JSON: milliseconds per call for each sample, and the peak memory.
#include <cstdlib>
#include <exception>
#include <string>
#include <vector>

#include "bench/workload.h"
#include <fmt/format.h>
#include <fmt/ranges.h>
#include <sys/resource.h>

#include "ballast/core/parallel.h"

namespace {

int run(const std::vector<std::string>& args) {
  auto workloads = ballast::bench::module_tree_workloads();
  for (auto& w : ballast::bench::initialisation_workloads()) workloads.push_back(std::move(w));
  for (auto& w : ballast::bench::training_workloads()) workloads.push_back(std::move(w));
  for (auto& w : ballast::bench::file_workloads(args.size() > 2 ? args[2] : "."))
    workloads.push_back(std::move(w));
  if (args.size() == 1 && args[0] == "--list") {
    for (const auto& w : workloads) fmt::print("{}\n", w.name);
    return 0;
  }
  if (args.size() == 2 && args[0] == "--write-files") {
    ballast::bench::write_files(args[1]);
    return 0;
  }
  if (args.size() == 2 && args[0] == "--write-other-file") {
    ballast::bench::write_other_file(args[1]);
    return 0;
  }
  if (args.size() == 2 && args[0] == "--write-million-file") {
    ballast::bench::write_million_file(args[1]);
    return 0;
  }
  if (args.size() == 2 && args[0] == "--write-report-file") {
    ballast::bench::write_report_file(args[1]);
    return 0;
  }
  for (const auto& w : workloads) {
    if (args.empty() || w.name != args[0]) continue;
    const int threads = args.size() > 1 ? std::atoi(args[1].c_str()) : 1;
    ballast::set_num_threads(threads);
    const auto samples = ballast::bench::measure(w);
    rusage usage{};
    getrusage(RUSAGE_SELF, &usage);
    fmt::print(R"({{"name": "{}", "threads": {}, "ms": [{:.6g}], "peak_rss_MiB": {:.1f}}})"
               "\n",
               w.name, threads, fmt::join(samples, ", "), static_cast<double>(usage.ru_maxrss) / 1024);
    return 0;
  }
  fmt::print(stderr,
             "usage: ballast_bench --list | --write-{{files,other-file,million-file,report-file}} FOLDER | "
             "NAME [THREADS "
             "[FOLDER]]\n");
  return 2;
}

}  // namespace

int main(int argc, char** argv) {
  try {
    return run(std::vector<std::string>(argv + 1, argv + argc));
  } catch (const std::exception& e) {
    fmt::print(stderr, "ballast_bench: {}\n", e.what());
    return 2;
  }
}
