#include "ballast/data/progress_bar.h"

#include <algorithm>
#include <ostream>
#include <utility>

#include <fmt/format.h>

namespace ballast::data {

namespace {

using Seconds = std::chrono::duration<double>;

/// 0:07, 12:34, 1:02:03.
std::string clock_text(double seconds) {
  const auto s = static_cast<std::int64_t>(std::min(seconds, 1e9));
  if (s < 3600) return fmt::format("{}:{:02}", s / 60, s % 60);
  return fmt::format("{}:{:02}:{:02}", s / 3600, s / 60 % 60, s % 60);
}

}  // namespace

ProgressBar::ProgressBar(std::ostream& out, std::int64_t total, Options options)
    : out_(&out), options_(std::move(options)), total_(std::max<std::int64_t>(total, 0)) {
  if (!options_.interval) {
    options_.interval = options_.terminal ? std::chrono::milliseconds(100) : std::chrono::milliseconds(10000);
  }
  start_ = drawn_ = options_.now();
}

ProgressBar::~ProgressBar() {
  try {
    finish();
  } catch (
      ...) {  // NOLINT(bugprone-empty-catch): a stream that throws, while something else may be on its way
  }
}

void ProgressBar::step(std::optional<double> loss, std::int64_t n) {
  if (loss) {
    loss_sum_ += *loss;
    ++losses_;
  }
  done_ += n;
  if (!finished_ && options_.now() - drawn_ >= *options_.interval) draw(false);
}

void ProgressBar::finish() {
  if (finished_) return;
  finished_ = true;
  if (drawn_done_ != done_) return draw(true);
  if (options_.terminal) *out_ << '\n' << std::flush;
}

void ProgressBar::draw(bool last) {
  drawn_ = options_.now();
  drawn_done_ = done_;
  if (losses_ > 0) loss_ = loss_sum_ / static_cast<double>(losses_);
  loss_sum_ = 0;
  losses_ = 0;
  std::string text = line(Seconds(drawn_ - start_).count());
  if (options_.terminal) {
    // What is left of a longer line is written over.
    const std::size_t width = std::exchange(drawn_width_, text.size());
    text.append(width > text.size() ? width - text.size() : 0, ' ');
    *out_ << '\r' << text << (last ? "\n" : "") << std::flush;
  } else {
    *out_ << text << '\n';
  }
}

std::string ProgressBar::line(double seconds) const {
  std::string text = options_.label.empty() ? "" : options_.label + "  ";
  const double rate = seconds > 0 ? static_cast<double>(done_) / seconds : 0;
  if (total_ > 0) {
    const double part = std::min(1.0, static_cast<double>(done_) / static_cast<double>(total_));
    text += fmt::format("{:3}% ", static_cast<int>(part * 100));
    if (options_.terminal) {
      const auto full = static_cast<std::size_t>(part * std::max(options_.width, 0));
      text += '[' + std::string(full, '#') +
              std::string(static_cast<std::size_t>(std::max(options_.width, 0)) - full, '.') + "] ";
    }
    text += fmt::format("{}/{}", done_, total_);
  } else {
    text += fmt::format("{}", done_);
  }
  if (loss_) text += fmt::format("  loss {:.4g}", *loss_);
  if (rate > 0) text += fmt::format("  {:.1f}/s", rate);
  if (total_ > done_ && rate > 0) {
    text += fmt::format("  {} left", clock_text(static_cast<double>(total_ - done_) / rate));
  } else {
    text += fmt::format("  {}", clock_text(seconds));
  }
  return text;
}

}  // namespace ballast::data
