// Writing checkpoints that PyTorch (1.6 to 2.13) loads with weights_only=True, and with mmap=True.
//
//   save(model->state_dict(), "model.pth");
//   save(state, "model.pth", {.fsync = false});      // faster; after a power cut the old file or the new one may be empty
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

#include <filesystem>

#include "ballast/checkpoint/value.h"
#include "ballast/core/state_dict.h"

namespace ballast::checkpoint {

struct SaveOptions {
  /// Waits until the bytes, and then the new name, are on the disk.
  bool fsync = true;
  /// Of a storage that tensors see a part of, writes no more than from the first to the last element seen.
  bool compact = false;
};

/// IoError; ValueError for a tuple that holds itself, and for undefined tensors; NotImplementedError for sparse and quantised
/// tensors; LimitError for texts beyond 4 GiB, and for attributes inside attributes 100 deep.
void save(const Value& value, const std::filesystem::path& path, const SaveOptions& options = {});
void save(const StateDict& dict, const std::filesystem::path& path, const SaveOptions& options = {});

}  // namespace ballast::checkpoint

namespace ballast {
using checkpoint::save;
using checkpoint::SaveOptions;
}  // namespace ballast
