#include "ballast/core/mapped_pages.h"

#include <cstdint>

#include <sys/mman.h>
#include <unistd.h>

namespace ballast {
namespace {

std::uintptr_t page_size() {
  static const auto size = static_cast<std::uintptr_t>(::sysconf(_SC_PAGESIZE));
  return size;
}

}  // namespace

void expect_pages([[maybe_unused]] const std::byte* data, [[maybe_unused]] std::size_t size) noexcept {
#if defined(MADV_POPULATE_READ)
  if (size < page_size()) return;
  const auto begin = reinterpret_cast<std::uintptr_t>(data) & ~(page_size() - 1);
  const auto end = reinterpret_cast<std::uintptr_t>(data) + size;
  (void)::madvise(reinterpret_cast<void*>(begin), end - begin, MADV_POPULATE_READ);
#endif
}

void release_pages(std::byte* data, std::size_t size) noexcept {
  const auto address = reinterpret_cast<std::uintptr_t>(data);
  const std::uintptr_t begin = (address + page_size() - 1) & ~(page_size() - 1);
  const std::uintptr_t end = (address + size) & ~(page_size() - 1);
  if (data == nullptr || begin >= end) return;
  (void)::madvise(reinterpret_cast<void*>(begin), end - begin, MADV_DONTNEED);
}

}  // namespace ballast
