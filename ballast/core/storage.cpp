#include "ballast/core/storage.h"

#include <new>

#include "ballast/core/error.h"
#include "ballast/core/storage_cache.h"

namespace ballast {
namespace {

constexpr std::size_t kAlignment = 64;
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

/// The memory that holds the object and, behind it, `nbytes` that are aligned.
std::size_t joint_size(std::size_t nbytes) { return sizeof(StorageImpl) + kAlignment - 1 + nbytes; }

}  // namespace

void StorageImpl::destroy(StorageImpl* s) noexcept {
  const std::size_t nbytes = s->nbytes;
  if (s->block == kInline) {
    s->~StorageImpl();
    detail::give_block(s, joint_size(nbytes));
    return;
  }
  if (s->block == kSeparate) detail::give_block(s->data, nbytes);
  delete s;
}

Storage Storage::allocate(std::size_t nbytes) {
  if (nbytes >= detail::kLeastHugeBlock) {
    const auto give = [nbytes](std::byte* p) { detail::give_block(p, nbytes); };
    std::unique_ptr<std::byte, decltype(give)> data(static_cast<std::byte*>(detail::take_block(nbytes)),
                                                    give);
    if (!data) throw_no_memory(nbytes);
    auto impl = make(StorageImpl::Kind::kOwned, data.get(), nbytes);
    impl->block = kSeparate;
    static_cast<void>(data.release());  // impl gives it back from here on
    return Storage(std::move(impl));
  }
  void* const memory = detail::take_block(joint_size(nbytes));
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
