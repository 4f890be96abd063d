// The text of tensors, parameters, shapes and dictionaries: exactly what Python's repr (and print) shows with
// PyTorch.
//
//   fmt::print("{}\n", tensor);              std::cout << tensor;
//   set_printoptions({.precision = 2});
//   fmt::print("{}\n", model->state_dict()); // OrderedDict([('0.weight', tensor(...)), ...])
#pragma once

#include <cstdint>
#include <iosfwd>
#include <limits>
#include <optional>
#include <string>
#include <string_view>

#include <fmt/format.h>

#include "ballast/core/ordered_dict.h"
#include "ballast/core/state_dict.h"
#include "ballast/core/tensor.h"

namespace ballast {

/// What torch.set_printoptions sets; the defaults are PyTorch's.
struct PrintOptions {
  int precision = 4;                            ///< digits after the point
  std::int64_t threshold = 1000;                ///< more elements than this are summarised
  std::int64_t edgeitems = 3;                   ///< elements kept at each end of a summarised dimension
  std::int64_t linewidth = 80;                  ///< characters
  std::optional<bool> sci_mode = std::nullopt;  ///< scientific notation: always, never, or as the values need

  static PrintOptions default_profile() { return {}; }
  static PrintOptions short_profile() { return {.precision = 2, .edgeitems = 2}; }
  static PrintOptions full_profile() { return {.threshold = std::numeric_limits<std::int64_t>::max()}; }
};

[[nodiscard]] PrintOptions get_printoptions();
/// For the whole process. ValueError for a negative number.
void set_printoptions(const PrintOptions& options);

/// Python's repr(t); "None" for an undefined tensor. Of a summarised tensor only the elements shown are read.
[[nodiscard]] std::string repr(const Tensor& t, const PrintOptions& options);
[[nodiscard]] std::string repr(const Tensor& t);
/// OrderedDict([('a', tensor(...)), ...])
[[nodiscard]] std::string repr(const OrderedDict<std::string, Tensor>& dict);

/// Python's repr of a str, a float, a bool: 'it\'s', 1e-05, True.
[[nodiscard]] std::string python_repr(std::string_view utf8);
[[nodiscard]] inline std::string python_repr(const char* utf8) { return python_repr(std::string_view(utf8)); }
[[nodiscard]] std::string python_repr(double value);
[[nodiscard]] std::string python_repr(bool value);
/// Python's repr of a tuple of integers: (), (3,), (3, 4).
[[nodiscard]] std::string python_tuple(IntArrayRef values);
/// Python's repr of a list of str: ['a', 'b'].
[[nodiscard]] std::string python_list(const std::vector<std::string>& values);

std::ostream& operator<<(std::ostream& os, const Tensor& t);
std::ostream& operator<<(std::ostream& os, const Size& size);    // torch.Size([8, 4])
std::ostream& operator<<(std::ostream& os, IntArrayRef values);  // [8, 4]
std::ostream& operator<<(std::ostream& os, const OrderedDict<std::string, Tensor>& dict);
std::ostream& operator<<(std::ostream& os, DType dtype);           // torch.float32
std::ostream& operator<<(std::ostream& os, const Device& device);  // cpu

}  // namespace ballast

// fmt shows what operator<< shows.
template <>
struct fmt::formatter<ballast::Tensor> : fmt::formatter<std::string_view> {
  auto format(const ballast::Tensor& t, fmt::format_context& ctx) const {
    return formatter<std::string_view>::format(ballast::repr(t), ctx);
  }
};
template <>
struct fmt::formatter<ballast::Parameter> : fmt::formatter<ballast::Tensor> {};
template <>
struct fmt::formatter<ballast::Size> : fmt::formatter<std::string_view> {
  auto format(const ballast::Size& s, fmt::format_context& ctx) const {
    return formatter<std::string_view>::format("torch.Size(" + ballast::shape_text(s) + ")", ctx);
  }
};
template <>
struct fmt::formatter<ballast::DType> : fmt::formatter<std::string_view> {
  auto format(ballast::DType d, fmt::format_context& ctx) const {
    return formatter<std::string_view>::format("torch." + std::string(ballast::dtype_name(d)), ctx);
  }
};
template <>
struct fmt::formatter<ballast::Device> : fmt::formatter<std::string_view> {
  auto format(const ballast::Device& d, fmt::format_context& ctx) const {
    return formatter<std::string_view>::format(d.str(), ctx);
  }
};
template <>
struct fmt::formatter<ballast::StateDict> : fmt::formatter<std::string_view> {
  auto format(const ballast::StateDict& d, fmt::format_context& ctx) const {
    return formatter<std::string_view>::format(ballast::repr(d), ctx);
  }
};
template <>
struct fmt::formatter<ballast::OrderedDict<std::string, ballast::Tensor>> : fmt::formatter<std::string_view> {
  auto format(const ballast::OrderedDict<std::string, ballast::Tensor>& d, fmt::format_context& ctx) const {
    return formatter<std::string_view>::format(ballast::repr(d), ctx);
  }
};
