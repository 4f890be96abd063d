// What structs of options are made of: BALLAST_ARG declares one option with its setter and its reader.
//
//   struct SGDOptions {
//     explicit SGDOptions(double lr) : lr_(lr) {}
//     BALLAST_ARG(double, lr);
//     BALLAST_ARG(double, momentum) = 0;
//   };
//   SGDOptions(0.1).momentum(0.9)              // setters chain
//   options.momentum()                         // and read
#pragma once

#include <utility>

/// One option in a struct: a private member `name_`, read by `name()`, set by `name(value)`, which returns
/// the struct. What follows the macro initialises the member.
// NOLINTBEGIN(bugprone-macro-parentheses): T is a type
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
