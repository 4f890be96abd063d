#include "ballast/checkpoint/bytes/atomic_file.h"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <mutex>

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "ballast/checkpoint/bytes/leftovers.h"
#include "ballast/core/error.h"

namespace ballast::checkpoint {
namespace {

constexpr std::size_t kBuffer = std::size_t{1} << 20;
constexpr std::size_t kSmall = std::size_t{64} << 10;  // worth copying to save a call
constexpr std::size_t kMostAtOnce = std::size_t{1} << 30;
constexpr int kMostLinks = 40;  // as many as Linux follows
constexpr mode_t kOwner = 0600, kEverybody = 0666, kPermissions = 0777, kGroup = 0070, kOthers = 0007;

/// Calls until the answer is not that a signal came.
template <class F>
auto again(const F& call) {
  for (;;) {
    const auto result = call();
    if (result >= 0 || errno != EINTR) return result;
  }
}

std::filesystem::path end_of_links(std::filesystem::path path) {
  for (int i = 0; i < kMostLinks; ++i) {
    std::error_code error;
    const auto next = std::filesystem::read_symlink(path, error);
    if (error) return path;
    path = next.is_absolute() ? next : path.parent_path() / next;
  }
  throw IoError("write it", path.string(), ELOOP);
}

std::filesystem::path folder_of(const std::filesystem::path& path) {
  return path.has_parent_path() ? path.parent_path() : std::filesystem::path(".");
}

/// Gives a new file the owner and the permissions of the old one, as far as the system lets us.
void take_over(int file, const struct stat& old) {
  struct stat own = {};
  if (::fstat(file, &own) != 0) return;
  mode_t mode = old.st_mode & kPermissions;
  if ((own.st_uid != old.st_uid || own.st_gid != old.st_gid) && ::fchown(file, old.st_uid, old.st_gid) != 0 &&
      own.st_gid != old.st_gid && ::fchown(file, static_cast<uid_t>(-1), old.st_gid) != 0) {
    mode = (mode & ~kGroup) | (mode & kGroup & (mode & kOthers) << 3);
  }
  static_cast<void>(::fchmod(file, mode));
}

/// Errors of reserving that writing would meet as well; the others say that the file system cannot reserve.
bool stops_writing_too(int error) {
  return error == ENOSPC || error == EDQUOT || error == EFBIG || error == EIO;
}

/// Held while a temporary is made and locked, and while leftovers are looked for: those of our own threads have our number.
std::mutex& making() {
  static std::mutex mutex;
  return mutex;
}

}  // namespace

AtomicFile::AtomicFile(const std::filesystem::path& path)
    : target_(end_of_links(path)), buffer_(std::make_unique_for_overwrite<char[]>(kBuffer)) {
  struct stat old = {};
  const bool replaces = ::stat(target_.c_str(), &old) == 0;
  if (!replaces && errno != ENOENT) fail("write it", errno);
  if (replaces && S_ISDIR(old.st_mode)) fail("write it", EISDIR);
  if (replaces && !S_ISREG(old.st_mode)) fail("replace it, which is a device or a pipe", EINVAL);
  // Taking its place needs no right to the file itself, but who may not write into it does not expect that.
  if (replaces && ::faccessat(AT_FDCWD, target_.c_str(), W_OK, AT_EACCESS) != 0) fail("write it", errno);
  if (!target_.has_filename()) fail("write it", EISDIR);
  open_folder();
  try {
    create_temporary(replaces);
    if (replaces) take_over(descriptor_, old);
  } catch (...) {
    discard();
    throw;
  }
}

AtomicFile::~AtomicFile() { discard(); }

void AtomicFile::discard() noexcept {
  if (!temporary_.empty()) ::unlinkat(folder_, temporary_.c_str(), 0);
  if (descriptor_ >= 0) ::close(descriptor_);
  ::close(folder_);
}

void AtomicFile::fail(std::string_view action, int error) const {
  throw IoError(std::string(action), target_.string(), error);
}

void AtomicFile::open_folder() {
  std::error_code error;
  directory_ = std::filesystem::absolute(folder_of(target_), error);
  if (error) directory_ = folder_of(target_);
  folder_ = again([&] { return ::open(directory_.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC); });
  if (folder_ < 0 && errno == EACCES) {
    folder_is_readable_ = false;
    folder_ = again([&] { return ::open(directory_.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC); });
  }
  if (folder_ < 0) fail("write it: its folder cannot be opened", errno);
}

void AtomicFile::create_temporary(bool replaces) {
  const TemporaryName name(target_.filename().string());
  const std::lock_guard lock(making());
  if (folder_is_readable_) remove_leftovers(folder_, name);
  for (int attempt = 0;; ++attempt) {
    const std::string text = name.text(attempt);
    // Nobody may read what will be in a file that only some may read, not even before it is there.
    descriptor_ = again([&] {
      return ::openat(folder_, text.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC,
                      replaces ? kOwner : kEverybody);
    });
    if (descriptor_ >= 0) {
      temporary_ = text;
      break;
    }
    if (errno != EEXIST) fail("write it", errno);
  }
  // Where there are no locks, nobody takes the file for left over, as it cannot be locked.
  static_cast<void>(::flock(descriptor_, LOCK_EX | LOCK_NB));
}

void AtomicFile::reserve(std::uint64_t bytes) {
  if (bytes <= size_) return;
  constexpr std::uint64_t kMostOffset = INT64_MAX;
  if (bytes > kMostOffset) fail("make room for it", EFBIG);
  if (again([&] { return ::fallocate(descriptor_, 0, 0, static_cast<off_t>(bytes)); }) == 0) {
    reserved_ = std::max(reserved_, bytes);
  } else if (stops_writing_too(errno)) {
    const int error = errno;
    fail(fmt::format("make room for the {} bytes of it", bytes), error);
  }
}

void AtomicFile::write(const void* bytes, std::size_t n) {
  const auto* from = static_cast<const char*>(bytes);
  size_ += n;
  if (n >= kSmall) {
    flush_buffer();
    return write_now(from, n);
  }
  while (n > 0) {
    const std::size_t fits = std::min(n, kBuffer - buffered_);
    std::memcpy(buffer_.get() + buffered_, from, fits);
    buffered_ += fits;
    from += fits;
    n -= fits;
    if (buffered_ == kBuffer) flush_buffer();
  }
}

void AtomicFile::flush_buffer() {
  write_now(buffer_.get(), buffered_);
  buffered_ = 0;
}

void AtomicFile::write_now(const char* bytes, std::size_t n) {
  while (n > 0) {
    const ssize_t done = again([&] { return ::write(descriptor_, bytes, std::min(n, kMostAtOnce)); });
    if (done < 0 && errno == EFAULT) fail("write it: a file that it is made of was cut short", EFAULT);
    if (done <= 0) fail("write it", done < 0 ? errno : EIO);
    bytes += done;
    n -= static_cast<std::size_t>(done);
  }
}

void AtomicFile::check_folder() const {
  struct stat opened = {};
  struct stat named = {};
  if (::stat(directory_.c_str(), &named) != 0) fail("replace it: its folder is gone", errno);
  if (::fstat(folder_, &opened) != 0) fail("replace it", errno);
  if (named.st_ino != opened.st_ino || named.st_dev != opened.st_dev)
    fail("replace it: its folder was exchanged for another one meanwhile", ENOENT);
}

void AtomicFile::commit(bool flush) {
  flush_buffer();
  pages_.check();
  if (reserved_ > size_ && again([&] { return ::ftruncate(descriptor_, static_cast<off_t>(size_)); }) != 0) {
    fail("give it its length", errno);
  }
  if (flush && again([&] { return ::fsync(descriptor_); }) != 0) fail("flush it", errno);
  // Some file systems say only when a file is closed that they could not write it: ask before the old one is gone. The
  // descriptor itself, and with it the lock, stays.
  const int second = ::fcntl(descriptor_, F_DUPFD_CLOEXEC, 0);
  if (second >= 0 && ::close(second) != 0 && errno != EINTR) fail("close it", errno);
  check_folder();
  const std::string name = target_.filename().string();
  if (again([&] { return ::renameat(folder_, temporary_.c_str(), folder_, name.c_str()); }) != 0)
    fail("replace it", errno);
  temporary_.clear();
  if (!flush || !folder_is_readable_) return;  // the name of the latter follows when the system writes it
  if (again([&] { return ::fsync(folder_); }) != 0 && errno != EINVAL) fail("flush the folder of it", errno);
}

}  // namespace ballast::checkpoint
