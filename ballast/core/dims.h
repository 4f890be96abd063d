// Sizes or strides of a tensor: a short vector that needs no memory of its own up to five dimensions.
#pragma once

#include <algorithm>
#include <cstdint>
#include <memory>

#include "ballast/core/array_ref.h"

namespace ballast {

class Dims {
 public:
  static constexpr std::size_t kInline = 5;

  Dims() = default;
  explicit Dims(std::size_t n, std::int64_t value = 0) {
    allocate(n);
    std::fill_n(data(), n, value);
  }
  Dims(IntArrayRef values) {  // NOLINT(*-explicit-*)
    allocate(values.size());
    std::copy(values.begin(), values.end(), data());
  }
  Dims(std::initializer_list<std::int64_t> values) : Dims(IntArrayRef(values)) {}
  Dims(const Dims& o) {
    if (o.on_heap()) {
      allocate(o.size_);
      std::copy(o.begin(), o.end(), data());
    } else {
      copy_values(o);
    }
  }
  Dims(Dims&& o) noexcept { take(o); }
  Dims& operator=(const Dims& o) { return *this = Dims(o); }
  Dims& operator=(Dims&& o) noexcept {
    if (this != &o) {
      release();
      take(o);
    }
    return *this;
  }
  ~Dims() { release(); }

  [[nodiscard]] std::size_t size() const { return size_; }
  [[nodiscard]] bool empty() const { return size_ == 0; }
  [[nodiscard]] std::int64_t* data() { return on_heap() ? heap_ : inline_; }
  [[nodiscard]] const std::int64_t* data() const { return on_heap() ? heap_ : inline_; }
  [[nodiscard]] std::int64_t* begin() { return data(); }
  [[nodiscard]] std::int64_t* end() { return data() + size_; }
  [[nodiscard]] const std::int64_t* begin() const { return data(); }
  [[nodiscard]] const std::int64_t* end() const { return data() + size_; }
  std::int64_t& operator[](std::size_t i) { return data()[i]; }
  const std::int64_t& operator[](std::size_t i) const { return data()[i]; }
  [[nodiscard]] std::int64_t& back() { return data()[size_ - 1]; }
  [[nodiscard]] const std::int64_t& back() const { return data()[size_ - 1]; }

  void push_back(std::int64_t v) { insert(size_, v); }
  void insert(std::size_t at, std::int64_t v) {
    Dims out(size_ + 1);
    std::copy(begin(), begin() + at, out.begin());
    out[at] = v;
    std::copy(begin() + at, end(), out.begin() + at + 1);
    *this = std::move(out);
  }
  void erase(std::size_t at) {
    Dims out(size_ - 1);
    std::copy(begin(), begin() + at, out.begin());
    std::copy(begin() + at + 1, end(), out.begin() + at);
    *this = std::move(out);
  }

  [[nodiscard]] IntArrayRef ref() const { return IntArrayRef(data(), size_); }
  operator IntArrayRef() const { return ref(); }  // NOLINT(*-explicit-*)
  friend bool operator==(const Dims& a, const Dims& b) { return a.ref() == b.ref(); }

 private:
  [[nodiscard]] bool on_heap() const noexcept { return size_ > kInline; }
  void allocate(std::size_t n) {
    if (n > kInline) heap_ = std::make_unique<std::int64_t[]>(n).release();
    size_ = n;
  }
  void release() noexcept {
    if (on_heap()) std::unique_ptr<std::int64_t[]>(heap_).reset();
  }
  void copy_values(const Dims& o) noexcept {
    size_ = o.size_;
    std::copy_n(o.inline_, kInline, inline_);  // all of them: a few moves without a loop
  }
  void take(Dims& o) noexcept {
    if (o.on_heap()) {
      heap_ = o.heap_;
      size_ = o.size_;
    } else {
      copy_values(o);
    }
    o.size_ = 0;
  }

  std::size_t size_ = 0;
  union {
    std::int64_t inline_[kInline] = {};
    std::int64_t* heap_;
  };
};

/// A shape as Python shows it: `torch.Size([8, 4])`.
class Size : public Dims {
 public:
  using Dims::Dims;
};

}  // namespace ballast
