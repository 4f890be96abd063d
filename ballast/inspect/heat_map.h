// A tensor as a small picture that leaves nothing out: cells that each say what all the values they cover come to.
//
//   const HeatMap map = heat_map(weight, {.cells = 2304});           // weight: [4096, 11008]
//   map.rows, map.columns, map.cell_rows, map.cell_columns           // 48, 48, 86, 230: each cell covers 86 x 230 values
//   map.cells[i * map.columns + j].mean
//
// The tensor is looked at as the matrix [size(0), rest]: a row is what one output of a layer is made of. A vector is one row, so
// is a scalar. A complex number is two values side by side. Cells are cut from the upper left: all cover `cell_rows` by
// `cell_columns` values, but those of the last row and column may cover fewer. Every value is in exactly one cell.
//
// A mean alone hides what is large and rare, so a cell has the smallest and the largest value as well, and says whether a NaN or an
// infinity is among them; these are left out of the three figures.
//
// Values are read once, in bands of rows, on all threads. Means are summed in double in a fixed order: the same bits with any
// number of threads.
#pragma once

#include <cstdint>
#include <limits>
#include <vector>

#include "ballast/core/tensor.h"
#include "ballast/inspect/progress.h"

namespace ballast::inspect {

struct HeatMapOptions {
  /// The most cells that a map may have, at least 1.
  std::int64_t cells = 2304;
  /// The most cells down and across.
  std::int64_t max_rows = std::numeric_limits<std::int64_t>::max();
  std::int64_t max_columns = std::numeric_limits<std::int64_t>::max();
  Progress progress = {};
  /// As in StatisticsOptions: for mappings that nobody has written to.
  bool release_pages = false;
};

struct HeatCell {
  /// Of the finite values; NaN if there are none.
  double mean = std::numeric_limits<double>::quiet_NaN();
  double min = std::numeric_limits<double>::quiet_NaN(), max = std::numeric_limits<double>::quiet_NaN();
  bool has_nan = false, has_infinity = false;

  /// The smallest or the largest value, whichever is farther from zero.
  [[nodiscard]] double peak() const noexcept { return -min > max ? min : max; }
};

struct HeatMap {
  std::int64_t matrix_rows = 0, matrix_columns = 0;  ///< of the tensor as a matrix
  std::int64_t rows = 0, columns = 0;                ///< cells; 0 if the tensor is empty
  std::int64_t cell_rows = 1, cell_columns = 1;      ///< values that a cell covers
  std::vector<HeatCell> cells;                       ///< row by row
};

/// How a matrix is cut into at most `options.cells` cells, about as many down as across where the matrix and the options allow it:
/// a map without cells yet.
[[nodiscard]] HeatMap heat_map_of_shape(std::int64_t matrix_rows, std::int64_t matrix_columns,
                                        const HeatMapOptions& options);

/// Error for an undefined tensor, DeviceError for one on meta; ValueError for less than one cell.
[[nodiscard]] HeatMap heat_map(const Tensor& tensor, const HeatMapOptions& options = {});
/// Of each tensor, at its position, with at most `cells[i]` cells; none where that is 0.
[[nodiscard]] std::vector<HeatMap> heat_maps(ArrayRef<Tensor> tensors, ArrayRef<std::int64_t> cells,
                                             const HeatMapOptions& options = {});

}  // namespace ballast::inspect
