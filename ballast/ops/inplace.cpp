#include "ballast/ops/inplace.h"

#include "ballast/autograd/tape.h"

namespace ballast {

void begin_overwrite(const Tensor& self, const char* name) {
  const InplaceTape tape(self);
  if (tape.on()) tape.record(name, self, saved(), [](Backward&) {});
}

bool repeats_an_address(const Tensor& t) {
  if (t.numel() == 0) return false;
  for (std::size_t d = 0; d < t.sizes().size(); ++d) {
    if (t.strides()[d] == 0 && t.sizes()[d] > 1) return true;
  }
  return false;
}

void check_inplace(const Tensor& self) {
  check<ShapeError>(
      !repeats_an_address(self),
      "unsupported operation: more than one element of the written-to tensor refers to a single "
      "memory location. Please clone() the tensor before performing the operation.");
}

void check_no_partial_overlap(const Tensor& written, const Tensor& read) {
  if (!written.storage().is_same(read.storage()) || written.is_meta()) return;
  if (written.numel() == 0 || read.numel() == 0) return;
  const auto begin = [](const Tensor& t) { return t.storage_offset() * t.itemsize(); };
  const auto end = [](const Tensor& t) {
    return storage_extent(t.sizes(), t.strides(), t.storage_offset()).value_or(0) * t.itemsize();
  };
  if (begin(written) == begin(read) && end(written) == end(read)) {
    const bool same_walk = written.sizes() == read.sizes() && written.strides() == read.strides();
    const bool dense = is_non_overlapping_and_dense(written.sizes(), written.strides()) &&
                       is_non_overlapping_and_dense(read.sizes(), read.strides());
    if (same_walk || !dense) return;  // what is not dense cannot be told apart cheaply
  } else if (end(written) <= begin(read) || end(read) <= begin(written) ||
             !is_non_overlapping_and_dense(written.sizes(), written.strides()) ||
             !is_non_overlapping_and_dense(read.sizes(), read.strides())) {
    return;
  }
  throw ShapeError(
      "unsupported operation: some elements of the input tensor and the written-to tensor refer to a single "
      "memory location. Please clone() the tensor before performing the operation.");
}

void check_broadcasts_into(const Tensor& self, IntArrayRef operand) {
  if (self.sizes() == operand || operand.empty()) return;
  const Dims shape = broadcast_shapes(self.sizes(), operand);
  check<ShapeError>(shape.ref() == self.sizes(), "output with shape {} doesn't match the broadcast shape {}",
                    Shown{self.sizes()}, Shown{shape});
}

}  // namespace ballast
