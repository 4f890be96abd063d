// A shared pointer whose count lives in the object: one word a handle, one allocation an object.
#pragma once

#include <atomic>
#include <cstdint>
#include <utility>

namespace ballast {

/// Base of counted objects. `T` must be destroyed through `T::destroy(T*)`, which also frees its memory.
template <class T>
class RefCounted {
 public:
  void retain() const noexcept { count_.fetch_add(1, std::memory_order_relaxed); }
  void release() const noexcept {
    // A sole owner needs no read-modify-write: nobody else can have a handle to copy from.
    const bool sole =
        !static_cast<const T*>(this)->is_observed() && count_.load(std::memory_order_acquire) == 1;
    if (sole || count_.fetch_sub(1, std::memory_order_acq_rel) == 1) {
      T::destroy(const_cast<T*>(static_cast<const T*>(this)));
    }
  }
  /// Whether there may be pointers that do not count, whose holders call try_retain. A T may say so itself.
  [[nodiscard]] static constexpr bool is_observed() noexcept { return false; }
  /// For a pointer that does not count: takes a reference unless the last one is gone already.
  [[nodiscard]] bool try_retain() const noexcept {
    std::uint32_t n = count_.load(std::memory_order_relaxed);
    while (n != 0 && !count_.compare_exchange_weak(n, n + 1, std::memory_order_acq_rel)) {
    }
    return n != 0;
  }
  [[nodiscard]] std::uint32_t use_count() const noexcept { return count_.load(std::memory_order_relaxed); }
  RefCounted(const RefCounted&) = delete;
  RefCounted& operator=(const RefCounted&) = delete;

 protected:
  RefCounted() = default;
  ~RefCounted() = default;

 private:
  mutable std::atomic<std::uint32_t> count_{1};
};

template <class T>
class IntrusivePtr {
 public:
  constexpr IntrusivePtr() noexcept = default;
  constexpr IntrusivePtr(std::nullptr_t) noexcept {}  // NOLINT(*-explicit-*)
  /// Takes over the reference that a new object is born with.
  static IntrusivePtr adopt(T* p) noexcept {
    IntrusivePtr out;
    out.p_ = p;
    return out;
  }
  IntrusivePtr(const IntrusivePtr& o) noexcept : p_(o.p_) {
    if (p_ != nullptr) p_->retain();
  }
  IntrusivePtr(IntrusivePtr&& o) noexcept : p_(std::exchange(o.p_, nullptr)) {}
  // NOLINTNEXTLINE(bugprone-unhandled-self-assignment): a copy is swapped in
  IntrusivePtr& operator=(const IntrusivePtr& o) noexcept {
    IntrusivePtr(o).swap(*this);
    return *this;
  }
  IntrusivePtr& operator=(IntrusivePtr&& o) noexcept {
    IntrusivePtr(std::move(o)).swap(*this);
    return *this;
  }
  ~IntrusivePtr() {
    if (p_ != nullptr) p_->release();
  }
  void swap(IntrusivePtr& o) noexcept { std::swap(p_, o.p_); }
  [[nodiscard]] T* get() const noexcept { return p_; }
  T* operator->() const noexcept { return p_; }
  T& operator*() const noexcept { return *p_; }
  explicit operator bool() const noexcept { return p_ != nullptr; }
  friend bool operator==(const IntrusivePtr& a, const IntrusivePtr& b) noexcept = default;

 private:
  T* p_ = nullptr;
};

}  // namespace ballast
