#include "ballast/core/storage.h"

#include <cstdlib>
#include <limits>
#include <new>

#include <sys/mman.h>

#include "ballast/core/error.h"

namespace ballast {
namespace {

constexpr std::size_t kAlignment = 64;
constexpr std::size_t kHugePage = std::size_t{2} << 20;
// From here on first touch in 4 KiB pages costs more than anything else done with the memory.
constexpr std::size_t kHugeFrom = std::size_t{4} << 20;

enum Block : std::uint8_t { kNone, kInline, kSeparate };

IntrusivePtr<StorageImpl> make(StorageImpl::Kind kind, std::byte* data, std::size_t nbytes) {
  auto* s = new StorageImpl;
  s->kind = kind;
  s->data = data;
  s->nbytes = nbytes;
  return IntrusivePtr<StorageImpl>::adopt(s);
}

[[noreturn]] void throw_no_memory(std::size_t nbytes) {
  throw LimitError(fmt::format("can't allocate memory: you tried to allocate {} bytes", nbytes));
}

std::byte* allocate_huge(std::size_t nbytes) {
  if (nbytes > std::numeric_limits<std::size_t>::max() - kHugePage) throw_no_memory(nbytes);
  void* p = std::aligned_alloc(kHugePage, (nbytes + kHugePage - 1) / kHugePage * kHugePage);
  if (p == nullptr) throw_no_memory(nbytes);
  madvise(p, nbytes, MADV_HUGEPAGE);  // a hint: without it everything works, slower
  return static_cast<std::byte*>(p);
}

}  // namespace

void StorageImpl::destroy(StorageImpl* s) noexcept {
  if (s->block == kInline) {
    s->~StorageImpl();
    std::free(s);
    return;
  }
  if (s->block == kSeparate) std::free(s->data);
  delete s;
}

Storage Storage::allocate(std::size_t nbytes) {
  if (nbytes >= kHugeFrom) {
    std::unique_ptr<std::byte, decltype(&std::free)> data(allocate_huge(nbytes), &std::free);
    auto impl = make(StorageImpl::Kind::kOwned, data.get(), nbytes);
    impl->block = kSeparate;
    static_cast<void>(data.release());  // impl frees it from here on
    return Storage(std::move(impl));
  }
  // One block holds the object and, behind it, the aligned bytes.
  void* memory = std::malloc(sizeof(StorageImpl) + kAlignment - 1 + nbytes);
  if (memory == nullptr) throw_no_memory(nbytes);
  auto* s = new (memory) StorageImpl;
  const auto after = reinterpret_cast<std::uintptr_t>(s + 1);
  s->data = reinterpret_cast<std::byte*>((after + kAlignment - 1) / kAlignment * kAlignment);
  s->nbytes = nbytes;
  s->block = kInline;
  return Storage(IntrusivePtr<StorageImpl>::adopt(s));
}

Storage Storage::mapped(std::byte* data, std::size_t nbytes, std::shared_ptr<const void> keep) {
  auto impl = make(StorageImpl::Kind::kMapped, data, nbytes);
  impl->keep = std::move(keep);
  return Storage(std::move(impl));
}

Storage Storage::borrowed(void* data, std::size_t nbytes, std::function<void(void*)> release) {
  auto impl = make(StorageImpl::Kind::kBorrowed, static_cast<std::byte*>(data), nbytes);
  if (release)
    impl->keep = std::shared_ptr<const void>(data, [r = std::move(release), data](const void*) { r(data); });
  return Storage(std::move(impl));
}

Storage Storage::meta(std::size_t nbytes) {
  return Storage(make(StorageImpl::Kind::kWithoutMemory, nullptr, nbytes));
}

}  // namespace ballast
