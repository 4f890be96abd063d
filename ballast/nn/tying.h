// Which names of a model mean one parameter, and what that saves.
//
//   for (const auto& group : nn::tied_parameters(*model)) fmt::print("{}\n", group);
//       // embedding.weight = decoder.weight: [10, 6] float32, 240 bytes
//   fmt::print("{}\n", nn::tying_savings(*model));
//       // 172 parameters listed, 112 held: tying saves 60 parameters, 240 bytes
#pragma once

#include <cstdint>
#include <iosfwd>
#include <string>
#include <vector>

#include <fmt/format.h>

#include "ballast/nn/module.h"

namespace ballast::nn {

/// Names that stand for one memory.
struct TiedGroup {
  std::vector<std::string>
      names;  ///< all paths, in the order of named_parameters({.remove_duplicate = false})
  /// Whether all names mean the same tensor object. False: different tensors (views) on overlapping memory, which an
  /// optimiser would update once each.
  bool same_tensor = true;
  std::vector<std::int64_t> shape;  ///< of the first name's tensor
  DType dtype = kFloat32;
  std::int64_t numel = 0;  ///< elements held
  std::int64_t bytes = 0;  ///< bytes held

  [[nodiscard]] std::string repr() const;
};

/// Groups of two names or more, in the order of their first names. Empty tensors tie nothing.
[[nodiscard]] std::vector<TiedGroup> tied_parameters(const Module& model);
[[nodiscard]] std::vector<TiedGroup> tied_buffers(const Module& model);

/// Every name counted against every element counted once.
struct TyingSavings {
  std::int64_t parameters_listed = 0;  ///< elements, over all names
  std::int64_t parameters_held = 0;    ///< elements in memory
  std::int64_t bytes_listed = 0;
  std::int64_t bytes_held = 0;

  [[nodiscard]] std::int64_t parameters_saved() const noexcept { return parameters_listed - parameters_held; }
  [[nodiscard]] std::int64_t bytes_saved() const noexcept { return bytes_listed - bytes_held; }
  [[nodiscard]] std::string repr() const;
};

/// Of the parameters; with `buffers` of the buffers too.
[[nodiscard]] TyingSavings tying_savings(const Module& model, bool buffers = false);

std::ostream& operator<<(std::ostream& os, const TiedGroup& group);
std::ostream& operator<<(std::ostream& os, const TyingSavings& savings);

}  // namespace ballast::nn

template <>
struct fmt::formatter<ballast::nn::TiedGroup> : fmt::formatter<std::string_view> {
  auto format(const ballast::nn::TiedGroup& g, fmt::format_context& ctx) const {
    return formatter<std::string_view>::format(g.repr(), ctx);
  }
};
template <>
struct fmt::formatter<ballast::nn::TyingSavings> : fmt::formatter<std::string_view> {
  auto format(const ballast::nn::TyingSavings& s, fmt::format_context& ctx) const {
    return formatter<std::string_view>::format(s.repr(), ctx);
  }
};
