// A file opened for reading: by pieces, or mapped.
//
//   const auto file = InputFile::open("model.pth");
//   file->read(0, buffer, 30);
//   std::byte* p = file->map();     // the whole file, private: writes stay in this process
//
// What is read by `read` ends in an error if the file shrinks meanwhile; what is touched through `map` does as lost_pages.h says.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "ballast/core/lost_pages.h"

namespace ballast::checkpoint {

class InputFile {
 public:
  /// IoError if it cannot be opened; FormatError if it is not a regular file (a folder, a pipe, a device).
  [[nodiscard]] static std::shared_ptr<InputFile> open(const std::filesystem::path& path);
  /// Bytes [offset, offset + size) of another file, as a file of their own: an archive inside an archive. FormatError if the
  /// other file ends before.
  [[nodiscard]] static std::shared_ptr<InputFile> part_of(std::shared_ptr<InputFile> whole,
                                                          std::uint64_t offset, std::uint64_t size,
                                                          std::string_view name);
  ~InputFile();
  InputFile(const InputFile&) = delete;
  InputFile& operator=(const InputFile&) = delete;

  [[nodiscard]] const std::string& name() const noexcept { return name_; }
  [[nodiscard]] std::uint64_t size() const noexcept { return size_; }
  /// Where the first byte stands in the file that is opened and mapped: not 0 for a part.
  [[nodiscard]] std::uint64_t begin() const noexcept { return whole_ ? whole_->begin() + begin_ : 0; }
  /// Fills `out` with `n` bytes from `offset`. IoError, or FormatError if the file ends before.
  void read(std::uint64_t offset, void* out, std::size_t n) const;
  /// The bytes of the file, kept mapped as long as this object lives. Not for an empty file.
  [[nodiscard]] std::byte* map();

 private:
  InputFile(std::string name, int descriptor, std::uint64_t size)
      : name_(std::move(name)), descriptor_(descriptor), size_(size) {}

  std::string name_;
  int descriptor_;
  std::uint64_t size_;
  std::shared_ptr<InputFile> whole_;  // of a part
  std::uint64_t begin_ = 0;           // in it
  std::byte* mapping_ = nullptr;
  std::optional<WatchedMapping> watched_;
};

}  // namespace ballast::checkpoint
