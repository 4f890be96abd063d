#include "ballast/checkpoint/bytes/tensor_pieces.h"

#include <algorithm>

#include "ballast/core/mapped_pages.h"

namespace ballast::checkpoint {
namespace {

constexpr std::size_t kLargest = std::size_t{4} << 20;
constexpr std::int64_t kBuffer = std::int64_t{1} << 20;

using Use = std::function<void(const std::byte*, std::size_t)>;

void hand_out(const Tensor& t, const Use& use) {
  const auto begin = static_cast<std::uint64_t>(t.storage_offset() * t.itemsize());
  each_piece(t.storage(), begin, begin + static_cast<std::uint64_t>(t.numel() * t.itemsize()), use);
}

/// The pieces of a view: some neighbours along one dimension, and all of the dimensions behind it.
class Pieces {
 public:
  Pieces(const TensorValue& value, const Use& use) : value_(value), use_(use) {
    const IntArrayRef sizes = value.tensor.sizes();
    const std::int64_t most = std::max<std::int64_t>(1, kBuffer / value.tensor.itemsize());
    split_ = sizes.size();
    while (split_ > 0 && inner_ * sizes[split_ - 1] <= most) inner_ *= sizes[--split_];
    at_once_ = std::max<std::int64_t>(1, most / inner_);
  }

  void run() {
    const Tensor& t = value_.tensor;
    if (split_ == 0) return give(t.storage_offset(), 0);
    // `split_ - 1` is the dimension that is cut; those before it are counted through, the last one fastest.
    const std::size_t cut = split_ - 1;
    Dims index(cut);
    for (;;) {
      std::int64_t offset = t.storage_offset();
      for (std::size_t d = 0; d < cut; ++d) offset += index[d] * t.strides()[d];
      for (std::int64_t at = 0; at < t.sizes()[cut]; at += at_once_)
        give(offset + at * t.strides()[cut], std::min(at_once_, t.sizes()[cut] - at));
      std::size_t d = cut;
      while (d > 0 && ++index[d - 1] == t.sizes()[d - 1]) index[--d] = 0;
      if (d == 0) return;
    }
  }

 private:
  void give(std::int64_t offset, std::int64_t rows) {
    const Tensor& t = value_.tensor;
    Dims sizes;
    Dims strides;
    if (rows > 0) {
      sizes.push_back(rows);
      strides.push_back(t.strides()[split_ - 1]);
    }
    for (std::size_t d = split_; d < t.sizes().size(); ++d) {
      sizes.push_back(t.sizes()[d]);
      strides.push_back(t.strides()[d]);
    }
    TensorValue piece;
    piece.tensor = empty(sizes, TensorOptions(t.dtype()));
    copy_elements(piece.tensor, t.data().alias(sizes, strides, offset));
    piece.conj = value_.conj;
    piece.neg = value_.neg;
    hand_out(piece.resolved(), use_);
  }

  const TensorValue& value_;
  const Use& use_;
  std::size_t split_ = 0;
  std::int64_t inner_ = 1;    // elements of the dimensions that are never cut
  std::int64_t at_once_ = 1;  // of the dimension that is
};

}  // namespace

void each_piece(const Storage& storage, std::uint64_t begin, std::uint64_t end, const Use& use) {
  const bool mapped = storage.kind() == StorageImpl::Kind::kMapped;
  for (std::uint64_t at = begin; at < end; at += kLargest) {
    const std::byte* const bytes = storage.data() + at;
    const std::size_t n = std::min<std::uint64_t>(kLargest, end - at);
    if (mapped) expect_pages(bytes, n);
    use(bytes, n);
  }
}

void each_piece(const TensorValue& value, const Use& use) {
  if (value.tensor.numel() == 0) return;
  if (value.tensor.is_contiguous() && !value.conj && !value.neg) return hand_out(value.tensor, use);
  Pieces(value, use).run();
}

}  // namespace ballast::checkpoint
