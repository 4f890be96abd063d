// The table of tensors that `ballast show` prints: which columns it can have, and what stands in them.
//
//   TensorTable table(columns_of("name,dtype,bytes"));
//   for (const inspect::TensorRow& row : listing.rows) table.add("", row.tensor->name, row);
//   table.write(out, {.paint = paint, .width = terminal.width});
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "tools/ballast/terminal/table.h"

#include "ballast/inspect/tensor_listing.h"

namespace ballast::tool {

enum class TensorColumn : std::uint8_t {
  kName,
  kShape,
  kStride,
  kDtype,
  kParameters,
  kBytes,
  kShared,
  kRequiresGrad,
  kStorage,
  kOffset,
  kSha256,
};

/// What the columns are called, in the order above.
[[nodiscard]] const std::vector<std::string>& column_names();
/// The columns that `list` names, separated by commas; ValueError where it names another one.
[[nodiscard]] std::vector<TensorColumn> columns_of(std::string_view list);
/// Those of `ballast show` when nobody chooses.
[[nodiscard]] std::vector<TensorColumn> usual_columns(bool hash);

/// What several tensors come to.
struct TensorSum {
  std::uint64_t tensors = 0, parameters = 0, bytes = 0;
  std::string dtype = {};  ///< "mixed" if they have several

  void add(const inspect::TensorRow& row);
};

class TensorTable {
 public:
  /// Of columns that somebody has chosen, empty ones stay.
  explicit TensorTable(std::vector<TensorColumn> columns, bool chosen = true);

  /// A tensor. `lead` is what leads to the name in a tree.
  void add(std::string_view lead, std::string_view name, const inspect::TensorRow& row);
  /// Tensors that are one row.
  enum class Figures : std::uint8_t { kExact, kRounded };
  void add(std::string_view lead, std::string_view name, const TensorSum& sum, Figures figures);

  [[nodiscard]] bool empty() const noexcept { return table_.empty(); }
  void write(fmt::memory_buffer& out, const Table::Look& look) const { table_.write(out, look); }

 private:
  std::vector<TensorColumn> columns_;
  Table table_;
};

/// "#1": how the tensors of a group of shared storage are marked; empty for TensorRow::kAlone.
[[nodiscard]] std::string group_mark(std::size_t group);

}  // namespace ballast::tool
