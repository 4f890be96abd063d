// A file that appears whole, or not at all.
//
//   AtomicFile f("model.pth");
//   f.write(bytes, n);
//   f.commit(true);          // flush, rename, flush the folder; without it the destructor leaves nothing behind
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <string>

namespace ballast::checkpoint {

class AtomicFile {
 public:
  /// Makes a temporary file beside `path` (beside what it points to, if it is a symbolic link). IoError.
  explicit AtomicFile(const std::filesystem::path& path);
  ~AtomicFile();
  AtomicFile(const AtomicFile&) = delete;
  AtomicFile& operator=(const AtomicFile&) = delete;

  void write(const void* bytes, std::size_t n);
  [[nodiscard]] std::uint64_t size() const noexcept { return size_; }
  void commit(bool flush);

 private:
  std::filesystem::path target_;
  std::string temporary_;
  int descriptor_ = -1;
  std::uint64_t size_ = 0;
};

}  // namespace ballast::checkpoint
