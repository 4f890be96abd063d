#include "ballast/checkpoint/bytes/input_file.h"

#include <algorithm>
#include <cerrno>

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "ballast/core/error.h"

namespace ballast::checkpoint {
namespace {

std::string_view what_it_is(mode_t mode) {
  if (S_ISDIR(mode)) return "a folder";
  if (S_ISFIFO(mode)) return "a pipe";
  if (S_ISSOCK(mode)) return "a socket";
  return "a device";
}

}  // namespace

std::shared_ptr<InputFile> InputFile::open(const std::filesystem::path& path) {
  // Without O_NONBLOCK a pipe would be waited for.
  const int fd = ::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK);
  if (fd < 0) throw IoError("open it", path.string(), errno);
  std::shared_ptr<InputFile> file(new InputFile(path.string(), fd, 0));
  struct stat info = {};
  if (::fstat(fd, &info) != 0) throw IoError("look at it", path.string(), errno);
  if (!S_ISREG(info.st_mode)) {
    throw FormatError(fmt::format("this is {}, not a checkpoint file", what_it_is(info.st_mode)),
                      path.string());
  }
  file->size_ = static_cast<std::uint64_t>(info.st_size);
  return file;
}

std::shared_ptr<InputFile> InputFile::part_of(std::shared_ptr<InputFile> whole, std::uint64_t offset,
                                              std::uint64_t size, std::string_view name) {
  if (offset > whole->size() || size > whole->size() - offset) {
    throw FormatError(fmt::format("{} bytes from byte {} on are said to be {}, and the file has {}", size,
                                  offset, name, whole->size()),
                      whole->name());
  }
  std::shared_ptr<InputFile> part(new InputFile(fmt::format("{}: {}", whole->name(), name), -1, size));
  part->whole_ = std::move(whole);
  part->begin_ = offset;
  return part;
}

InputFile::~InputFile() {
  if (whole_) return;
  watched_.reset();
  if (mapping_ != nullptr) ::munmap(mapping_, size_);
  ::close(descriptor_);
}

void InputFile::read(std::uint64_t offset, void* out, std::size_t n) const {
  if (whole_) {
    if (offset > size_ || n > size_ - offset) throw FormatError("the part ends too early", name_, "", offset);
    return whole_->read(begin_ + offset, out, n);
  }
  auto* to = static_cast<char*>(out);
  while (n > 0) {
    const ssize_t got =
        ::pread(descriptor_, to, std::min<std::size_t>(n, std::size_t{1} << 30), static_cast<off_t>(offset));
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) throw IoError("read it", name_, errno);
    if (got == 0) {
      throw FormatError(
          fmt::format("the file ended {} bytes early: it was {} bytes long when it was opened", n, size_),
          name_, "", offset);
    }
    to += got;
    offset += static_cast<std::uint64_t>(got);
    n -= static_cast<std::size_t>(got);
  }
}

std::byte* InputFile::map() {
  if (whole_) return whole_->map() + begin_;
  if (mapping_ == nullptr) {
    void* p = ::mmap(nullptr, size_, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_NORESERVE, descriptor_, 0);
    if (p == MAP_FAILED) throw IoError("map it", name_, errno);
    mapping_ = static_cast<std::byte*>(p);
    watched_.emplace(mapping_, size_, name_);
  }
  return mapping_;
}

}  // namespace ballast::checkpoint
