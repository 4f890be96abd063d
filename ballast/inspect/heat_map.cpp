#include "ballast/inspect/heat_map.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <utility>

#include "ballast/core/lost_pages.h"
#include "ballast/core/parallel.h"
#include "ballast/inspect/element_runs.h"
#include "ballast/inspect/pieces.h"

namespace ballast::inspect {
namespace detail {
namespace {

/// Elements of the bands that are looked at before their pages are given back.
constexpr std::int64_t kWave = std::int64_t{1} << 23;
/// Columns that are summed side by side.
constexpr std::int64_t kSideBySide = 4096;

/// Rows of a matrix [size(0), rest] in row-major order, as runs of elements one step apart.
class MatrixRows {
 public:
  explicit MatrixRows(const Tensor& t) : base_(static_cast<const std::byte*>(t.data_ptr())) {
    const std::int64_t itemsize = t.itemsize();
    if (t.dim() > 1) row_step_ = t.stride(0) * itemsize;
    for (std::int64_t d = std::min<std::int64_t>(t.dim() - 1, 1); d >= 0 && d < t.dim(); ++d) {
      const Level next{t.size(d), t.stride(d) * itemsize};
      if (next.size == 1) continue;
      if (!levels_.empty() && levels_.back().step == next.size * next.step) {
        levels_.back() = {levels_.back().size * next.size, next.step};
      } else {
        levels_.push_back(next);
      }
    }
    if (levels_.empty()) levels_.push_back({1, itemsize});
  }

  /// `use(first element, step in bytes, at, n)` until columns `begin` to `end` of a row were handed out; `at` counts from `begin`.
  template <class Use>
  void run(std::int64_t row, std::int64_t begin, std::int64_t end, const Use& use) const {
    const Level& inner = levels_.back();
    for (std::int64_t column = begin; column < end;) {
      const std::byte* p = base_ + row * row_step_;
      std::int64_t rest = column / inner.size;
      const std::int64_t at = column % inner.size;
      p += at * inner.step;
      for (std::size_t d = levels_.size() - 1; d-- > 0;) {
        p += rest % levels_[d].size * levels_[d].step;
        rest /= levels_[d].size;
      }
      const std::int64_t n = std::min(end - column, inner.size - at);
      use(p, inner.step, column - begin, n);
      column += n;
    }
  }

 private:
  struct Level {
    std::int64_t size, step;  // step in bytes
  };
  const std::byte* base_;
  std::int64_t row_step_ = 0;
  std::vector<Level> levels_;
};

/// What was seen of the columns of one band.
template <class T>
struct Columns {
  std::vector<double> sum;
  std::vector<T> min, max;
  std::vector<std::int64_t> nans, infinities;

  explicit Columns(std::int64_t n)
      : sum(static_cast<std::size_t>(n)),
        min(sum.size(), std::numeric_limits<T>::infinity()),
        max(sum.size(), -std::numeric_limits<T>::infinity()),
        nans(sum.size()),
        infinities(sum.size()) {}

  /// Adds one value to each of `n` columns from `at` on.
  void add(const std::byte* values, std::int64_t at, std::int64_t n) {
    const auto first = static_cast<std::size_t>(at);
    double* const s = sum.data() + first;
    T *const lo = min.data() + first, *const hi = max.data() + first;
    // Of NaN and infinities, and of these only, all bits of the exponent are set.
    using Bits = std::conditional_t<sizeof(T) == 4, std::uint32_t, std::uint64_t>;
    constexpr auto kExponent = std::bit_cast<Bits>(std::numeric_limits<T>::infinity());
    Bits any = 0;
    for (std::int64_t k = 0; k < n; ++k) {
      const Bits exponent = load<Bits>(values + k * static_cast<std::int64_t>(sizeof(T))) & kExponent;
      any |= static_cast<Bits>(exponent == kExponent);
    }
    if (any != 0) return add_others(values, first, n);
    for (std::int64_t k = 0; k < n; ++k) {
      const T x = load<T>(values + k * static_cast<std::int64_t>(sizeof(T)));
      s[k] += static_cast<double>(x);
      lo[k] = x < lo[k] ? x : lo[k];
      hi[k] = x > hi[k] ? x : hi[k];
    }
  }

 private:
  /// The same where NaN and infinities are among the values.
  void add_others(const std::byte* values, std::size_t first, std::int64_t n) {
    for (std::int64_t k = 0; k < n; ++k) {
      const T x = load<T>(values + k * static_cast<std::int64_t>(sizeof(T)));
      const std::size_t c = first + static_cast<std::size_t>(k);
      if (std::isnan(x)) {
        ++nans[c];
      } else if (std::isinf(x)) {
        ++infinities[c];
      } else {
        sum[c] += static_cast<double>(x);
        min[c] = std::min(min[c], x);
        max[c] = std::max(max[c], x);
      }
    }
  }
};

/// Cells `first` to `last` of one row of cells.
struct Band {
  std::size_t item;
  std::int64_t row, first, last;
};

template <class T>
void look(const Tensor& tensor, HeatMap& map, const Band& band) {
  const std::int64_t parts = parts_of(tensor.dtype());
  const std::int64_t begin = band.first * map.cell_columns;
  const std::int64_t end = std::min(band.last * map.cell_columns, map.matrix_columns);
  // A complex number stands in one place, though its parts may belong to two cells.
  const std::int64_t begin_element = begin / parts, end_element = (end + parts - 1) / parts;
  const MatrixRows rows(tensor);
  Columns<T> columns((end_element - begin_element) * parts);
  WideBlock<T> block(tensor.dtype());
  const std::int64_t capacity = kBlock / parts;
  const std::int64_t last_row = std::min((band.row + 1) * map.cell_rows, map.matrix_rows);
  for (std::int64_t row = band.row * map.cell_rows; row < last_row; ++row) {
    rows.run(row, begin_element, end_element,
             [&](const std::byte* p, std::int64_t step, std::int64_t at, std::int64_t n) {
               if (stands_as<T>(tensor.dtype(), step)) return columns.add(p, at * parts, n * parts);
               for (std::int64_t i = 0; i < n; i += capacity) {
                 const std::int64_t count = std::min(capacity, n - i);
                 block.put(p + i * step, step, 0, count);
                 columns.add(block.bytes(), (at + i) * parts, count * parts);
               }
             });
  }
  for (std::int64_t cell = band.first; cell < band.last; ++cell) {
    double sum = 0;
    std::int64_t values = 0, nans = 0, infinities = 0;
    T min = std::numeric_limits<T>::infinity(), max = -min;
    const std::int64_t from = cell * map.cell_columns;
    for (std::int64_t c = from; c < std::min(from + map.cell_columns, map.matrix_columns); ++c) {
      const auto k = static_cast<std::size_t>(c - begin_element * parts);
      sum += columns.sum[k];
      values += last_row - band.row * map.cell_rows;
      nans += columns.nans[k];
      infinities += columns.infinities[k];
      min = std::min(min, columns.min[k]);
      max = std::max(max, columns.max[k]);
    }
    HeatCell& out = map.cells[static_cast<std::size_t>(band.row * map.columns + cell)];
    out.has_nan = nans > 0;
    out.has_infinity = infinities > 0;
    const std::int64_t finite = values - nans - infinities;
    if (finite == 0) continue;
    out.mean = sum / static_cast<double>(finite);
    out.min = static_cast<double>(min);
    out.max = static_cast<double>(max);
  }
}

HeatMap empty_map(const Tensor& tensor, const HeatMapOptions& options) {
  check_readable(tensor);
  const std::int64_t parts = parts_of(tensor.dtype());
  const std::int64_t rows = tensor.dim() < 2 ? 1 : tensor.size(0);
  const std::int64_t columns = tensor.numel() == 0 ? 0 : tensor.numel() / rows * parts;
  HeatMap map = heat_map_of_shape(rows, columns, options);
  map.cells.resize(static_cast<std::size_t>(map.rows * map.columns));
  return map;
}

/// Cells of a row that one task takes: all, unless the band is long.
std::int64_t cells_of_a_task(const HeatMap& map) {
  constexpr std::int64_t kLong = std::int64_t{1} << 18;
  if (map.cell_rows * map.matrix_columns <= kLong) return map.columns;
  return std::max<std::int64_t>(1, kSideBySide / map.cell_columns);
}

}  // namespace
}  // namespace detail

using namespace detail;

HeatMap heat_map_of_shape(std::int64_t matrix_rows, std::int64_t matrix_columns,
                          const HeatMapOptions& options) {
  const std::int64_t cells = options.cells;
  check<ValueError>(cells >= 1 && options.max_rows >= 1 && options.max_columns >= 1,
                    "heat_map expected at least one cell, but got {}, at most {} down and {} across", cells,
                    options.max_rows, options.max_columns);
  HeatMap map;
  map.matrix_rows = matrix_rows;
  map.matrix_columns = matrix_columns;
  if (matrix_rows == 0 || matrix_columns == 0) return map;
  const auto side = static_cast<std::int64_t>(std::sqrt(static_cast<double>(cells)));
  const std::int64_t most_down = std::min(matrix_rows, options.max_rows);
  const std::int64_t most_across = std::min(matrix_columns, options.max_columns);
  // The side that is short leaves its cells to the other.
  std::int64_t down = std::min(most_down, side);
  const std::int64_t across = std::min(most_across, cells / down);
  down = std::min(most_down, cells / across);
  const auto up = [](std::int64_t a, std::int64_t b) { return a / b + (a % b != 0 ? 1 : 0); };
  map.cell_rows = up(matrix_rows, down);
  map.cell_columns = up(matrix_columns, across);
  map.rows = up(matrix_rows, map.cell_rows);
  map.columns = up(matrix_columns, map.cell_columns);
  return map;
}

HeatMap heat_map(const Tensor& tensor, const HeatMapOptions& options) {
  check<ValueError>(options.cells >= 1, "heat_map expected at least one cell, but got {}", options.cells);
  return heat_maps(ArrayRef<Tensor>(&tensor, 1), ArrayRef<std::int64_t>(&options.cells, 1), options).front();
}

std::vector<HeatMap> heat_maps(ArrayRef<Tensor> tensors, ArrayRef<std::int64_t> cells,
                               const HeatMapOptions& options) {
  check<ValueError>(tensors.size() == cells.size(),
                    "heat_maps expected a number of cells for each of {} tensors, but got {}", tensors.size(),
                    cells.size());
  const LostPageCheck mappings;
  std::vector<HeatMap> maps(tensors.size());
  std::uint64_t total = 0, done = 0;
  for (std::size_t i = 0; i < tensors.size(); ++i) {
    if (cells[i] == 0) continue;
    HeatMapOptions of_one = options;
    of_one.cells = cells[i];
    maps[i] = empty_map(tensors[i], of_one);
    total += static_cast<std::uint64_t>(tensors[i].nbytes());
  }
  if (options.progress) options.progress(0, total);

  std::vector<Band> wave;
  std::vector<std::pair<std::size_t, Piece>> covered;
  std::int64_t elements = 0;
  const auto flush = [&] {
    parallel_tasks(static_cast<int>(covered.size()), [&](int k) {
      const auto& [i, piece] = covered[static_cast<std::size_t>(k)];
      expect_pages(tensors[i], piece);
    });
    const auto one = [&](int k) {
      const Band& band = wave[static_cast<std::size_t>(k)];
      with_run_type(is_wide(tensors[band.item].dtype()), [&]<class T>(std::type_identity<T>) {
        look<T>(tensors[band.item], maps[band.item], band);
      });
    };
    const int n = static_cast<int>(wave.size());
    if (elements < 2 * kElementGrain) {
      for (int k = 0; k < n; ++k) one(k);
    } else {
      parallel_tasks(n, one);
    }
    for (const auto& [i, piece] : covered) {
      if (options.release_pages) release_pages(tensors[i], piece);
      done += static_cast<std::uint64_t>((piece.end - piece.begin) * tensors[i].itemsize());
    }
    if (options.progress && !covered.empty()) options.progress(done, total);
    wave.clear();
    covered.clear();
    elements = 0;
  };
  for (std::size_t i = 0; i < tensors.size(); ++i) {
    HeatMap& map = maps[i];
    const std::int64_t parts = map.rows == 0 ? 1 : parts_of(tensors[i].dtype());
    const std::int64_t step = map.rows == 0 ? 1 : cells_of_a_task(map);
    for (std::int64_t row = 0; row < map.rows; ++row) {
      for (std::int64_t first = 0; first < map.columns; first += step)
        wave.push_back({i, row, first, std::min(first + step, map.columns)});
      const std::int64_t row_elements = map.matrix_columns / parts;
      const std::int64_t begin = row * map.cell_rows * row_elements;
      const std::int64_t end = std::min((row + 1) * map.cell_rows, map.matrix_rows) * row_elements;
      // Of one tensor, bands of a wave are one piece.
      if (!covered.empty() && covered.back().first == i) {
        covered.back().second.end = end;
      } else {
        covered.push_back({i, {i, begin, end}});
      }
      elements += end - begin;
      if (elements >= kWave) flush();
    }
  }
  flush();
  mappings.check();
  return maps;
}

}  // namespace ballast::inspect
