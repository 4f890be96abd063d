#include "ballast/checkpoint/formats/folder.h"

#include <algorithm>
#include <span>
#include <string>
#include <string_view>
#include <system_error>
#include <vector>

#include <fmt/ranges.h>

#include "ballast/checkpoint/formats/torch_distributed.h"
#include "ballast/checkpoint/shown_name.h"

namespace ballast::checkpoint {
namespace {

/// The files under which models are published, the first that is there: safetensors before pickles. Where a model is there both
/// whole and in shards, nothing says which is the newer.
constexpr std::string_view kWhole[] = {"model.safetensors", "pytorch_model.bin"};
constexpr std::string_view kIndex = ".index.json";
/// What else weights are kept in.
constexpr std::string_view kEndings[] = {".safetensors", ".gguf", ".pth", ".pt",  ".bin",
                                         ".ckpt",        ".npz",  ".npy", ".pt2", ".tar"};

class Folder {
 public:
  explicit Folder(const std::filesystem::path& path) : path_(path) {
    std::error_code error;
    for (std::filesystem::directory_iterator it(path, error), end; !error && it != end; it.increment(error)) {
      std::error_code unknown;
      if (it->is_regular_file(unknown)) files_.push_back(it->path().filename().string());
    }
    if (error) throw IoError("read the folder", path.string(), error.value());
    std::sort(files_.begin(), files_.end());
  }

  [[nodiscard]] bool has(std::string_view name) const {
    return std::binary_search(files_.begin(), files_.end(), name);
  }

  /// The name of the file that is the model.
  [[nodiscard]] std::string model() const {
    for (const std::string_view whole : kWhole) {
      std::string index = std::string(whole) + std::string(kIndex);
      if (has(whole) && has(index)) ambiguous({std::string(whole), index});
      if (has(whole)) return std::string(whole);
      if (has(index)) return index;
    }
    const std::vector<std::string> indexes = ending_with({&kIndex, 1});
    if (indexes.size() == 1) return indexes.front();
    if (indexes.size() > 1) ambiguous(indexes);
    const std::vector<std::string> weights = ending_with(kEndings);
    if (weights.size() == 1) return weights.front();
    if (weights.size() > 1) ambiguous(weights);
    throw FormatError(
        fmt::format("a folder of {} files without a model: neither an index of shards, nor a file that ends "
                    "in {}",
                    files_.size(), fmt::join(kEndings, ", ")),
        path_.string());
  }

 private:
  [[nodiscard]] std::vector<std::string> ending_with(std::span<const std::string_view> endings) const {
    std::vector<std::string> out;
    for (const std::string& name : files_) {
      const auto ends = [&](std::string_view ending) { return name.ends_with(ending); };
      if (!name.starts_with('.') && std::any_of(endings.begin(), endings.end(), ends)) out.push_back(name);
    }
    return out;
  }

  [[noreturn]] void ambiguous(const std::vector<std::string>& candidates) const {
    constexpr std::size_t kShown = 12;
    std::vector<std::string> shown;
    for (std::size_t i = 0; i < std::min(kShown, candidates.size()); ++i)
      shown.push_back(shown_name(candidates[i]));
    const std::string more =
        candidates.size() > kShown ? fmt::format(" and {} more", candidates.size() - kShown) : "";
    throw FormatError(
        fmt::format("a folder with several models: say which of {}{}", fmt::join(shown, ", "), more),
        path_.string());
  }

  std::filesystem::path path_;
  std::vector<std::string> files_;
};

}  // namespace

Checkpoint load_folder(const std::filesystem::path& folder, const LoadOptions& options) {
  const Folder files(folder);
  if (files.has(".metadata")) return load_distributed(folder, options);
  return load(folder / files.model(), options);
}

}  // namespace ballast::checkpoint
