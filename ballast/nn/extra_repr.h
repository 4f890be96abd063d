// The text between a layer's parentheses, as Python prints it.
//
//   ExtraRepr().add(3).add(4).add("kernel_size", (3, 3)).add_if(groups != 1, "groups", groups)
//   // 3, 4, kernel_size=(3, 3)
#pragma once

#include <array>
#include <concepts>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "ballast/core/print.h"
#include "ballast/nn/options.h"

namespace ballast::nn {

namespace detail {
[[nodiscard]] inline std::string python_text(bool value) { return python_repr(value); }
[[nodiscard]] inline std::string python_text(std::string_view text) { return std::string(text); }
[[nodiscard]] inline std::string python_text(const char* text) { return text; }
[[nodiscard]] inline std::string python_text(double value) { return python_repr(value); }
[[nodiscard]] inline std::string python_text(std::int64_t value) { return std::to_string(value); }
[[nodiscard]] inline std::string python_text(const Number& value) {
  return value.is_integral() ? std::to_string(static_cast<std::int64_t>(static_cast<double>(value)))
                             : python_repr(static_cast<double>(value));
}
[[nodiscard]] inline std::string python_text(const std::string& text) { return text; }
template <class T>
[[nodiscard]] std::string python_text(const std::optional<T>& value);
template <std::size_t D, class T>
[[nodiscard]] std::string python_text(const ExpandingArray<D, T>& values);
template <class T>
[[nodiscard]] std::string python_text(const ListOrOne<T>& values);
template <class Range>
requires requires(const Range& r) { r.begin() == r.end(); }
[[nodiscard]] std::string python_text(const Range& values);

template <class T>
[[nodiscard]] std::string python_text(const std::optional<T>& value) {
  return value ? python_text(*value) : "None";
}
/// A tuple: (), (3,), (3, 4).
template <class Range>
requires requires(const Range& r) { r.begin() == r.end(); }
[[nodiscard]] std::string python_text(const Range& values) {
  std::string out = "(";
  for (const auto& value : values) {
    if (out.size() > 1) out += ", ";
    out += python_text(value);
  }
  return out += values.size() == 1 ? ",)" : ")";
}
/// As it was written: one number, or a tuple.
template <std::size_t D, class T>
[[nodiscard]] std::string python_text(const ExpandingArray<D, T>& values) {
  return values.given_as_one() ? python_text((*values)[0]) : python_text(*values);
}
template <class T>
[[nodiscard]] std::string python_text(const ListOrOne<T>& values) {
  return values.given_as_one() ? python_text(values[0])
                               : python_text(static_cast<const std::vector<T>&>(values));
}
}  // namespace detail

class ExtraRepr {
 public:
  /// A value alone.
  template <class T>
  ExtraRepr& add(const T& value) {
    if (!text_.empty()) text_ += ", ";
    text_ += detail::python_text(value);
    return *this;
  }
  /// name=value
  template <class T>
  ExtraRepr& add(std::string_view name, const T& value) {
    if (!text_.empty()) text_ += ", ";
    ((text_ += name) += '=') += detail::python_text(value);
    return *this;
  }
  template <class T>
  ExtraRepr& add_if(bool wanted, std::string_view name, const T& value) {
    return wanted ? add(name, value) : *this;
  }
  operator std::string() && { return std::move(text_); }  // NOLINT(*-explicit-*)
  operator std::string() const& { return text_; }         // NOLINT(*-explicit-*)

 private:
  std::string text_;
};

}  // namespace ballast::nn
