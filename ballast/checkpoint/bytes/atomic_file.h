// A file that appears whole, or not at all.
//
//   AtomicFile f("model.pth");
//   f.reserve(n);            // where the size is known: the disk says now whether it has room
//   f.write(bytes, n);
//   f.commit(true);          // flush, rename, flush the folder; without it the destructor leaves nothing behind
//
// The bytes go to a temporary file in the same folder, ".model.pth.<process>-<n>.tmp", which takes the name in one step when it
// is whole. Whenever the process is killed, the machine stops or a call fails, the name leads to the old file or to the new one,
// whole; with `commit(true)`, after a power cut too. What a killed process left is removed by the next AtomicFile of the same
// target (leftovers.h says when it is surely nobody's).
//
// The target: a symbolic link is followed, and stays, also one that leads nowhere yet. A folder, a device or a pipe is
// refused, and so is a file that this process may not write into. Permissions, and where this is allowed the owner and the group, are those of the old file; if the group cannot be kept,
// it may do no more than others may. A new file has what the umask leaves of rw-rw-rw-. Access lists, extended attributes and
// further hard links of the old file are not carried over. If the folder is moved or unmounted meanwhile, commit is an error.
//
// Every error is an IoError with errno and the name of the target; after one, only destruction makes sense. The old file is
// then in its place, unless flushing the folder failed, the last thing done: then the new one is, and a power cut may
// undo it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>
#include <string_view>

#include "ballast/core/lost_pages.h"

namespace ballast::checkpoint {

class AtomicFile {
 public:
  explicit AtomicFile(const std::filesystem::path& path);
  ~AtomicFile();
  AtomicFile(const AtomicFile&) = delete;
  AtomicFile& operator=(const AtomicFile&) = delete;

  /// Asks the file system for room for a file of so many bytes, which makes writing faster, and finds a full disk before anything
  /// is written. Only a hint: more may be written, or less, and some file systems cannot do it.
  void reserve(std::uint64_t bytes);
  /// Small pieces are gathered; large ones go to the system from where they are.
  void write(const void* bytes, std::size_t n);
  /// Bytes written so far.
  [[nodiscard]] std::uint64_t size() const noexcept { return size_; }
  /// Gives the file its name. `flush`: after the bytes, and before the name, are on the disk.
  void commit(bool flush);

 private:
  /// The action comes as a view, so that nothing is called that could change errno before it is looked at.
  [[noreturn]] void fail(std::string_view action, int error) const;
  void discard() noexcept;
  void open_folder();
  void create_temporary(bool replaces);
  void flush_buffer();
  void write_now(const char* bytes, std::size_t n);
  void check_folder() const;

  std::filesystem::path target_;     // with its folder as it was named
  std::filesystem::path directory_;  // absolute
  std::string temporary_;            // in the folder, as long as it is there
  int folder_ = -1;
  bool folder_is_readable_ = true;
  int descriptor_ = -1;
  std::uint64_t size_ = 0;
  std::uint64_t reserved_ = 0;
  LostPageCheck pages_;  // what is written may come from mapped files
  std::unique_ptr<char[]> buffer_;
  std::size_t buffered_ = 0;
};

}  // namespace ballast::checkpoint
