// The initialisers that give a matrix its form: identity, delta function, orthogonal, sparse.
#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <mutex>
#include <vector>

#include "ballast/autograd/grad_mode.h"
#include "ballast/core/error.h"
#include "ballast/nn/init.h"
#include "ballast/ops/linalg.h"
#include "ballast/ops/random.h"
#include "ballast/ops/random_permutation.h"

namespace ballast::nn::init {

namespace {

/// Sets to 0 the marked elements of one row: those of the columns whose bits are set in `marks`.
template <class Bits>
void zero_marked(std::byte* row, std::int64_t step, std::int64_t columns, std::uint64_t marks) {
  for (std::int64_t c = 0; c < columns; ++c, row += step) {
    Bits bits;
    std::memcpy(&bits, row, sizeof bits);
    bits &= static_cast<Bits>((marks >> c & 1) - 1);  // every type's zero is all bits zero
    std::memcpy(row, &bits, sizeof bits);
  }
}

/// In each column of a matrix, `zeros` rows that a permutation of its own begins with become 0. The permutations are
/// drawn one column after the other; the memory is gone through row by row, for as many columns as fit into a word.
void zero_rows_of_columns(const Tensor& matrix, std::int64_t zeros) {
  constexpr std::int64_t kColumns = 64;
  const std::int64_t rows = matrix.size(0);
  const std::int64_t columns = matrix.size(1);
  const std::int64_t row_step = matrix.stride(0) * matrix.itemsize();
  const std::int64_t column_step = matrix.stride(1) * matrix.itemsize();
  auto* const base = static_cast<std::byte*>(matrix.data_ptr());
  Generator::State& state = default_generator().state();
  const std::lock_guard lock(state.mutex);
  Permutations permutations(rows);
  std::vector<std::uint64_t> marks(static_cast<std::size_t>(rows));
  for (std::int64_t first = 0; first < columns; first += kColumns) {
    const std::int64_t n = std::min(kColumns, columns - first);
    std::fill(marks.begin(), marks.end(), 0);
    for (std::int64_t c = 0; c < n; ++c) {
      const auto order = permutations.next(state.engine);
      for (const std::uint32_t row : order.first(static_cast<std::size_t>(zeros))) {
        marks[row] |= std::uint64_t{1} << c;
      }
    }
    for (std::int64_t r = 0; r < rows; ++r) {
      std::byte* const row = base + r * row_step + first * column_step;
      const std::uint64_t m = marks[static_cast<std::size_t>(r)];
      switch (matrix.itemsize()) {
        case 1:
          zero_marked<std::uint8_t>(row, column_step, n, m);
          break;
        case 2:
          zero_marked<std::uint16_t>(row, column_step, n, m);
          break;
        case 4:
          zero_marked<std::uint32_t>(row, column_step, n, m);
          break;
        default:  // of 16 bytes: both halves
          for (std::int64_t half = 0; half < matrix.itemsize(); half += 8) {
            zero_marked<std::uint64_t>(row + half, column_step, n, m);
          }
      }
    }
  }
}

}  // namespace

Tensor eye_(const Tensor& tensor) {
  check<ValueError>(tensor.dim() == 2, "Only tensors with 2 dimensions are supported");
  const NoGradGuard no_grad;
  tensor.zero_();
  tensor.diagonal().fill_(1);
  return tensor;
}

Tensor dirac_(const Tensor& tensor, std::int64_t groups) {
  check<ValueError>(tensor.dim() >= 3 && tensor.dim() <= 5,
                    "Only tensors with 3, 4, or 5 dimensions are supported");
  check<ValueError>(groups > 0, "groups must be positive, but got {}", groups);
  check<ValueError>(tensor.size(0) % groups == 0, "dim 0 must be divisible by groups");
  const NoGradGuard no_grad;
  tensor.zero_();
  const std::int64_t out_per_group = tensor.size(0) / groups;
  const std::int64_t channels = std::min(out_per_group, tensor.size(1));
  if (tensor.numel() == 0) return tensor;
  Tensor centre = tensor;
  while (centre.dim() > 2) centre = centre.select(2, centre.size(2) / 2);
  for (std::int64_t g = 0; g < groups; ++g) {
    centre.narrow(0, g * out_per_group, channels).diagonal().fill_(1);
  }
  return tensor;
}

Tensor orthogonal_(const Tensor& tensor, double gain, const std::optional<Generator>& generator) {
  check<ValueError>(tensor.dim() >= 2, "Only tensors with 2 or more dimensions are supported");
  if (tensor.numel() == 0 || tensor.is_meta()) return tensor;
  check<NotImplementedError>(
      !tensor.is_complex(),
      "Unlike NumPy, torch.sign is not intended to support complex numbers. Please use "
      "torch.sgn instead.");
  const NoGradGuard no_grad;
  const std::int64_t rows = tensor.size(0), cols = tensor.numel() / rows;
  Tensor normal = empty({rows, cols}, tensor.options());
  normal.normal_(0, 1, generator);
  if (rows < cols) normal = normal.t();
  auto [q, diagonal] = linalg_qr_diagonal(normal);
  q.mul_(diagonal.sign());
  if (rows < cols) q = q.t();
  tensor.copy_(q.reshape(tensor.sizes()));
  if (gain != 1) tensor.mul_(gain);
  return tensor;
}

Tensor sparse_(const Tensor& tensor, double sparsity, double std, const std::optional<Generator>& generator) {
  check<ValueError>(tensor.dim() == 2, "Only tensors with 2 dimensions are supported");
  if (tensor.is_meta()) return tensor;
  const NoGradGuard no_grad;
  tensor.normal_(0, std, generator);
  check<ValueError>(!std::isnan(sparsity), "cannot convert float NaN to integer: the sparsity is NaN");
  const std::int64_t rows = tensor.size(0);
  const double all = static_cast<double>(rows);
  // As in Python's row_indices[:n], a negative n counts from the end.
  auto zeros = static_cast<std::int64_t>(std::clamp(std::ceil(sparsity * all), -all, all));
  if (zeros < 0) zeros += rows;
  zero_rows_of_columns(tensor, zeros);
  return tensor;
}

}  // namespace ballast::nn::init
