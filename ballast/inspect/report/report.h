// One HTML page that shows what is in a checkpoint, and with two what changed: docs/report.md.
//
//   const Checkpoint file = ballast::load("model.pth");
//   write(inspect::html_report(file, {.title = "epoch 12"}));
//   write(inspect::html_report(file, ballast::load("later.pth")));     // and what changed from the one to the other
//
// The page needs no network: its data, its style and its scripts (D3 among them) are inside. It runs nothing else: its
// content-security policy allows these two scripts by their hashes, and nothing to be fetched. Text from the file is data in it,
// which the page's script writes as text; characters that do not print are escapes, as in core/printable.h.
//
// Every element is read: once for the figures, once for the histograms, once for the heat maps (statistics.h, heat_map.h), and by
// `health` and `compare`. Nothing is held but the page: about `page_bytes`, over which histograms and heat maps are shared out
// (docs/report.md says how).
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "ballast/checkpoint/load.h"
#include "ballast/inspect/progress.h"

namespace ballast::inspect {

/// A file and what its bytes hash to. The library does not hash: who writes the page may.
struct FileHash {
  std::string file;
  std::uint64_t bytes = 0;
  std::string sha256;  ///< 64 hexadecimal digits
};

struct ReportOptions {
  std::string title = {};                  ///< of the page; none: the name of the file
  std::optional<std::string> filter = {};  ///< core/match/glob.h, on full names: only these tensors
  std::string made_by = "ballast";         ///< stands at the end of the page
  std::uint64_t page_bytes = 5'000'000;    ///< about how large the page may become
  /// Called last, so that hashes can be made meanwhile, on another thread.
  std::function<std::vector<FileHash>()> hashes = {}, other_hashes = {};
  Progress progress = {};
  /// As in StatisticsOptions: for mappings that nobody has written to.
  bool release_pages = false;
};

/// The most tensors a page lists; it says how many there are.
inline constexpr std::size_t kReportTensors = 50'000;

/// The text of the page, UTF-8. What has no numbers (checkpoint_numbers.h) is listed without figures.
[[nodiscard]] std::string html_report(const checkpoint::Checkpoint& file, const ReportOptions& options = {});
[[nodiscard]] std::string html_report(const checkpoint::Checkpoint& file, const checkpoint::Checkpoint& other,
                                      const ReportOptions& options = {});

}  // namespace ballast::inspect
