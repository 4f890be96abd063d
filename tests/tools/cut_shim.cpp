// Preloaded into the command: whatever file BALLAST_CUT_FILE names is cut to one page as soon as it has been mapped.
#include <cstdlib>

#include <dlfcn.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

namespace {

void* map_and_cut(const char* name, void* address, size_t length, int protection, int flags, int descriptor,
                  off_t offset) {
  using Map = void*(void*, size_t, int, int, int, off_t);
  auto* const map = reinterpret_cast<Map*>(::dlsym(RTLD_NEXT, name));
  void* const out = map(address, length, protection, flags, descriptor, offset);
  const char* const path = std::getenv("BALLAST_CUT_FILE");
  struct stat mapped = {}, named = {};
  if (path != nullptr && descriptor >= 0 && ::fstat(descriptor, &mapped) == 0 && ::stat(path, &named) == 0 &&
      mapped.st_ino == named.st_ino && mapped.st_dev == named.st_dev && ::truncate(path, 4096) != 0) {
    std::abort();
  }
  return out;
}

}  // namespace

extern "C" {
void* mmap(void* address, size_t length, int protection, int flags, int descriptor, off_t offset) noexcept {
  return map_and_cut("mmap", address, length, protection, flags, descriptor, offset);
}
void* mmap64(void* address, size_t length, int protection, int flags, int descriptor, off_t offset) noexcept {
  return map_and_cut("mmap64", address, length, protection, flags, descriptor, offset);
}
}
