// Reading checkpoints. Nothing in a file is ever executed, imported or called (docs/security.md).
//
//   checkpoint::Checkpoint c = ballast::load("model.pth");
//   for (const auto& t : c.tensors()) fmt::print("{} {}\n", t.name, t.value.tensor().sizes());
//   StateDict weights = c.state_dict();
//
//   Checkpoint part = ballast::load("model.safetensors", {.filter = [](auto name) { return name.starts_with("encoder."); }});
//   Checkpoint half = ballast::load("model.gguf", {.dtype = kFloat16});
//   Checkpoint shapes = ballast::load("model.pth", {.map_location = kMeta});          // nothing but shapes and types
//
// The format is found by content, not by name (but what is called .safetensors must be it): what torch.save writes and
// wrote (zip, legacy, tar), TorchScript and torch.export archives, safetensors, GGUF, .npy and .npz, sharded sets through
// their index, and folders that hold one model (docs/formats.md).
//
// Opening reads what describes the tensors, whatever their size: their bytes stay in the file, mapped, until they are
// touched. The mapping is private: writing to a tensor never changes the file. As with every mapping, a file that
// somebody else cuts short while a tensor of it is in use ends the process with SIGBUS, unless `catch_lost_pages`
// (ballast/core/lost_pages.h) makes that an error; with `mmap = false`, or a `Reader`, it always is one. Replacing a file by
// rename, as `save` does, is safe.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "ballast/checkpoint/value.h"
#include "ballast/core/state_dict.h"

namespace ballast::checkpoint {

/// Which checksums of tensor bytes are compared. Those of the pickle and of small records always are.
enum class Verify : std::uint8_t {
  kAll,     ///< every member of the archive: reads the whole file
  kBudget,  ///< of members whose bytes are read anyway, and of all storages if together they have at most
            ///< `verify_budget`
  kNone,    ///< only of members whose bytes are read anyway
};

/// What protects the caller. Reaching one throws LimitError, which names the limit.
struct LoadLimits {
  std::uint64_t entries = std::uint64_t{1}
                          << 24;  ///< members of the archive; tensors of a GGUF file, and keys
  std::uint64_t pickle_bytes = std::uint64_t{1} << 30;  ///< length of data.pkl
  std::uint64_t opcodes = std::uint64_t{1} << 30;
  std::uint64_t stack = std::uint64_t{1} << 24;         ///< values (and marks) on the pickle's stack
  std::uint64_t memo = std::uint64_t{1} << 26;          ///< values remembered by the pickle
  std::uint64_t string_bytes = std::uint64_t{1} << 30;  ///< length of one string or bytes object
  std::uint64_t integer_bytes = 1024;                   ///< length of one integer
  std::uint64_t rank = 64;                              ///< dimensions of a tensor
  std::uint64_t metadata_values = std::uint64_t{1}
                                  << 24;  ///< values of the keys of a GGUF file, those in arrays too
  /// Bytes of all compressed members together, unpacked. 0: 64 MiB + 32 times the size of the file.
  std::uint64_t inflated_bytes = 0;
};

struct LoadOptions {
  /// Map the file (storages are views of it) instead of reading storages into memory.
  bool mmap = true;
  Verify verify = Verify::kBudget;
  std::uint64_t verify_budget = std::uint64_t{8} << 20;
  /// kMeta: shapes and types without memory; elements are read only where they are checked (checksums, indices of sparse
  /// tensors). Where tensors were saved from is no matter.
  Device map_location = kCPU;
  /// Floating tensors become tensors of this type (the file's stay unread until they are converted). Complex ones, integers
  /// and PyTorch's quantised tensors stay what they are; GGUF's become numbers of a floating type too.
  std::optional<DType> dtype = std::nullopt;
  /// Tensors that GGUF keeps in blocks ("q4_0") become float32, with the bits that ggml computes. Otherwise they stay blocks, as
  /// bytes (Layout::kQuantized), that can be shown, compared and saved as they are.
  bool dequantize = false;
  /// Which tensors are wanted, by their names in `Checkpoint::tensors()`. The others are not read and not listed, and on meta
  /// in the tree.
  std::function<bool(std::string_view name)> filter = {};
  /// Called on the loading thread as bytes are read, or with Verify::kAll compared. What it throws ends loading: so one cancels.
  std::function<void(std::uint64_t done, std::uint64_t total)> progress = {};
  /// Objects of classes that are not plain data: kept as inert records (Kind::kObject), or refused by name.
  bool refuse_objects = false;
  LoadLimits limits = {};
};

struct StorageSource;

/// A tensor and the keys that lead to it, joined with dots: `model.0.weight`, `optimizer.state.0.exp_avg`.
struct NamedTensor {
  static constexpr std::size_t kNoStorage = ~std::size_t{0};

  std::string name;
  Value value;                       ///< Kind::kTensor
  std::size_t storage = kNoStorage;  ///< position in `storages()`; none for sparse tensors and on meta
};

/// A storage of the file.
struct StorageEntry {
  std::string key;       ///< its name in the file: "0" for the member archive/data/0
  std::string location;  ///< where it was saved from: "cpu", "cuda:0"
  Storage storage;
  std::shared_ptr<const StorageSource> source = nullptr;  ///< where its bytes stand (storage_source.h)
};

class Checkpoint {
 public:
  // What a temporary checkpoint is asked for is handed out, not referred to:
  // `for (const auto& t : load("model.pth").tensors())` is fine.

  [[nodiscard]] const Value& root() const& noexcept { return root_; }
  [[nodiscard]] Value root() && noexcept { return std::move(root_); }
  /// "torch-zip", "torch-legacy", "torch-tar", "torchscript", "pt2", "torch-distributed", "safetensors", "gguf", "npy", "npz"; of
  /// shards through their index "safetensors-sharded" and "torch-sharded".
  [[nodiscard]] std::string_view format() const noexcept { return format_; }
  [[nodiscard]] const std::filesystem::path& file() const& noexcept { return file_; }
  [[nodiscard]] std::filesystem::path file() && noexcept { return std::move(file_); }
  /// What the format keeps beside the tensors: the `__metadata__` of safetensors (strings), the keys of a GGUF file. A mapping,
  /// or None.
  [[nodiscard]] const Value& metadata() const& noexcept { return metadata_; }
  [[nodiscard]] Value metadata() && noexcept { return std::move(metadata_); }
  /// Every tensor, in the order of the walk; one that stands in several places is listed in each. The tensor
  /// at the root has the name "".
  [[nodiscard]] const std::vector<NamedTensor>& tensors() const& noexcept { return tensors_; }
  [[nodiscard]] std::vector<NamedTensor> tensors() && noexcept { return std::move(tensors_); }
  /// False if containers stand in so many places that listing each was given up.
  [[nodiscard]] bool all_tensors_listed() const noexcept { return all_listed_; }
  /// The storages under strided tensors, in order of first use; then those of the rest.
  [[nodiscard]] const std::vector<StorageEntry>& storages() const& noexcept { return storages_; }
  [[nodiscard]] std::vector<StorageEntry> storages() && noexcept { return std::move(storages_); }
  /// Whether every checksum was compared, and how many members carry none (0, which PyTorch writes when told
  /// not to compute them).
  [[nodiscard]] bool fully_verified() const noexcept { return fully_verified_; }
  [[nodiscard]] std::size_t members_without_checksum() const noexcept { return without_checksum_; }

  /// The state dict in it: the root, if it is a mapping of names to tensors or a whole module, or else what it holds under
  /// `state_dict`, `model_state_dict`, `model`, `module` (the last two also one level deeper, as in `model.state_dict`), `net`,
  /// `network`, `params_ema`, `params`, `weights`, `ema`, `model_ema`. With `path`, what stands at those keys, joined with dots.
  /// Of a filtered checkpoint, what was asked for. FormatError if there is none, naming what was looked at.
  [[nodiscard]] StateDict state_dict(std::optional<std::string_view> path = std::nullopt) const;
  operator StateDict() const { return state_dict(); }  // NOLINT(*-explicit-*)

 private:
  friend class CheckpointBuilder;

  Value root_, metadata_;
  std::string_view format_;
  std::filesystem::path file_;
  std::vector<NamedTensor> tensors_;
  std::vector<StorageEntry> storages_;
  bool all_listed_ = true;
  bool filtered_ = false;
  bool fully_verified_ = false;
  std::size_t without_checksum_ = 0;
};

/// Opens a checkpoint. IoError (with errno) if the file cannot be read, FormatError (with record and offset) if it
/// is not what it should be, LimitError if it reaches one of `options.limits`.
[[nodiscard]] Checkpoint load(const std::filesystem::path& path, const LoadOptions& options = {});

}  // namespace ballast::checkpoint

namespace ballast {
using checkpoint::load;
using checkpoint::LoadOptions;
}  // namespace ballast
