// Progress of a loop: on a terminal one line that is drawn over and over, elsewhere a plain line now and
// then.
//
//   const bool terminal = isatty(STDERR_FILENO) == 1;
//   data::ProgressBar bar(std::cerr, loader.size(), {.label = "epoch 3/10", .terminal = terminal});
//   for (const auto& [x, y] : loader) {
//     ...
//     bar.step(loss);
//   }
//   bar.finish();
//
//   epoch 3/10  62% [############........] 124/200  loss 0.2031  812.4/s  0:00 left
//
// It writes to the stream it is given, and nowhere else.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <iosfwd>
#include <optional>
#include <string>

namespace ballast::data {

struct ProgressBarOptions {
  std::string label = {};
  bool terminal = false;  ///< whether the stream is one that obeys carriage returns
  int width = 20;         ///< of the bar, in characters
  /// The least time between two lines. By default a tenth of a second on a terminal and ten seconds
  /// elsewhere.
  std::optional<std::chrono::milliseconds> interval = std::nullopt;
  /// The clock, for tests.
  std::function<std::chrono::steady_clock::time_point()> now = [] {
    return std::chrono::steady_clock::now();
  };
};

class ProgressBar {
 public:
  using Options = ProgressBarOptions;

  /// For `total` steps; 0 if the number is not known.
  ProgressBar(std::ostream& out, std::int64_t total, Options options = {});
  /// Finishes the line.
  ~ProgressBar();
  ProgressBar(const ProgressBar&) = delete;
  ProgressBar& operator=(const ProgressBar&) = delete;

  /// `n` more steps are done, the last with this loss, if any; the mean of the losses since the last line is
  /// shown. Costs a look at the clock, unless a line is due.
  void step(std::optional<double> loss = std::nullopt, std::int64_t n = 1);
  /// Draws the last line, if something was done since. Later calls do nothing.
  void finish();

 private:
  void draw(bool last);
  [[nodiscard]] std::string line(double seconds) const;

  std::ostream* out_;
  Options options_;
  std::int64_t total_, done_ = 0;
  double loss_sum_ = 0;
  std::int64_t losses_ = 0;
  std::optional<double> loss_;  // that was shown last
  std::chrono::steady_clock::time_point start_, drawn_;
  std::size_t drawn_width_ = 0;
  std::int64_t drawn_done_ = -1;
  bool finished_ = false;
};

}  // namespace ballast::data
