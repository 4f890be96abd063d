// The bytes behind tensors, and where they come from. Two tensors are tied when they have one storage:
// loading without copying, sharing between parameters and writing shared bytes once are all this identity.
//
//   Storage own = Storage::allocate(1024);                       // 64-byte aligned, not initialised
//   Storage file = Storage::mapped(bytes, n, keep_alive);        // bytes of a private file mapping
//   Storage lent = Storage::borrowed(ptr, n, [](void*) { ... }); // someone else's memory
//   Storage none = Storage::meta(1'000'000'000'000);             // a size without memory
#pragma once

#include <cstddef>
#include <functional>
#include <memory>

#include "ballast/core/device.h"
#include "ballast/core/intrusive_ptr.h"

namespace ballast {

class StorageImpl : public RefCounted<StorageImpl> {
 public:
  enum class Kind : std::uint8_t { kOwned, kMapped, kBorrowed, kWithoutMemory };

  std::byte* data = nullptr;
  std::size_t nbytes = 0;
  Kind kind = Kind::kOwned;
  std::uint8_t block = 0;            ///< how `data` was allocated; known to storage.cpp
  std::shared_ptr<const void> keep;  ///< what keeps mapped or borrowed bytes alive

  static void destroy(StorageImpl* s) noexcept;
};

/// A handle to a StorageImpl. Copies share the bytes.
class Storage {
 public:
  Storage() = default;

  /// `nbytes` of memory aligned to 64 bytes, not initialised. LimitError if there is no more.
  [[nodiscard]] static Storage allocate(std::size_t nbytes);
  /// Bytes of a file mapping, kept alive by `keep`. The mapping is private: writing never changes the file.
  [[nodiscard]] static Storage mapped(std::byte* data, std::size_t nbytes, std::shared_ptr<const void> keep);
  /// Someone else's bytes; `release(data)` is called when the last handle goes (it may be empty).
  [[nodiscard]] static Storage borrowed(void* data, std::size_t nbytes, std::function<void(void*)> release);
  /// A size without memory: `data()` is null.
  [[nodiscard]] static Storage meta(std::size_t nbytes);

  [[nodiscard]] bool defined() const noexcept { return static_cast<bool>(impl_); }
  [[nodiscard]] const std::byte* data() const noexcept { return impl_->data; }
  [[nodiscard]] std::byte* mutable_data() const noexcept { return impl_->data; }
  [[nodiscard]] std::size_t nbytes() const noexcept { return impl_->nbytes; }
  [[nodiscard]] StorageImpl::Kind kind() const noexcept { return impl_->kind; }
  [[nodiscard]] Device device() const noexcept {
    return impl_->kind == StorageImpl::Kind::kWithoutMemory ? kMeta : kCPU;
  }
  [[nodiscard]] std::uint32_t use_count() const noexcept { return impl_ ? impl_->use_count() : 0; }
  /// The identity: equal for two handles exactly if they share one storage.
  [[nodiscard]] const void* id() const noexcept { return impl_.get(); }
  [[nodiscard]] bool is_same(const Storage& o) const noexcept { return impl_ == o.impl_; }

 private:
  explicit Storage(IntrusivePtr<StorageImpl> impl) : impl_(std::move(impl)) {}
  IntrusivePtr<StorageImpl> impl_;
};

}  // namespace ballast
