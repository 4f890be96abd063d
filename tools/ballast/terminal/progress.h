// How far a long piece of work is, on one line of a terminal that is drawn over and over.
//
//   Progress progress("model.safetensors", Progress::on_terminal());
//   save(state, path, {.progress = progress.callback()});
//   progress.finish();
//
//   model.safetensors   62% [############........] 1.24 GiB of 2.00 GiB  812 MiB/s  0:01 left
//
// What is done within a fraction of a second shows nothing, and nor does work whose standard error is no terminal.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>

namespace ballast::tool {

class Progress {
 public:
  using Clock = std::chrono::steady_clock;
  using Write = std::function<void(std::string_view)>;

  /// Writes to standard error if `shown`.
  Progress(const std::string& label, bool shown);
  /// The same with a clock and a place to write to, for tests.
  Progress(const std::string& label, Write write, std::function<Clock::time_point()> now);
  ~Progress();
  Progress(const Progress&) = delete;
  Progress& operator=(const Progress&) = delete;

  /// Whether standard error is a terminal.
  [[nodiscard]] static bool on_terminal();

  void update(std::uint64_t done, std::uint64_t total);
  /// `update`, as the library's options take it. The object must outlive it.
  [[nodiscard]] std::function<void(std::uint64_t, std::uint64_t)> callback();
  /// Removes the line: what follows on the terminal begins where it began.
  void finish();

 private:
  [[nodiscard]] std::string line(std::uint64_t done, std::uint64_t total, double seconds) const;

  std::string label_;
  Write write_;  // empty: nothing is shown
  std::function<Clock::time_point()> now_;
  Clock::time_point start_, drawn_;
  std::size_t width_ = 0;  // of the line on the terminal
};

}  // namespace ballast::tool
