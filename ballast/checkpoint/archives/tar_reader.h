// The members of a tar archive (POSIX ustar and pax headers; IEEE Std 1003.1): their names and where their bytes stand. As much as
// old PyTorch files need: regular files are listed, folders passed over, everything else refused.
//
//   for (const TarMember& m : read_tar(*file, limits)) ...
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "ballast/checkpoint/bytes/input_file.h"
#include "ballast/checkpoint/load.h"

namespace ballast::checkpoint {

struct TarMember {
  std::string name;
  std::uint64_t offset, size;
};

/// FormatError for headers that are damaged, members that reach over the end of the file, names that occur twice, links and devices.
[[nodiscard]] std::vector<TarMember> read_tar(const InputFile& file, const LoadLimits& limits);

}  // namespace ballast::checkpoint
