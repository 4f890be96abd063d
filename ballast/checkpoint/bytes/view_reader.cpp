#include "ballast/checkpoint/bytes/view_reader.h"

#include <algorithm>
#include <cstring>
#include <numeric>
#include <vector>

#include "ballast/core/shape.h"

namespace ballast::checkpoint {
namespace {

// Reading a few bytes that are not wanted is cheaper than asking the system once more.
constexpr std::uint64_t kGap = 4096;
constexpr std::uint64_t kWindow = std::uint64_t{1} << 20;
constexpr std::size_t kRunsInWindow = std::size_t{1} << 16;

/// The dimensions from the longest stride to the shortest: the order in which the elements stand in the file.
std::vector<std::size_t> file_order(const StridedView& view) {
  std::vector<std::size_t> order(view.sizes.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::stable_sort(order.begin(), order.end(), [&](std::size_t a, std::size_t b) {
    // A dimension of one element may have any stride, and stays where it is between others only by luck: last.
    const bool one_a = view.sizes[a] == 1;
    const bool one_b = view.sizes[b] == 1;
    if (one_a || one_b) return !one_a && one_b;
    return view.strides[a] > view.strides[b];
  });
  return order;
}

/// Whether row-major order is the order of the file.
bool is_in_file_order(const StridedView& view) {
  std::int64_t longer = std::numeric_limits<std::int64_t>::max();
  for (std::size_t d = 0; d < view.sizes.size(); ++d) {
    if (view.sizes[d] == 1) continue;
    if (view.strides[d] > longer) return false;
    longer = view.strides[d];
  }
  return true;
}

/// The elements of a view in a given order of its dimensions, as runs of bytes that follow each other.
class Runs {
 public:
  Runs(const StridedView& view, const std::vector<std::size_t>& order, std::uint64_t itemsize) {
    length_ = 1;
    std::size_t inner = order.size();
    while (inner > 0) {
      const std::size_t d = order[inner - 1];
      if (view.sizes[d] != 1 && view.strides[d] != static_cast<std::int64_t>(length_)) break;
      length_ *= static_cast<std::uint64_t>(view.sizes[d]);
      --inner;
    }
    for (std::size_t i = 0; i < inner; ++i) {
      sizes_.push_back(static_cast<std::uint64_t>(view.sizes[order[i]]));
      steps_.push_back(static_cast<std::uint64_t>(view.strides[order[i]]) * itemsize);
    }
    length_ *= itemsize;
    at_ = static_cast<std::uint64_t>(view.offset) * itemsize;
    position_.resize(sizes_.size());
  }

  [[nodiscard]] std::uint64_t length() const noexcept { return length_; }  ///< of each, in bytes
  [[nodiscard]] bool at_end() const noexcept { return at_end_; }
  [[nodiscard]] std::uint64_t at() const noexcept { return at_; }
  void next() {
    for (std::size_t d = sizes_.size(); d-- > 0;) {
      at_ += steps_[d];
      if (++position_[d] < sizes_[d]) return;
      at_ -= steps_[d] * sizes_[d];
      position_[d] = 0;
    }
    at_end_ = true;
  }

 private:
  std::uint64_t length_, at_;
  std::vector<std::uint64_t> sizes_, steps_, position_;
  bool at_end_ = false;
};

/// Reads the elements in the order of the runs, one after the other.
void read_runs(const StorageSource& source, Runs runs, std::byte* out) {
  std::vector<std::uint64_t> begins;  // of the runs in one window
  std::vector<std::byte> window;
  const std::uint64_t length = runs.length();
  while (!runs.at_end()) {
    begins.assign(1, runs.at());
    const std::uint64_t begin = runs.at();
    std::uint64_t end = begin + length;
    for (runs.next(); !runs.at_end(); runs.next()) {
      const bool near =
          runs.at() >= begin && runs.at() <= end + kGap && runs.at() + length <= begin + kWindow;
      if (!near || begins.size() == kRunsInWindow) break;
      begins.push_back(runs.at());
      end = std::max(end, runs.at() + length);
    }
    if (begins.size() == 1) {
      read_part(source, begin, length, out);
      out += length;
      continue;
    }
    window.resize(std::max<std::size_t>(window.size(), end - begin));
    read_part(source, begin, end - begin, window.data());
    for (const std::uint64_t b : begins) {
      std::memcpy(out, window.data() + (b - begin), length);
      out += length;
    }
  }
}

bool covers_storage(const StorageSource& source, DType dtype, const StridedView& view) {
  return view.offset == 0 && is_contiguous(view.sizes, view.strides) &&
         static_cast<std::uint64_t>(numel_of(view.sizes) * itemsize(dtype)) == source.size;
}

bool can_be_read_in_part(const StorageSource& source, DType dtype) {
  return source.in_place && (source.swap == 0 || itemsize(dtype) % source.swap == 0);
}

/// A tensor of its own with the elements of a view that is in memory, on memory that nobody else has.
Tensor of_whole_storage(const StorageSource& source, DType dtype, const StridedView& view) {
  const Storage all = Storage::allocate(source.size);
  read_storage(source, all.mutable_data());
  return tensor_on(all, dtype, view.sizes, view.strides, view.offset);
}

}  // namespace

Tensor read_view(const StorageSource& source, DType dtype, const StridedView& view) {
  const std::int64_t numel = numel_of(view.sizes);
  if (numel == 0) return empty(view.sizes, TensorOptions(dtype));
  const std::int64_t extent = storage_extent(view.sizes, view.strides, 0).value();
  const bool repeats = numel > extent;
  if (covers_storage(source, dtype, view)) return of_whole_storage(source, dtype, view);
  if (!can_be_read_in_part(source, dtype)) {
    Tensor whole = of_whole_storage(source, dtype, view);
    if (repeats) return whole;
    Tensor out = empty(view.sizes, TensorOptions(dtype));
    copy_elements(out, whole);
    return out;
  }
  const auto width = static_cast<std::uint64_t>(itemsize(dtype));
  if (repeats) {
    const Storage shown = Storage::allocate(static_cast<std::uint64_t>(extent) * width);
    read_part(source, static_cast<std::uint64_t>(view.offset) * width, shown.nbytes(), shown.mutable_data());
    return tensor_on(shown, dtype, view.sizes, view.strides, 0);
  }
  if (is_in_file_order(view)) {
    Tensor out = empty(view.sizes, TensorOptions(dtype));
    static_cast<void>(read_view_into(source, dtype, view, out.storage().mutable_data()));
    return out;
  }
  // In the order of the file first, then turned.
  const std::vector<std::size_t> order = file_order(view);
  const Storage turned = Storage::allocate(static_cast<std::uint64_t>(numel) * width);
  read_runs(source, Runs(view, order, width), turned.mutable_data());
  Dims strides(view.sizes.size());
  std::int64_t step = 1;
  for (std::size_t i = order.size(); i-- > 0;) {
    strides[order[i]] = step;
    step *= view.sizes[order[i]];
  }
  Tensor out = empty(view.sizes, TensorOptions(dtype));
  copy_elements(out, tensor_on(turned, dtype, view.sizes, strides, 0));
  return out;
}

bool read_view_into(const StorageSource& source, DType dtype, const StridedView& view, std::byte* out) {
  const std::int64_t numel = numel_of(view.sizes);
  if (numel == 0) return true;
  if (covers_storage(source, dtype, view)) {
    read_storage(source, out);
    return true;
  }
  const bool repeats = numel > storage_extent(view.sizes, view.strides, 0).value();
  if (repeats || !can_be_read_in_part(source, dtype) || !is_in_file_order(view)) return false;
  std::vector<std::size_t> order(view.sizes.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  read_runs(source, Runs(view, order, static_cast<std::uint64_t>(itemsize(dtype))), out);
  return true;
}

}  // namespace ballast::checkpoint
