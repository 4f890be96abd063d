#include "ballast/ops/packed_rows.h"

#include <cstring>
#include <vector>

#include "ballast/autograd/tape.h"
#include "ballast/ops/copy.h"

namespace ballast {
namespace {

std::int64_t checked_rows(IntArrayRef batch_sizes, const char* name) {
  std::int64_t rows = 0;
  for (std::size_t t = 0; t < batch_sizes.size(); ++t) {
    check<ShapeError>(batch_sizes[t] >= 0 && (t == 0 || batch_sizes[t] <= batch_sizes[t - 1]),
                      "{}(): batch sizes must not grow, but are {}", name, Shown{batch_sizes});
    rows += batch_sizes[t];
  }
  return rows;
}

/// Copies of whole rows between two row-major tensors whose rows have one size; nothing on meta.
class RowCopy {
 public:
  RowCopy(const Tensor& to, const Tensor& from, std::int64_t row_elements)
      : to_(static_cast<std::byte*>(to.data_ptr())),
        from_(static_cast<const std::byte*>(from.data_ptr())),
        bytes_(to.is_meta() ? 0 : row_elements * from.itemsize()) {}
  void operator()(std::int64_t to, std::int64_t from, std::int64_t n) const {
    if (bytes_ * n > 0)
      std::memcpy(to_ + to * bytes_, from_ + from * bytes_, static_cast<std::size_t>(bytes_ * n));
  }

 private:
  std::byte* to_;
  const std::byte* from_;
  std::int64_t bytes_;
};

}  // namespace

Tensor pack_rows(const Tensor& padded, IntArrayRef batch_sizes) {
  const std::int64_t rows = checked_rows(batch_sizes, "pack_rows");
  const auto steps = static_cast<std::int64_t>(batch_sizes.size());
  check<ShapeError>(
      padded.dim() >= 2 && steps > 0 && steps <= padded.size(0) && batch_sizes[0] <= padded.size(1),
      "pack_rows(): a padded batch of {} does not fit batch sizes {}", Shown{padded.sizes()},
      Shown{batch_sizes});
  const Tape tape(padded);
  const Tensor from = padded.contiguous();
  const IntArrayRef rest = from.sizes().slice(2, from.sizes().size() - 2);
  Dims sizes(rest);
  sizes.insert(0, rows);
  Tensor out = empty(sizes, from.options());
  const RowCopy copy(out, from, numel_of(rest));
  std::int64_t at = 0;
  for (std::int64_t t = 0; t < steps; ++t) {
    const std::int64_t n = batch_sizes[static_cast<std::size_t>(t)];
    copy(at, t * from.sizes()[1], n);
    at += n;
  }
  if (tape.on()) {
    tape.record("PackPaddedSequenceBackward0", out, saved(),
                [batch_sizes = batch_sizes.vec(), own = Dims(padded.sizes())](Backward& b) {
                  Tensor grad = unpack_rows(b.grad(), batch_sizes, own[0]);
                  if (grad.size(1) < own[1]) {
                    throw NotImplementedError("pack_rows: no gradient for sequences that have no row at all");
                  }
                  b.give(0, std::move(grad));
                });
  }
  return out;
}

Tensor unpack_rows(const Tensor& packed, IntArrayRef batch_sizes, std::int64_t steps, const Scalar& value) {
  const std::int64_t rows = checked_rows(batch_sizes, "unpack_rows");
  const auto own_steps = static_cast<std::int64_t>(batch_sizes.size());
  check<ShapeError>(packed.dim() >= 1 && own_steps > 0 && own_steps <= steps && packed.size(0) == rows,
                    "unpack_rows(): packed rows of {} do not fit batch sizes {} and {} steps",
                    Shown{packed.sizes()}, Shown{batch_sizes}, steps);
  const Tape tape(packed);
  const Tensor from = packed.contiguous();
  const IntArrayRef rest = from.sizes().slice(1, from.sizes().size() - 1);
  Dims sizes(rest);
  sizes.insert(0, batch_sizes[0]);
  sizes.insert(0, steps);
  Tensor out = empty(sizes, from.options());
  if (rows < steps * batch_sizes[0]) detail::fill(out, value);
  const RowCopy copy(out, from, numel_of(rest));
  std::int64_t at = 0;
  for (std::int64_t t = 0; t < own_steps; ++t) {
    const std::int64_t n = batch_sizes[static_cast<std::size_t>(t)];
    copy(t * batch_sizes[0], at, n);
    at += n;
  }
  if (tape.on()) {
    tape.record("PadPackedSequenceBackward0", out, saved(), [batch_sizes = batch_sizes.vec()](Backward& b) {
      b.give(0, pack_rows(b.grad(), batch_sizes));
    });
  }
  return out;
}

Tensor turn_sequences(const Tensor& packed, IntArrayRef batch_sizes) {
  const std::int64_t rows = checked_rows(batch_sizes, "turn_sequences");
  check<ShapeError>(packed.dim() >= 1 && packed.size(0) == rows && !batch_sizes.empty(),
                    "turn_sequences(): packed rows of {} do not fit batch sizes {}", Shown{packed.sizes()},
                    Shown{batch_sizes});
  const Tape tape(packed);
  const Tensor from = packed.contiguous();
  Tensor out = empty(from.sizes(), from.options());
  std::vector<std::int64_t> start(batch_sizes.size());
  for (std::size_t t = 1; t < start.size(); ++t) start[t] = start[t - 1] + batch_sizes[t - 1];
  const RowCopy copy(out, from, numel_of(from.sizes().slice(1, from.sizes().size() - 1)));
  // Sequences of one length turn together, the longest ones first.
  std::size_t length = batch_sizes.size();
  for (std::int64_t b = 0; b < batch_sizes[0];) {
    while (batch_sizes[length - 1] <= b) --length;
    const std::int64_t end = batch_sizes[length - 1];
    for (std::size_t t = 0; t < length; ++t) copy(start[t] + b, start[length - 1 - t] + b, end - b);
    b = end;
  }
  if (tape.on()) {
    tape.record("FlipBackward0", out, saved(), [batch_sizes = batch_sizes.vec()](Backward& b) {
      b.give(0, turn_sequences(b.grad(), batch_sizes));
    });
  }
  return out;
}

}  // namespace ballast
