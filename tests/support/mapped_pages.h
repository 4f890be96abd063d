// A mapped file that can be cut short under its mapping.
//
//   const MappedPages file(5);
//   file.cut(2);                        // pages 2 to 4 are gone
#pragma once

#include <cstddef>
#include <stdexcept>
#include <string>

#include <sys/mman.h>
#include <unistd.h>

namespace ballast::testing {

inline const std::size_t kPage = static_cast<std::size_t>(::sysconf(_SC_PAGESIZE));

/// A mapped file of so many pages, all 0x55.
class MappedPages {
 public:
  explicit MappedPages(std::size_t pages)
      : size_(pages * kPage), descriptor_(::memfd_create("pages", MFD_CLOEXEC)) {
    const std::string bytes(size_, '\x55');
    if (::write(descriptor_, bytes.data(), size_) != static_cast<ssize_t>(size_))
      throw std::runtime_error("cannot write a file in memory");
    data_ =
        static_cast<std::byte*>(::mmap(nullptr, size_, PROT_READ | PROT_WRITE, MAP_PRIVATE, descriptor_, 0));
  }
  ~MappedPages() {
    ::munmap(data_, size_);
    ::close(descriptor_);
  }
  MappedPages(const MappedPages&) = delete;
  MappedPages& operator=(const MappedPages&) = delete;

  void cut(std::size_t pages) const {
    if (::ftruncate(descriptor_, static_cast<off_t>(pages * kPage)) != 0)
      throw std::runtime_error("cannot cut it");
  }
  [[nodiscard]] const std::byte* data() const { return data_; }
  [[nodiscard]] std::size_t size() const { return size_; }
  [[nodiscard]] int at(std::size_t page) const {
    return std::to_integer<int>(static_cast<const volatile std::byte*>(data_)[page * kPage + 17]);
  }

 private:
  std::size_t size_;
  int descriptor_;
  std::byte* data_;
};

}  // namespace ballast::testing
