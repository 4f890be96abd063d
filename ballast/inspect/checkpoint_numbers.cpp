#include "ballast/inspect/checkpoint_numbers.h"

#include "ballast/checkpoint/dequantize.h"

namespace ballast::inspect {
namespace {

using checkpoint::Layout;
using checkpoint::TensorValue;

/// Whether the numbers stand in the file's storages as they are.
bool is_dense(const TensorValue& v) {
  return v.layout == Layout::kStrided && has_numbers(v) && !v.conj && !v.neg;
}

}  // namespace

bool has_numbers(const TensorValue& v) {
  if (v.repeats_without_measure()) return false;
  switch (v.layout) {
    case Layout::kStrided:
      return v.tensor.defined() && !v.tensor.is_meta();
    case Layout::kQuantized:
      return checkpoint::can_dequantize(v);
    default:
      return v.sparse && v.sparse->values.defined() && !v.sparse->values.is_meta();
  }
}

Tensor numbers_of(const TensorValue& v) {
  if (!has_numbers(v)) return {};
  if (v.layout == Layout::kStrided) return v.resolved();
  return v.layout == Layout::kQuantized ? checkpoint::dequantize(v) : v.sparse->values;
}

std::vector<Statistics> statistics(const TensorListing& listing, const StatisticsOptions& options) {
  std::vector<Tensor> dense;
  std::vector<std::size_t> place, others;
  std::uint64_t dense_bytes = 0, other_bytes = 0;
  for (std::size_t i = 0; i < listing.rows.size(); ++i) {
    const TensorValue& v = listing.rows[i].value();
    if (is_dense(v)) {
      dense.push_back(v.tensor);
      place.push_back(i);
      dense_bytes += static_cast<std::uint64_t>(v.tensor.nbytes());
    } else if (has_numbers(v)) {
      others.push_back(i);
      other_bytes += listing.rows[i].bytes;
    }
  }
  // How far the dense ones are counts for as much of the whole as they are of the bytes.
  std::uint64_t done = dense_bytes;
  const std::uint64_t total = dense_bytes + other_bytes;
  StatisticsOptions of_dense = options, of_one = options;
  of_one.progress = {};
  if (options.progress) {
    of_dense.progress = [&](std::uint64_t n, std::uint64_t of) {
      const double share = of == 0 ? 1 : static_cast<double>(n) / static_cast<double>(of);
      const auto so_far = static_cast<std::uint64_t>(share * static_cast<double>(dense_bytes));
      options.progress(n == of && others.empty() ? total : so_far, total);
    };
  }
  std::vector<Statistics> all(listing.rows.size());
  std::vector<Statistics> found = statistics(ArrayRef<Tensor>(dense), of_dense);
  for (std::size_t k = 0; k < found.size(); ++k) all[place[k]] = std::move(found[k]);
  for (const std::size_t i : others) {
    const Tensor numbers = numbers_of(listing.rows[i].value());
    all[i] = std::move(statistics(ArrayRef<Tensor>(&numbers, 1), of_one).front());
    done += listing.rows[i].bytes;
    if (options.progress) options.progress(done, total);
  }
  return all;
}

}  // namespace ballast::inspect
