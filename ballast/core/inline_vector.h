// A vector that needs no memory of its own for its first N elements: the few inputs, outputs and gradients of an operation.
#pragma once

#include <cstddef>
#include <memory>
#include <new>
#include <utility>

namespace ballast {

template <class T, std::size_t N>
class InlineVector {
 public:
  InlineVector() noexcept = default;
  explicit InlineVector(std::size_t n) { resize(n); }
  InlineVector(InlineVector&& o) noexcept { take(o); }
  InlineVector& operator=(InlineVector&& o) noexcept {
    if (this != &o) {
      release();
      take(o);
    }
    return *this;
  }
  InlineVector(const InlineVector&) = delete;
  InlineVector& operator=(const InlineVector&) = delete;
  ~InlineVector() { release(); }

  [[nodiscard]] std::size_t size() const noexcept { return size_; }
  [[nodiscard]] bool empty() const noexcept { return size_ == 0; }
  [[nodiscard]] T* data() noexcept { return heap_ != nullptr ? heap_ : inline_elements(); }
  [[nodiscard]] const T* data() const noexcept { return const_cast<InlineVector*>(this)->data(); }
  [[nodiscard]] T* begin() noexcept { return data(); }
  [[nodiscard]] T* end() noexcept { return data() + size_; }
  [[nodiscard]] const T* begin() const noexcept { return data(); }
  [[nodiscard]] const T* end() const noexcept { return data() + size_; }
  [[nodiscard]] T& operator[](std::size_t i) noexcept { return data()[i]; }
  [[nodiscard]] const T& operator[](std::size_t i) const noexcept { return data()[i]; }
  [[nodiscard]] T& back() noexcept { return data()[size_ - 1]; }

  T& push_back(T value) {
    if (size_ == capacity_) reserve(2 * capacity_);
    T* const at = new (data() + size_) T(std::move(value));
    ++size_;
    return *at;
  }
  void pop_back() noexcept { data()[--size_].~T(); }
  void resize(std::size_t n) {
    reserve(n);
    while (size_ < n) {
      new (data() + size_) T();
      ++size_;
    }
    while (size_ > n) data()[--size_].~T();
  }
  void clear() noexcept {
    while (size_ > 0) data()[--size_].~T();
  }
  void reserve(std::size_t n) {
    if (n <= capacity_) return;
    T* const memory = std::allocator<T>().allocate(n);
    T* const from = data();
    for (std::size_t i = 0; i < size_; ++i) {
      new (memory + i) T(std::move(from[i]));
      from[i].~T();
    }
    free_heap();
    heap_ = memory;
    capacity_ = n;
  }

 private:
  [[nodiscard]] T* inline_elements() noexcept { return std::launder(reinterpret_cast<T*>(inline_)); }
  void free_heap() noexcept {
    if (heap_ != nullptr) std::allocator<T>().deallocate(heap_, capacity_);
    heap_ = nullptr;
    capacity_ = N;
  }
  void release() noexcept {
    clear();
    free_heap();
  }
  void take(InlineVector& o) noexcept {
    if (o.heap_ != nullptr) {
      heap_ = std::exchange(o.heap_, nullptr);
      size_ = std::exchange(o.size_, 0);
      capacity_ = std::exchange(o.capacity_, N);
      return;
    }
    for (; size_ < o.size_; ++size_) new (inline_elements() + size_) T(std::move(o.inline_elements()[size_]));
    o.clear();
  }

  T* heap_ = nullptr;
  std::size_t size_ = 0;
  std::size_t capacity_ = N;
  alignas(T) std::byte inline_[N * sizeof(T)];
};

}  // namespace ballast
