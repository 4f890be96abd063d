// What options of layers are made of.
//
//   struct LinearOptions {
//     LinearOptions(std::int64_t in, std::int64_t out) : in_features_(in), out_features_(out) {}
//     BALLAST_ARG(std::int64_t, in_features);
//     BALLAST_ARG(std::int64_t, out_features);
//     BALLAST_ARG(bool, bias) = true;
//   };
//   LinearOptions(4, 8).bias(false)            // setters chain
//   options.in_features()                      // and read
//
// Options keep what was written: the 2 of `kernel_size(2)` and the {2, 2} of `kernel_size({2, 2})` mean the
// same and print differently, as in Python.
#pragma once

#include <array>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <optional>
#include <ostream>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

#include "ballast/core/array_ref.h"
#include "ballast/core/error.h"

// NOLINTBEGIN(bugprone-macro-parentheses): T is a type
/// One option in a struct: a private member `name_`, read by `name()`, set by `name(value)`, which returns
/// the struct. What follows the macro initialises the member.
#define BALLAST_ARG(T, name)                                             \
 public:                                                                 \
  auto name(const T& new_##name)->decltype(*this) {                      \
    this->name##_ = new_##name;                                          \
    return *this;                                                        \
  }                                                                      \
  auto name(T&& new_##name)->decltype(*this) {                           \
    this->name##_ = std::move(new_##name);                               \
    return *this;                                                        \
  }                                                                      \
  [[nodiscard]] const T& name() const noexcept { return this->name##_; } \
  [[nodiscard]] T& name() noexcept { return this->name##_; }             \
                                                                         \
 private:                                                                \
  T name##_
// NOLINTEND(bugprone-macro-parentheses)

/// The same for an optional list, whose setter takes one in braces too: `size({32, 48})`.
#define BALLAST_OPTIONAL_LIST_ARG(T, Element, name)                        \
 public:                                                                   \
  auto name(std::initializer_list<Element> values)->decltype(*this) {      \
    this->name##_ = std::remove_cvref_t<decltype(*this->name##_)>(values); \
    return *this;                                                          \
  }                                                                        \
  BALLAST_ARG(T, name)

namespace ballast {

/// A real number that remembers being written as an integer: `Threshold(0.1, 20)` prints `threshold=0.1,
/// value=20`.
class Number {
 public:
  constexpr Number() = default;
  template <std::floating_point T>
  constexpr Number(T v) : value_(static_cast<double>(v)) {}  // NOLINT(*-explicit-*)
  template <std::integral T>
  requires(!std::same_as<T, bool>) constexpr Number(T v)
      : value_(static_cast<double>(v)), integral_(true) {}       // NOLINT(*-explicit-*)
  constexpr operator double() const noexcept { return value_; }  // NOLINT(*-explicit-*)
  [[nodiscard]] constexpr bool is_integral() const noexcept { return integral_; }

 private:
  double value_ = 0;
  bool integral_ = false;
};

/// Exactly D values, given as such or as one that stands for all.
template <std::size_t D, class T = std::int64_t>
class ExpandingArray {
 public:
  ExpandingArray(std::initializer_list<T> values)
      : ExpandingArray(ArrayRef<T>(values)) {}  // NOLINT(*-explicit-*)
  ExpandingArray(const std::vector<T>& values)
      : ExpandingArray(ArrayRef<T>(values)) {}                         // NOLINT(*-explicit-*)
  ExpandingArray(const std::array<T, D>& values) : values_(values) {}  // NOLINT(*-explicit-*)
  ExpandingArray(ArrayRef<T> values) {                                 // NOLINT(*-explicit-*)
    check<ValueError>(values.size() == D, "Expected {} values, but instead got {}", D, values.size());
    for (std::size_t i = 0; i < D; ++i) values_[i] = values[i];
  }
  ExpandingArray(T value) : one_(true) { values_.fill(value); }  // NOLINT(*-explicit-*)

  [[nodiscard]] std::array<T, D>& operator*() noexcept { return values_; }
  [[nodiscard]] const std::array<T, D>& operator*() const noexcept { return values_; }
  [[nodiscard]] std::array<T, D>* operator->() noexcept { return &values_; }
  [[nodiscard]] const std::array<T, D>* operator->() const noexcept { return &values_; }
  operator ArrayRef<T>() const noexcept { return values_; }  // NOLINT(*-explicit-*)
  [[nodiscard]] static constexpr std::size_t size() noexcept { return D; }
  /// Whether one value was given for all.
  [[nodiscard]] bool given_as_one() const noexcept { return one_; }

 private:
  std::array<T, D> values_{};
  bool one_ = false;
};

/// The same, where an element may be absent: `AdaptiveAvgPool2dOptions({std::nullopt, 7})`.
template <std::size_t D>
class ExpandingArrayWithOptionalElem : public ExpandingArray<D, std::optional<std::int64_t>> {
 public:
  using ExpandingArray<D, std::optional<std::int64_t>>::ExpandingArray;
  template <std::integral T>
  ExpandingArrayWithOptionalElem(T value)  // NOLINT(*-explicit-*)
      : ExpandingArray<D, std::optional<std::int64_t>>(std::optional<std::int64_t>(value)) {}
};

/// Prints `[3, 5]`; of one dimension just `3`.
template <std::size_t D, class T>
std::ostream& operator<<(std::ostream& os, const ExpandingArray<D, T>& values) {
  if constexpr (D == 1) {
    return os << (*values)[0];
  } else {
    os << '[';
    for (std::size_t i = 0; i < D; ++i) os << (i == 0 ? "" : ", ") << (*values)[i];
    return os << ']';
  }
}

/// Any number of values, or one of its own: `LayerNorm(5)`, `LayerNormOptions({5, 2})`.
template <class T>
class ListOrOne : public std::vector<T> {
 public:
  ListOrOne() = default;
  ListOrOne(std::initializer_list<T> values) : std::vector<T>(values) {}   // NOLINT(*-explicit-*)
  ListOrOne(std::vector<T> values) : std::vector<T>(std::move(values)) {}  // NOLINT(*-explicit-*)
  template <class U>
  requires(std::is_arithmetic_v<U> && !std::same_as<U, bool>) ListOrOne(U value)
      : std::vector<T>(1, static_cast<T>(value)), one_(true) {}  // NOLINT(*-explicit-*)
  [[nodiscard]] bool given_as_one() const noexcept { return one_; }

 private:
  bool one_ = false;
};

}  // namespace ballast
