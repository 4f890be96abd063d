#include <filesystem>
#include <memory>
#include <stdexcept>

#include "bench/workload.h"
#include <fmt/format.h>
#include <unistd.h>

#include "ballast/ballast.h"

namespace ballast::bench {
namespace {

constexpr int kLarge = 200, kMany = 20'000, kReport = 2'000, kMillion = 1'000'000;
constexpr const char* kOne = "layers.137.weight";

StateDict large_dict() {
  manual_seed(0);
  StateDict dict;
  for (int i = 0; i < kLarge; ++i) dict.append(fmt::format("layers.{}.weight", i), randn({1280, 1048}));
  return dict;
}

StateDict many_dict() {
  manual_seed(0);
  StateDict dict;
  for (int i = 0; i < kMany; ++i)
    dict.append(fmt::format("blocks.{}.layers.{}.weight", i / 100, i % 100), randn({64}));
  return dict;
}

StateDict report_dict() {
  manual_seed(0);
  StateDict dict;
  for (int i = 0; i < kReport; ++i)
    dict.append(fmt::format("blocks.{}.layers.{}.weight", i / 20, i % 20), randn({512, 262}));
  return dict;
}

/// What goes before a sample that writes this file.
std::function<void()> removing(const std::string& path) {
  return [=] {
    std::filesystem::remove(path);
    ::sync();
  };
}

/// Until it returns; the old file is gone and the disk is idle before.
Workload saving(const std::string& name, const std::string& folder, StateDict (*make)(), int samples,
                bool durable) {
  const std::string path = folder + "/saved.pth";
  return {.name = name,
          .prepare = [=] { return [=, dict = make()] { save(dict, path, {.fsync = durable}); }; },
          .before = removing(path),
          .samples = samples,
          .warmup = 1};
}

/// Until the tensors are there; dropping them is not timed. `fresh`: their memory comes from the system anew.
Workload loading(const std::string& name, const std::string& path, int tensors, const LoadOptions& options,
                 bool fresh) {
  const auto loaded = std::make_shared<checkpoint::Checkpoint>();
  return {.name = name,
          .prepare =
              [=] {
                return [=] {
                  *loaded = load(path, options);
                  if (loaded->tensors().size() != static_cast<std::size_t>(tensors))
                    throw std::runtime_error("the workload did not do its work");
                };
              },
          .before =
              [=] {
                *loaded = {};
                if (fresh) empty_storage_cache();
              },
          .samples = 7,
          .warmup = 1};
}

/// The file as safetensors: mapped, and streamed into the other one.
Workload converting(const std::string& name, const std::string& path, const std::string& folder,
                    bool durable) {
  const std::string to = folder + "/converted.safetensors";
  return {.name = name,
          .prepare = [=] { return [=] { save(load(path).root(), to, {.fsync = durable}); }; },
          .before = removing(to),
          .samples = 5,
          .warmup = 1};
}

/// One tensor of 5.4 MB out of the file, copied.
Workload loading_one(const std::string& path) {
  const auto copy = std::make_shared<Tensor>();
  return {.name = "io.load_mmap_one",
          .prepare = [=] { return [=] { *copy = load(path).state_dict().at(kOne).clone(); }; },
          .before =
              [=] {
                *copy = {};
                empty_storage_cache();
              },
          .samples = 15};
}

StateDict million_dict() {
  StateDict dict;
  for (int i = 0; i < kMillion; ++i)
    dict.append(fmt::format("blocks.{}.layers.{}.weight", i / 100, i % 100), zeros({16}));
  return dict;
}

}  // namespace

std::vector<Workload> file_workloads(const std::string& folder) {
  const std::string large = folder + "/a.pth";
  const std::string many = folder + "/many.pth";
  constexpr auto kNone = checkpoint::Verify::kNone;
  return {
      saving("io.save", folder, large_dict, 5, false),
      saving("io.save_durable", folder, large_dict, 3, true),
      loading("io.load", large, kLarge, {.mmap = false}, true),
      loading("io.load_reused", large, kLarge, {.mmap = false}, false),
      loading("io.load_mmap", large, kLarge, {.verify = kNone}, true),
      loading_one(large),
      loading("io.verify", large, kLarge, {.verify = checkpoint::Verify::kAll}, true),
      converting("io.convert", large, folder, false),
      converting("io.convert_durable", large, folder, true),
      saving("many.save", folder, many_dict, 15, false),
      saving("many.save_durable", folder, many_dict, 5, true),
      loading("many.load", many, kMany, {.mmap = false}, true),
      loading("many.load_mmap", many, kMany, {}, true),
      loading("million.load_mmap", folder + "/million.safetensors", kMillion, {}, true),
  };
}

void write_files(const std::string& folder) {
  save(large_dict(), folder + "/a.pth");
  save(many_dict(), folder + "/many.pth");
}

void write_other_file(const std::string& folder) {
  StateDict dict = large_dict();
  for (const auto& item : dict) item.value().add_(1e-3);
  save(dict, folder + "/b.pth");
}

void write_million_file(const std::string& folder) { save(million_dict(), folder + "/million.safetensors"); }

void write_report_file(const std::string& folder) { save(report_dict(), folder + "/report.pth"); }

}  // namespace ballast::bench
