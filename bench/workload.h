// A workload: what is prepared, and what one timed call is. docs/performance.md defines each by name.
#pragma once

#include <functional>
#include <string>
#include <vector>

namespace ballast::bench {

struct Workload {
  std::string name;
  /// Runs untimed and returns the call that is timed.
  std::function<std::function<void()>()> prepare;
  /// Runs untimed before each sample, which is then one call: removes what the last one wrote, drops what it read.
  std::function<void()> before = {};
  int samples = 15;
  int warmup = 2;
  double sample_ms = 2;
};

/// Milliseconds per call, one number a sample. Short calls are repeated until a sample lasts `sample_ms`.
[[nodiscard]] std::vector<double> measure(const Workload& workload);

[[nodiscard]] std::vector<Workload> module_tree_workloads();
[[nodiscard]] std::vector<Workload> initialisation_workloads();
[[nodiscard]] std::vector<Workload> training_workloads();
/// On the files that write_files put into `folder`.
[[nodiscard]] std::vector<Workload> file_workloads(const std::string& folder);

/// Writes the shared inputs: `a.pth` (200 tensors of [1280, 1048]) and `many.pth` (20,000 of [64]).
void write_files(const std::string& folder);
/// Writes `b.pth`: the same tensors as those of `a.pth`, each value moved by 1e-3.
void write_other_file(const std::string& folder);
/// Writes `million.safetensors`: 1,000,000 tensors of [16].
void write_million_file(const std::string& folder);
/// Writes `report.pth`: 2,000 tensors of [512, 262], 1 GiB.
void write_report_file(const std::string& folder);

}  // namespace ballast::bench
