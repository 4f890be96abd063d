// What the file `.metadata` of a torch.distributed checkpoint says: which tensors and objects there are, of which pieces, and
// where those stand. It is a pickle; the objects in it are read as inert records (docs/formats.md).
//
//   const DistributedMetadata m = read_distributed_metadata(bytes, name, limits);
//   for (const DistributedEntry& e : m.entries) ...
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "ballast/checkpoint/load.h"
#include "ballast/core/dims.h"
#include "ballast/core/dtype.h"

namespace ballast::checkpoint {

/// Bytes of a file of the folder: an archive of torch.save.
struct DistributedPlace {
  std::string_view file;
  std::uint64_t offset = 0, size = 0;
};

/// A piece of a tensor.
struct DistributedPiece {
  Dims offsets, sizes;
  DistributedPlace place;
};

struct DistributedEntry {
  std::string_view name;
  std::vector<Value>
      path;  ///< the keys that lead to it: strings, and ints for positions in lists; never empty
  bool is_tensor = false;
  // Of a tensor.
  DType dtype = kFloat32;
  Dims sizes;
  std::vector<DistributedPiece> pieces;  ///< in bounds, each once; whether they tile the tensor is not known
  // Of another object.
  DistributedPlace place;
};

struct DistributedMetadata {
  std::vector<DistributedEntry> entries;  ///< in the order of the file
  bool nested = false;                    ///< whether the file says how names are keys of nested containers
  std::uint64_t stored_bytes = 0;         ///< of everything that has a place
  Value tree;                             ///< keeps the strings
};

/// `bytes` are shared with the tree. FormatError with the name of the tensor, LimitError.
[[nodiscard]] DistributedMetadata read_distributed_metadata(std::shared_ptr<const std::string> bytes,
                                                            const std::string& file,
                                                            const LoadOptions& options);

}  // namespace ballast::checkpoint
