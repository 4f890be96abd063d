#include "ballast/checkpoint/bytes/leftovers.h"

#include <cerrno>
#include <charconv>
#include <csignal>
#include <memory>

#include <dirent.h>
#include <fcntl.h>
#include <fmt/format.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

namespace ballast::checkpoint {
namespace {

constexpr std::string_view kEnd = ".tmp";
constexpr int kMostLookedAt = 1 << 16;  // files in the folder: a search of ten milliseconds
constexpr std::size_t kMostOfTarget =
    100;  // so that the name stays below the 255 bytes that file systems take

/// Takes a decimal number without a sign from the front of `text`.
std::optional<pid_t> take_number(std::string_view& text) {
  pid_t n = 0;
  if (text.empty() || text.front() == '-') return {};
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), n);
  if (error != std::errc()) return {};
  text.remove_prefix(static_cast<std::size_t>(end - text.data()));
  return n;
}

bool may_be_alive(pid_t process) {
  if (process == ::getpid()) return false;  // then the lock alone says whether it is in use
  return process <= 0 || ::kill(process, 0) == 0 || errno != ESRCH;
}

bool lock(int file) { return ::flock(file, LOCK_EX | LOCK_NB) == 0; }

struct CloseFolder {
  void operator()(DIR* d) const { ::closedir(d); }
};

void remove_if_left(int folder, const char* file) {
  // Without O_NONBLOCK a pipe of that name would be waited for.
  const int fd = ::openat(folder, file, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
  if (fd < 0) return;
  struct stat opened = {};
  struct stat named = {};
  // The name is looked at again under the lock: somebody else may have removed the file, and a writer taken the name anew.
  if (::fstat(fd, &opened) == 0 && S_ISREG(opened.st_mode) && lock(fd) &&
      ::fstatat(folder, file, &named, AT_SYMLINK_NOFOLLOW) == 0 && named.st_ino == opened.st_ino &&
      named.st_dev == opened.st_dev) {
    ::unlinkat(folder, file, 0);
  }
  ::close(fd);
}

}  // namespace

TemporaryName::TemporaryName(std::string_view target)
    : begin_(fmt::format(".{}.", target.substr(0, kMostOfTarget))) {}

std::string TemporaryName::text(int attempt) const {
  return fmt::format("{}{}-{}{}", begin_, ::getpid(), attempt, kEnd);
}

std::optional<pid_t> TemporaryName::process_of(std::string_view file) const {
  if (!file.starts_with(begin_) || !file.ends_with(kEnd) || file.size() < begin_.size() + kEnd.size())
    return {};
  file.remove_prefix(begin_.size());
  file.remove_suffix(kEnd.size());
  const auto process = take_number(file);
  if (!process || !file.starts_with('-')) return {};
  file.remove_prefix(1);
  if (!take_number(file) || !file.empty()) return {};
  return process;
}

void remove_leftovers(int folder, const TemporaryName& name) {
  const int own = ::openat(folder, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (own < 0) return;
  const std::unique_ptr<DIR, CloseFolder> list(::fdopendir(own));
  if (!list) {
    ::close(own);
    return;
  }
  for (int i = 0; i < kMostLookedAt; ++i) {
    const dirent* entry = ::readdir(list.get());
    if (entry == nullptr) return;
    const auto process = name.process_of(entry->d_name);
    if (process && !may_be_alive(*process)) remove_if_left(folder, entry->d_name);
  }
}

}  // namespace ballast::checkpoint
