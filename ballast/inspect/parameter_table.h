// The parameters of a model as a table: name, shape, number of elements, trainable or not; and what they sum up to.
//
//   const ParameterTable table = analyze_model_parameters(ballast::load("mlp.pth").state_dict());
//   fmt::print("{}", table);              // ==== Model Parameter Analysis ====, a line for each, the totals
//   table.total;  table.rows[0].name;
//
// A model itself goes into the function of the same name in summary/analyze_model_parameters.h.
#pragma once

#include <cstdint>
#include <iosfwd>
#include <string>
#include <string_view>
#include <vector>

#include <fmt/format.h>

#include "ballast/core/dims.h"
#include "ballast/core/state_dict.h"

namespace ballast {

struct ParameterTable {
  struct Row {
    std::string name;
    Dims sizes;
    std::uint64_t count = 0;  ///< elements
    bool trainable = false;   ///< whether it requires grad
  };

  std::vector<Row> rows;
  /// Elements of all rows, and of those that are trainable. Sums stop at 2^64 - 1.
  std::uint64_t total = 0, trainable = 0;

  [[nodiscard]] std::uint64_t non_trainable() const noexcept { return total - trainable; }
  /// Appends a row and counts it.
  void add(std::string_view name, const Tensor& tensor);
  /// Lines as `0.weight             | Shape: torch.Size([8, 4])   | Params:       32 | Trainable: True` between rules; ends with
  /// a line break. Control characters in names are shown as escapes.
  [[nodiscard]] std::string text() const;
};

/// All entries count as parameters, trainable where they require grad (state_dict() detaches them unless asked to `keep_vars`).
/// What stands under several names (the same elements of one storage, shaped alike) is listed once, under the first, as
/// named_parameters() does. Undefined entries are left out.
[[nodiscard]] ParameterTable analyze_model_parameters(const StateDict& state);

std::ostream& operator<<(std::ostream& os, const ParameterTable& table);

}  // namespace ballast

template <>
struct fmt::formatter<ballast::ParameterTable> : fmt::formatter<std::string_view> {
  auto format(const ballast::ParameterTable& table, fmt::format_context& ctx) const {
    return formatter<std::string_view>::format(table.text(), ctx);
  }
};
