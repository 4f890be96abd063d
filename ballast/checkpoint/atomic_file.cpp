#include "ballast/checkpoint/atomic_file.h"

#include <algorithm>
#include <cerrno>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "ballast/core/error.h"

namespace ballast::checkpoint {
namespace {

std::filesystem::path end_of_links(const std::filesystem::path& path) {
  std::error_code ignored;
  if (!std::filesystem::is_symlink(path, ignored)) return path;
  auto target = std::filesystem::weakly_canonical(path, ignored);
  return ignored ? path : target;
}

std::filesystem::path folder_of(const std::filesystem::path& path) {
  return path.has_parent_path() ? path.parent_path() : std::filesystem::path(".");
}

}  // namespace

AtomicFile::AtomicFile(const std::filesystem::path& path) : target_(end_of_links(path)) {
  struct stat old = {};
  const bool replaces = ::stat(target_.c_str(), &old) == 0;
  if (replaces && S_ISDIR(old.st_mode)) throw IoError("write it", target_.string(), EISDIR);
  constexpr mode_t kDefault = 0666;
  constexpr mode_t kPermissions = 0777;
  for (int attempt = 0;; ++attempt) {
    const auto name =
        fmt::format(".{}.{}-{}.tmp", target_.filename().string().substr(0, 100), ::getpid(), attempt);
    temporary_ = (folder_of(target_) / name).string();
    descriptor_ = ::open(temporary_.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, kDefault);
    if (descriptor_ >= 0) break;
    if (errno != EEXIST) throw IoError("write it", target_.string(), errno);
  }
  if (replaces)
    static_cast<void>(::fchmod(descriptor_, old.st_mode & kPermissions));  // as the old file was, if we may
}

AtomicFile::~AtomicFile() {
  if (descriptor_ < 0) return;
  ::close(descriptor_);
  ::unlink(temporary_.c_str());
}

void AtomicFile::write(const void* bytes, std::size_t n) {
  const auto* from = static_cast<const char*>(bytes);
  size_ += n;
  while (n > 0) {
    const ssize_t done = ::write(descriptor_, from, std::min<std::size_t>(n, std::size_t{1} << 30));
    if (done < 0 && errno == EINTR) continue;
    if (done < 0) throw IoError("write it", target_.string(), errno);
    from += done;
    n -= static_cast<std::size_t>(done);
  }
}

void AtomicFile::commit(bool flush) {
  if (flush && ::fsync(descriptor_) != 0) throw IoError("flush it", target_.string(), errno);
  if (::rename(temporary_.c_str(), target_.c_str()) != 0)
    throw IoError("replace it", target_.string(), errno);
  const int fd = descriptor_;
  descriptor_ = -1;
  if (::close(fd) != 0 && errno != EINTR) throw IoError("close it", target_.string(), errno);
  if (!flush) return;
  const int folder = ::open(folder_of(target_).c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (folder < 0)
    return;  // a folder that may be written but not read: the name follows when the system writes it
  const int result = ::fsync(folder);
  const int error = errno;
  ::close(folder);
  if (result != 0 && error != EINVAL) throw IoError("flush the folder of it", target_.string(), error);
}

}  // namespace ballast::checkpoint
