// What becomes of a process when somebody else cuts short a file that it has mapped.
//
// The system answers the next touch of what is gone with SIGBUS, which ends the process. A program that would rather have an
// error says so once; then each page that is gone reads as zeros, and whoever looked at it can ask:
//
//   int main() {
//     ballast::catch_lost_pages();
//     const Checkpoint c = ballast::load("shared/model.pth");       // mapped
//     const LostPageCheck pages;
//     const Tensor sum = c.state_dict().at("weight").sum();
//     pages.check();                                                // FormatError "... was cut short while it was in use"
//
// `save`, `load_state_dict`, statistics, heat maps, comparison and health check by themselves before they give a result; so does the
// `ballast` command. Nothing is caught unless it is asked for, as signals belong to the program and not to a library.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>

namespace ballast {

namespace detail {
struct WatchedRange;
}

/// From now on, pages of Ballast's mappings that are gone are replaced by zeros and counted. A handler of SIGBUS that was there
/// is called for all other addresses; one that is installed later has to call this one. Once is enough.
void catch_lost_pages();

/// Pages that were lost since the process began, in all mappings.
[[nodiscard]] std::uint64_t lost_pages() noexcept;

/// Remembers how many pages were lost, to say later whether there are more.
class LostPageCheck {
 public:
  LostPageCheck() noexcept : before_(lost_pages()) {}
  /// FormatError, with a file that lost pages, if any mapping lost some since this was made.
  void check() const;

 private:
  std::uint64_t before_;
};

/// Says that memory is a mapping of a file, as long as it lives. For what maps files.
class WatchedMapping {
 public:
  WatchedMapping(const std::byte* data, std::size_t size, std::string name);
  ~WatchedMapping();
  WatchedMapping(const WatchedMapping&) = delete;
  WatchedMapping& operator=(const WatchedMapping&) = delete;

 private:
  detail::WatchedRange* range_;
};

}  // namespace ballast
