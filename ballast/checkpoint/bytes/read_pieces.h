// Reads many pieces of files at once: each into memory of the caller's, or only for its checksum.
//
//   std::vector<Piece> pieces{{.file = file.get(), .offset = 4096, .size = n, .out = p, .wants_crc = true}};
//   read_pieces(pieces);
//   if (pieces[0].crc != announced) ...
//
// Pieces are read in the order of the file, neighbours together, so that small ones cost a fraction of a system call each; where
// there is much to read, on several threads (core/parallel.h), long pieces in parts. Nothing that lies far from every piece is
// read. A checksum is worked out while the bytes are in the cache.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <span>

#include "ballast/checkpoint/bytes/input_file.h"

namespace ballast::checkpoint {

struct Piece {
  const InputFile* file = nullptr;
  std::uint64_t offset = 0;
  std::uint64_t size = 0;
  std::byte* out = nullptr;  ///< room for `size` bytes; null: they are wanted nowhere
  bool wants_crc = false;
  std::uint32_t crc = 0;  ///< what comes back
};

/// The order of `pieces` does not matter; nor may they overlap in memory. `progress` is called on this thread, with the bytes that
/// have been read so far, and last with all of them; what it throws ends reading. IoError, or FormatError if a file ends before a piece does.
void read_pieces(std::span<Piece> pieces, const std::function<void(std::uint64_t done)>& progress = {});

}  // namespace ballast::checkpoint
