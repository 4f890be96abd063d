#include "ballast/inspect/report/report.h"

#include <algorithm>
#include <array>
#include <filesystem>
#include <utility>

#include <fmt/format.h>

#include "ballast/inspect/checkpoint_numbers.h"
#include "ballast/inspect/heat_map.h"
#include "ballast/inspect/report/report_budget.h"
#include "ballast/inspect/report/report_data.h"
#include "ballast/inspect/report/report_json.h"
#include "ballast/inspect/report/report_page.h"

namespace ballast::inspect {
namespace detail {
namespace {

using checkpoint::Checkpoint;

/// One bar for several walks over the same tensors.
class Passes {
 public:
  Passes(const Progress& progress, std::uint64_t total) : progress_(progress), total_(total) {}

  /// For the next walk, over `bytes`.
  [[nodiscard]] Progress next(std::uint64_t bytes) {
    if (!progress_) return {};
    const std::uint64_t before = std::exchange(done_, done_ + bytes);
    return [this, before](std::uint64_t done, std::uint64_t) {
      progress_(std::min(before + done, total_), total_);
    };
  }
  void finish() const {
    if (progress_) progress_(total_, total_);
  }

 private:
  const Progress& progress_;
  std::uint64_t total_, done_ = 0;
};

std::uint64_t bytes_of(const TensorListing& looks) {
  std::uint64_t bytes = 0;
  for (const TensorRow& row : looks.rows) bytes += row.bytes;
  return bytes;
}

class ReportWriter {
 public:
  ReportWriter(const Checkpoint& file, const Checkpoint* other, const ReportOptions& options)
      : file_(file), other_(other), options_(options), rows_(rows_of(file, options.filter)) {
    if (other != nullptr) other_rows_ = rows_of(*other, options.filter);
  }

  std::string page() {
    const std::uint64_t bytes = bytes_of(rows_.looks), other_bytes = bytes_of(other_rows_.looks);
    Passes passes(options_.progress, 3 * bytes + (other_ != nullptr ? bytes + other_bytes : 0));
    statistics_ = statistics(rows_.looks, {.histogram_bins = kReportBins,
                                           .progress = passes.next(2 * bytes),
                                           .release_pages = options_.release_pages});
    json_.begin_object(JsonWriter::Layout::kLines);
    json_.key("report"), json_.number(1);
    json_.key("title"), json_.string(title());
    json_.key("made_by"), json_.string(options_.made_by);
    if (options_.filter) json_.key("filter"), json_.string(shown_text(*options_.filter));
    json_.key("tensors"), write_tensors(json_, file_, rows_);
    json_.key("figures"), write_figures(json_, rows_, statistics_);
    json_.key("findings");
    write_findings(json_, rows_,
                   findings_of(file_, rows_, statistics_, {.release_pages = options_.release_pages}));
    if (other_ != nullptr) {
      json_.key("changes");
      write_changes(json_, changes_between(file_, rows_, *other_, other_rows_,
                                           {.progress = passes.next(bytes + other_bytes),
                                            .release_pages = options_.release_pages}));
    }
    write_pictures(passes.next(bytes));
    json_.key("file");
    write_file(json_, file_, rows_, options_.hashes ? options_.hashes() : std::vector<FileHash>());
    if (other_ != nullptr) {
      json_.key("other");
      write_file(json_, *other_, other_rows_,
                 options_.other_hashes ? options_.other_hashes() : std::vector<FileHash>());
    }
    json_.end_object();
    passes.finish();
    return page_with(title(), script_safe({out_.data(), out_.size()}));
  }

 private:
  [[nodiscard]] std::string title() const {
    if (!options_.title.empty()) return shown_text(options_.title);
    // Of "folder/" and "." too.
    const std::filesystem::path path = std::filesystem::absolute(file_.file()).lexically_normal();
    const std::filesystem::path name = path.has_filename() ? path.filename() : path.parent_path().filename();
    return shown_text(name.empty() ? path.string() : name.string());
  }

  void write_pictures(const Progress& progress) {
    constexpr std::uint64_t kRest = 4096;  // what is written behind
    constexpr std::uint64_t kEmpty = 4;    // brackets and commas of each look
    const std::uint64_t used = empty_page_bytes() + out_.size() + kRest + kEmpty * statistics_.size();
    const auto left = static_cast<std::int64_t>(options_.page_bytes - std::min(used, options_.page_bytes));
    const Share share = share_out(left, histogram_bytes(), map_sizes());
    json_.key("bins"), json_.number(share.bins);
    json_.key("histograms"), json_.begin_array(JsonWriter::Layout::kTight);
    for (const Statistics& s : statistics_) write_histogram(json_, s, share.bins);
    json_.end_array();
    json_.key("page_bytes"), json_.number(options_.page_bytes);
    json_.key("maps"), json_.begin_array(JsonWriter::Layout::kTight);
    for (const HeatMap& map : heat_maps_of(rows_.looks, share.cells,
                                           {.progress = progress, .release_pages = options_.release_pages}))
      write_heat_map(json_, map);
    json_.end_array();
  }

  /// With kReportBins bins, half and a quarter of them.
  [[nodiscard]] std::array<std::int64_t, 3> histogram_bytes() const {
    std::array<std::int64_t, 3> bytes{};
    for (std::size_t k = 0; k < bytes.size(); ++k) {
      fmt::memory_buffer out;
      JsonWriter json(out);
      for (const Statistics& s : statistics_) {
        write_histogram(json, s, kReportBins >> k);
        bytes[k] += static_cast<std::int64_t>(out.size());
        out.clear();
      }
    }
    return bytes;
  }

  /// Values that a map of each look could show; 0 where it is to have none.
  [[nodiscard]] std::vector<std::int64_t> map_sizes() const {
    std::vector<std::int64_t> sizes;
    for (std::size_t i = 0; i < rows_.looks.rows.size(); ++i) {
      const bool is_matrix = !rows_.looks.rows[i].value().sparse;
      sizes.push_back(is_matrix && statistics_[i].count > 1 ? statistics_[i].count : 0);
    }
    return sizes;
  }

  const Checkpoint& file_;
  const Checkpoint* other_;
  const ReportOptions& options_;
  ReportRows rows_, other_rows_;
  std::vector<Statistics> statistics_;
  fmt::memory_buffer out_;
  JsonWriter json_{out_};
};

}  // namespace
}  // namespace detail

std::string html_report(const checkpoint::Checkpoint& file, const ReportOptions& options) {
  return detail::ReportWriter(file, nullptr, options).page();
}

std::string html_report(const checkpoint::Checkpoint& file, const checkpoint::Checkpoint& other,
                        const ReportOptions& options) {
  return detail::ReportWriter(file, &other, options).page();
}

}  // namespace ballast::inspect
