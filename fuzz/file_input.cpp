#include "fuzz/file_input.h"

#include <cerrno>
#include <string>
#include <system_error>

#include "fuzz/consume.h"
#include <sys/mman.h>
#include <unistd.h>

#include "ballast/core/error.h"

namespace ballast::fuzz {
namespace {

class MemoryFile {
 public:
  MemoryFile()
      : descriptor_(::memfd_create("input", MFD_CLOEXEC)),
        path_("/proc/self/fd/" + std::to_string(descriptor_)) {
    if (descriptor_ < 0) throw std::system_error(errno, std::generic_category(), "memfd_create");
  }
  ~MemoryFile() { ::close(descriptor_); }
  MemoryFile(const MemoryFile&) = delete;
  MemoryFile& operator=(const MemoryFile&) = delete;

  void write(std::span<const std::uint8_t> bytes) {
    const bool done = ::ftruncate(descriptor_, 0) == 0 && ::pwrite(descriptor_, bytes.data(), bytes.size(),
                                                                   0) == static_cast<ssize_t>(bytes.size());
    if (!done) throw std::system_error(errno, std::generic_category(), "writing the input");
  }
  [[nodiscard]] const std::filesystem::path& path() const { return path_; }

 private:
  int descriptor_;
  std::filesystem::path path_;
};

/// The same for the same bytes, so that an input found is an input kept.
checkpoint::LoadOptions options_of(std::span<const std::uint8_t> bytes) {
  std::uint32_t hash = 2166136261;
  for (const std::uint8_t b : bytes) hash = (hash ^ b) * 16777619;
  checkpoint::LoadOptions options;
  options.verify = (hash & 0x10u) != 0 ? checkpoint::Verify::kAll : checkpoint::Verify::kBudget;
  options.mmap = (hash & 0x20u) != 0;
  if ((hash & 0x1C0u) == 0) options.map_location = kMeta;
  if ((hash & 0xE00u) == 0) options.dtype = kFloat16;
  if ((hash & 0x7000u) == 0) options.filter = [](std::string_view name) { return name.size() % 2 == 0; };
  options.refuse_objects = (hash & 0x78000u) == 0;
  return options;
}

}  // namespace

const std::filesystem::path& file_of(std::span<const std::uint8_t> bytes) {
  static MemoryFile file;
  file.write(bytes);
  return file.path();
}

void load_input(std::span<const std::uint8_t> bytes) {
  try {
    consume(checkpoint::load(file_of(bytes), options_of(bytes)));
  } catch (const Error&) {
    // Refused, with a reason.
  }
}

}  // namespace ballast::fuzz
