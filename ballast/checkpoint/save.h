// Writing checkpoints: .pth files that PyTorch (1.6 to 2.13) loads with weights_only=True, and with mmap=True; safetensors; GGUF;
// NumPy's .npz and .npy.
//
//   save(model->state_dict(), "model.pth");
//   save(state, "model.pth", {.fsync = false});      // faster; after a power cut the old file or the new one may be empty
//   save(state, "model.safetensors");                // the name says the format, or `format` does
//   save(state, "model.safetensors.index.json", {.shard_size = 5'000'000'000});   // and model-00001-of-00003.safetensors, ...
//
//   Value v = Value::dict();
//   v.set("epoch", 12);
//   v.set("model", model->state_dict());
//   save(v, "training.pth");
//
// All or nothing: the bytes go to a temporary file in the same folder, which takes the name of the old one once it is whole.
// An error on the way (IoError with errno) leaves the old file as it was, and nothing else. The file may be the one that the
// tensors are mapped from.
//
// Ties are kept: a storage is written once, however many tensors are views of it, and whole, as PyTorch does; with `compact`
// only the part that the tensors reach. Views of one storage may have several types. Types that PyTorch has no storage class
// for (uint16 to uint64, float8, complex32) need a PyTorch that knows them. The bytes of the file depend on what is saved
// only. Memory: the pickle, and no copy of any tensor. (Format: docs/formats.md; PKWARE APPNOTE 6.3, PEP 307.)
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>

#include "ballast/checkpoint/value.h"
#include "ballast/core/state_dict.h"

namespace ballast::checkpoint {

enum class FileFormat : std::uint8_t {
  kByName,  ///< .safetensors, .gguf, .npz and .npy are what they say; every other name is a torch zip
  kTorchZip,
  kSafetensors,
  kGguf,
  kNpz,
  kNpy,
};

struct SaveOptions {
  FileFormat format = FileFormat::kByName;
  /// Waits until the bytes, and then the new name, are on the disk.
  bool fsync = true;
  /// Of a storage that tensors see a part of, writes no more than from the first to the last element seen.
  bool compact = false;
  /// What the format keeps beside the tensors: a mapping of strings for safetensors, of anything GGUF has a type for (texts,
  /// bools, numbers, lists of one of these; docs/formats.md says which types they get); other formats have no place for it (ValueError).
  /// None: what the tree itself says (Checkpoint::metadata is not part of a tree).
  Value metadata = {};
  /// Bytes of tensors in one file, at most (a larger tensor is alone in one); 0: one file. The path is that of the index,
  /// `model.safetensors.index.json`, or of the file that there would be without shards. Torch zips and safetensors only.
  std::uint64_t shard_size = 0;
  /// Called as bytes of tensors are written. What it throws ends saving, and leaves the old file.
  std::function<void(std::uint64_t done, std::uint64_t total)> progress = {};
};

/// The format that `save` would write: what the options say, or the name.
[[nodiscard]] FileFormat format_of(const std::filesystem::path& path, const SaveOptions& options);

/// Formats that hold tensors by name and nothing else (GGUF, .npz): ValueError for anything else in the tree, KeyError for names
/// and DTypeError for types that they lack, before a byte is written. All: IoError; ValueError for a tuple that holds itself, and for undefined tensors; NotImplementedError for sparse and quantised
/// tensors; LimitError for texts beyond 4 GiB, and for attributes inside attributes 100 deep.
void save(const Value& value, const std::filesystem::path& path, const SaveOptions& options = {});
void save(const StateDict& dict, const std::filesystem::path& path, const SaveOptions& options = {});

}  // namespace ballast::checkpoint

namespace ballast {
using checkpoint::FileFormat;
using checkpoint::save;
using checkpoint::SaveOptions;
}  // namespace ballast
