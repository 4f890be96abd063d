// Every pickle that a reader of a file might run, wherever the format keeps it, found as leniently as the most careless reader
// would: also in archives that are refused here.
//
//   find_pickles(file, limits, [](const FoundPickle& p) { scan_pickle(p.bytes, limits); return 0; });
//
// Zip archives (also one inside another): members called *.pkl, and arrays of Python objects (.npy). Tar archives: the members
// of old PyTorch files. Stacked pickles, of PyTorch before 1.6 and by themselves: up to five. Arrays of objects. Formats
// without pickles have none.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "ballast/checkpoint/bytes/input_file.h"
#include "ballast/checkpoint/load.h"

namespace ballast::checkpoint {

struct FoundPickle {
  std::string_view bytes;  ///< from its first byte on; what follows it may be there too
  std::string member;      ///< of the archive; empty: of the file itself
  std::uint64_t byte = 0;  ///< where it begins, in the member
};

/// What a file looks like, by its first bytes.
enum class FileContent : std::uint8_t { kZip, kTar, kPickles, kNpy, kOther };
[[nodiscard]] FileContent content_of(const InputFile& file);

struct FoundPickles {
  std::size_t count = 0;
  bool all = true;  ///< false if there were so many members, or such large ones, that looking was given up
};

/// Calls `use` for each pickle, which answers how many of its bytes it took (the next one of a stack begins there; 0: none
/// follows). The bytes are valid during the call. Work is limited to a multiple of the file's size.
FoundPickles find_pickles(InputFile& file, const LoadLimits& limits,
                          const std::function<std::uint64_t(const FoundPickle&)>& use);

}  // namespace ballast::checkpoint
