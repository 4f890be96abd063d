#include "tools/ballast/terminal/progress.h"

#include <algorithm>
#include <cstdio>
#include <utility>

#include "tools/ballast/terminal/terminal_text.h"
#include <fmt/format.h>
#include <unistd.h>

#include "ballast/core/figures.h"

namespace ballast::tool {
namespace {

constexpr std::chrono::milliseconds kInterval(100);
constexpr std::chrono::milliseconds kPatience(300);  // what takes no longer shows nothing
constexpr std::size_t kBar = 20;

/// 0:07, 12:34, 1:02:03.
std::string clock_text(double seconds) {
  constexpr double kLongest = 1e9;
  const auto s = static_cast<std::int64_t>(std::min(seconds, kLongest));
  if (s < 3600) return fmt::format("{}:{:02}", s / 60, s % 60);
  return fmt::format("{}:{:02}:{:02}", s / 3600, s / 60 % 60, s % 60);
}

}  // namespace

Progress::Progress(const std::string& label, bool shown)
    : Progress(label,
               shown ? Write([](std::string_view text) { std::fwrite(text.data(), 1, text.size(), stderr); })
                     : Write(),
               [] { return Clock::now(); }) {}

Progress::Progress(const std::string& label, Write write, std::function<Clock::time_point()> now)
    : label_(terminal_text(label)),
      write_(std::move(write)),
      now_(std::move(now)),
      start_(now_()),
      drawn_(start_) {}

Progress::~Progress() { finish(); }

bool Progress::on_terminal() { return ::isatty(STDERR_FILENO) == 1; }

void Progress::update(std::uint64_t done, std::uint64_t total) {
  if (!write_ || total == 0) return;
  const Clock::time_point now = now_();
  if (now - start_ < kPatience || now - drawn_ < kInterval) return;
  drawn_ = now;
  std::string text = line(std::min(done, total), total, std::chrono::duration<double>(now - start_).count());
  // What is left of a longer line is written over.
  const std::size_t width = std::exchange(width_, terminal_width(text));
  text.append(width > width_ ? width - width_ : 0, ' ');
  write_('\r' + text);
}

std::function<void(std::uint64_t, std::uint64_t)> Progress::callback() {
  return [this](std::uint64_t done, std::uint64_t total) { update(done, total); };
}

void Progress::finish() {
  if (width_ > 0) write_('\r' + std::string(width_, ' ') + '\r');
  width_ = 0;
}

std::string Progress::line(std::uint64_t done, std::uint64_t total, double seconds) const {
  const double part = static_cast<double>(done) / static_cast<double>(total);
  const auto full = static_cast<std::size_t>(part * kBar);
  const double rate = seconds > 0 ? static_cast<double>(done) / seconds : 0;
  std::string text =
      fmt::format("{}  {:3}% [{}{}] {} of {}", label_, static_cast<int>(part * 100), std::string(full, '#'),
                  std::string(kBar - full, '.'), byte_size(done), byte_size(total));
  if (rate >= 1)
    text += fmt::format("  {}/s  {} left", byte_size(static_cast<std::uint64_t>(rate)),
                        clock_text(static_cast<double>(total - done) / rate));
  return text;
}

}  // namespace ballast::tool
