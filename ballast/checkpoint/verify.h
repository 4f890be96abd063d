// What is wrong with a checkpoint, and what it would do to who opens it with an unpickler: all of it at once, instead of the
// first reason to refuse it.
//
//   const VerifyReport report = verify("model.pth");
//   for (const Finding& f : report.findings) fmt::print("{}: {}: {}\n", f.member, f.what, f.why);
//   if (report.clean()) ...
//
// Everything is looked at: each byte that has a checksum, the structure of the file as `load` demands it, and every name in
// every pickle (pickle_scan.h), also where `load` stops before. Nothing is run. The file is mapped; see load.h of what happens
// if somebody cuts it short meanwhile.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "ballast/checkpoint/load.h"

namespace ballast::checkpoint {

enum class Severity : std::uint8_t {
  kNote,  ///< an unpickler would import a class of some package, to make an object of it; the package has to be there
  kDamage,  ///< checksums, sizes, structure: the file is broken, cut short, or made to be read in several ways
  kDanger,  ///< an unpickler would run code that the file chose
};
/// "note", "damage", "danger".
[[nodiscard]] std::string_view severity_name(Severity s) noexcept;

struct Finding {
  Severity severity = Severity::kNote;
  std::string member;                 ///< of the archive, as it may be shown; empty: the file itself
  std::optional<std::uint64_t> byte;  ///< in the member
  std::string
      what;  ///< "os.system", as it stands in the file: escape it before it is shown; empty: the place says it
  std::string why;  ///< a sentence; not from the file but for names, which are escaped in it
};

struct VerifyReport {
  std::string format;                               ///< as Checkpoint::format; empty if the file was refused
  std::vector<Finding> findings;                    ///< the gravest first, then in the order of the file
  std::size_t left_out = 0;                         ///< findings beyond the first 1,000
  std::size_t tensors = 0, pickles = 0, names = 0;  ///< read, scanned, and named in them
  /// Why the file is no checkpoint at all, as `load` says it; empty if it is one, or if something was found in it nevertheless.
  std::string unreadable;

  [[nodiscard]] bool has(Severity at_least) const noexcept;
  /// A checkpoint, and nothing but notes.
  [[nodiscard]] bool clean() const noexcept { return unreadable.empty() && !has(Severity::kDamage); }
};

struct VerifyOptions {
  LoadLimits limits = {};
  /// Called with the bytes whose checksums were compared, where a file has them. What it throws ends `verify`.
  std::function<void(std::uint64_t done, std::uint64_t total)> progress = {};
};

/// Of a folder: the folder as one model, and the pickles of each file in it. IoError if it cannot be read.
[[nodiscard]] VerifyReport verify(const std::filesystem::path& path, const VerifyOptions& options = {});

}  // namespace ballast::checkpoint
