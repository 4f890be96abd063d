// A view of someone else's elements, as function arguments take it: from braces, a vector, an array, or one
// element.
//
//   empty({2, 3});   empty(sizes_vector);   empty(7);
//
// The elements must live until the call returns.
#pragma once

#include <array>
#include <cstdint>
#include <initializer_list>
#include <span>
#include <vector>

namespace ballast {

template <class T>
class ArrayRef : public std::span<const T> {
 public:
  using Base = std::span<const T>;
  constexpr ArrayRef() = default;
  constexpr ArrayRef(const T& one) : Base(&one, 1) {}  // NOLINT(*-explicit-*)
  constexpr ArrayRef(std::initializer_list<T> list)
      : Base(list.begin(), list.size()) {}                  // NOLINT(*-explicit-*)
  constexpr ArrayRef(const std::vector<T>& v) : Base(v) {}  // NOLINT(*-explicit-*)
  template <std::size_t N>
  constexpr ArrayRef(const std::array<T, N>& a) : Base(a) {}  // NOLINT(*-explicit-*)
  constexpr ArrayRef(Base s) : Base(s) {}                     // NOLINT(*-explicit-*)
  constexpr ArrayRef(const T* data, std::size_t n) : Base(data, n) {}

  [[nodiscard]] std::vector<T> vec() const { return std::vector<T>(this->begin(), this->end()); }
  [[nodiscard]] constexpr ArrayRef slice(std::size_t start) const { return ArrayRef(this->subspan(start)); }
  [[nodiscard]] constexpr ArrayRef slice(std::size_t start, std::size_t n) const {
    return ArrayRef(this->subspan(start, n));
  }
  [[nodiscard]] constexpr bool equals(ArrayRef o) const { return *this == o; }
  friend constexpr bool operator==(ArrayRef a, ArrayRef b) {
    if (a.size() != b.size()) return false;
    for (std::size_t i = 0; i < a.size(); ++i) {
      if (!(a[i] == b[i])) return false;
    }
    return true;
  }
};

using IntArrayRef = ArrayRef<std::int64_t>;

}  // namespace ballast
