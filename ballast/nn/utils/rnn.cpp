#include "ballast/nn/utils/rnn.h"

#include <algorithm>
#include <numeric>
#include <utility>

#include "ballast/ops/factories.h"
#include "ballast/ops/indexing.h"
#include "ballast/ops/join.h"
#include "ballast/ops/packed_rows.h"

namespace ballast::nn::utils::rnn {
namespace {

using Sizes = std::vector<std::int64_t>;

Tensor tensor_of(const Sizes& values) {
  Tensor out = empty({static_cast<std::int64_t>(values.size())}, kInt64);
  std::copy(values.begin(), values.end(), out.data_ptr<std::int64_t>());
  return out;
}

Sizes values_of(const Tensor& t) {
  const Tensor plain = t.to(kInt64).contiguous();
  const auto* const p = plain.data_ptr<std::int64_t>();
  return {p, p + plain.numel()};
}

/// Lengths of sequences from the number of rows in each step.
Sizes lengths_of(const Sizes& batch_sizes) {
  Sizes lengths(batch_sizes.empty() ? 0 : static_cast<std::size_t>(batch_sizes[0]), 0);
  for (const std::int64_t n : batch_sizes) {
    for (std::int64_t b = 0; b < n; ++b) ++lengths[static_cast<std::size_t>(b)];
  }
  return lengths;
}

void check_batch_sizes(const Sizes& batch_sizes, const Tensor& data) {
  std::int64_t rows = 0;
  for (std::size_t t = 0; t < batch_sizes.size(); ++t) {
    check<ValueError>(batch_sizes[t] > 0 && (t == 0 || batch_sizes[t] <= batch_sizes[t - 1]),
                      "the batch sizes of a PackedSequence must be positive and must not grow, but are {}",
                      Shown{IntArrayRef(batch_sizes)});
    rows += batch_sizes[t];
  }
  check<ShapeError>(data.dim() >= 1 && rows == data.size(0),
                    "a PackedSequence of {} rows does not fit batch sizes of {} in all", Shown{data.sizes()},
                    rows);
}

/// [batch, steps, ...] as [steps, batch, ...], or the other way round.
Tensor turned(const Tensor& t, bool batch_first) { return batch_first ? t.transpose(0, 1) : t; }

/// Sequences in order of falling length; those of one length stay in order.
Sizes falling_order(const Sizes& lengths) {
  Sizes order(lengths.size());
  std::iota(order.begin(), order.end(), 0);
  std::stable_sort(order.begin(), order.end(), [&](std::int64_t a, std::int64_t b) {
    return lengths[static_cast<std::size_t>(a)] > lengths[static_cast<std::size_t>(b)];
  });
  return order;
}

/// How many of the sequences, sorted by falling length, have a row at each step.
Sizes batch_sizes_of(const Sizes& lengths) {
  Sizes out;
  auto running = static_cast<std::int64_t>(lengths.size());
  for (std::int64_t step = 0; step < lengths[0]; ++step) {
    while (lengths[static_cast<std::size_t>(running - 1)] <= step) --running;
    out.push_back(running);
  }
  return out;
}

}  // namespace

Tensor invert_permutation(const Tensor& permutation) {
  if (!permutation.defined()) return {};
  const Sizes to = values_of(permutation);
  Sizes from(to.size(), -1);
  for (std::size_t i = 0; i < to.size(); ++i) {
    check<IndexError>(to[i] >= 0 && static_cast<std::size_t>(to[i]) < to.size() &&
                          from[static_cast<std::size_t>(to[i])] < 0,
                      "invert_permutation: {} is no permutation of {} numbers", Shown{IntArrayRef(to)},
                      to.size());
    from[static_cast<std::size_t>(to[i])] = static_cast<std::int64_t>(i);
  }
  return tensor_of(from);
}

PackedSequence::PackedSequence(Tensor data, Tensor batch_sizes, Tensor sorted_indices,
                               Tensor unsorted_indices) {
  check<ValueError>(data.defined() && batch_sizes.defined(), "a PackedSequence needs data and batch sizes");
  check<ShapeError>(batch_sizes.dim() == 1 && batch_sizes.dtype() == kInt64 && batch_sizes.is_cpu(),
                    "batch_sizes should always be a vector of int64 on the CPU");
  check_batch_sizes(values_of(batch_sizes), data);
  if (!unsorted_indices.defined()) unsorted_indices = invert_permutation(sorted_indices);
  parts_ = std::make_shared<const Parts>(
      Parts{std::move(data), std::move(batch_sizes), std::move(sorted_indices), std::move(unsorted_indices)});
}

const PackedSequence::Parts& PackedSequence::parts() const {
  check(parts_ != nullptr, "an empty PackedSequence has no data");
  return *parts_;
}

PackedSequence PackedSequence::with(const Tensor& rows) const {
  const Parts& p = parts();
  if (rows.is_same(p.data)) return *this;
  return PackedSequence(rows, p.batch_sizes, p.sorted_indices, p.unsorted_indices);
}

PackedSequence pack_padded_sequence(const Tensor& input, const Tensor& lengths, bool batch_first,
                                    bool enforce_sorted) {
  check<ShapeError>(lengths.dim() == 1,
                    "'lengths' argument should be a 1D CPU int64 tensor, but got {}D {} tensor",
                    lengths.dim(), dtype_error_name(lengths.dtype()));
  check<ShapeError>(input.dim() >= 2 && input.numel() > 0, "Cannot pack empty tensors.");
  Tensor padded = turned(input, batch_first);
  Sizes sizes = values_of(lengths);
  check<ShapeError>(static_cast<std::int64_t>(sizes.size()) == padded.size(1),
                    "Expected `len(lengths)` to be equal to batch_size, but got {} (batch_size={})",
                    sizes.size(), padded.size(1));
  for (const std::int64_t n : sizes) {
    check<ValueError>(
        n > 0,
        "Length of all samples has to be greater than 0, but found an element in 'lengths' that is <= 0");
    check<ValueError>(n <= padded.size(0),
                      "an element of 'lengths' is {}, but the sequences are padded to {} steps", n,
                      padded.size(0));
  }
  Tensor order;
  if (!enforce_sorted) {
    const Sizes by_length = falling_order(sizes);
    order = tensor_of(by_length);
    Sizes sorted;
    for (const std::int64_t i : by_length) sorted.push_back(sizes[static_cast<std::size_t>(i)]);
    sizes = std::move(sorted);
    padded = index_select(padded, 1, order);
  }
  check<ValueError>(
      std::is_sorted(sizes.rbegin(), sizes.rend()),
      "`lengths` array must be sorted in decreasing order when `enforce_sorted` is True. You can "
      "pass `enforce_sorted=False` to pack_padded_sequence and/or pack_sequence to sidestep this "
      "requirement if you do not need ONNX exportability.");
  const Sizes batch_sizes = batch_sizes_of(sizes);
  return PackedSequence(pack_rows(padded, batch_sizes), tensor_of(batch_sizes), order);
}

std::tuple<Tensor, Tensor> pad_packed_sequence(const PackedSequence& sequence, bool batch_first,
                                               double padding_value,
                                               std::optional<std::int64_t> total_length) {
  const Sizes batch_sizes = values_of(sequence.batch_sizes());
  const auto longest = static_cast<std::int64_t>(batch_sizes.size());
  check<ValueError>(
      !total_length || *total_length >= longest,
      "Expected total_length to be at least the length of the longest sequence in input, but got "
      "total_length={} and max sequence length being {}",
      total_length.value_or(0), longest);
  Tensor padded = unpack_rows(sequence.data(), batch_sizes, total_length.value_or(longest), padding_value);
  Tensor lengths = tensor_of(lengths_of(batch_sizes));
  if (const Tensor& order = sequence.unsorted_indices(); order.defined()) {
    padded = index_select(padded, 1, order);
    lengths = index_select(lengths, 0, order);
  }
  return {turned(padded, batch_first), lengths};
}

Tensor pad_sequence(TensorList sequences, bool batch_first, double padding_value,
                    std::string_view padding_side) {
  check<ValueError>(!sequences.empty(), "received an empty list of sequences");
  check<ValueError>(padding_side == "left" || padding_side == "right",
                    "Expected padding_side to be one of left or right, but got {}.", padding_side);
  std::int64_t longest = 0;
  for (const Tensor& s : sequences) {
    check<ShapeError>(s.dim() >= 1, "pad_sequence: a sequence needs a dimension");
    longest = std::max(longest, s.size(0));
  }
  std::vector<Tensor> padded;
  for (const Tensor& s : sequences) {
    Dims rest(s.sizes());
    rest[0] = longest - s.size(0);
    if (rest[0] == 0) {
      padded.push_back(s);
      continue;
    }
    const Tensor filling = full(rest, padding_value, s.options());
    padded.push_back(padding_side == "right" ? cat({s, filling}) : cat({filling, s}));
  }
  return stack(padded, batch_first ? 0 : 1);
}

std::vector<Tensor> unpad_sequence(const Tensor& padded, const Tensor& lengths, bool batch_first) {
  const Tensor sequences = batch_first ? padded : padded.transpose(0, 1);
  const Sizes sizes = values_of(lengths);
  check<ShapeError>(static_cast<std::int64_t>(sizes.size()) == sequences.size(0),
                    "unpad_sequence: {} lengths for {} sequences", sizes.size(), sequences.size(0));
  std::vector<Tensor> out;
  for (std::size_t i = 0; i < sizes.size(); ++i)
    out.push_back(sequences.select(0, static_cast<std::int64_t>(i)).narrow(0, 0, sizes[i]));
  return out;
}

PackedSequence pack_sequence(TensorList sequences, bool enforce_sorted) {
  Sizes lengths;
  for (const Tensor& s : sequences) lengths.push_back(s.size(0));
  return pack_padded_sequence(pad_sequence(sequences), tensor_of(lengths), false, enforce_sorted);
}

std::vector<Tensor> unpack_sequence(const PackedSequence& packed) {
  const auto [padded, lengths] = pad_packed_sequence(packed, true);
  return unpad_sequence(padded, lengths, true);
}

}  // namespace ballast::nn::utils::rnn
