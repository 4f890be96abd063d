#include "ballast/ops/copy.h"

#include <cstring>

#include "ballast/autograd/tape.h"
#include "ballast/core/strided_loop.h"
#include "ballast/ops/factories.h"
#include "ballast/ops/inplace.h"
#include "ballast/ops/result_layout.h"
#include "ballast/ops/scalar_value.h"

#ifdef __SSE2__
#include <emmintrin.h>
#endif

namespace ballast {
namespace {

/// Blocks of at least this many bytes are written past the caches: they would only push out what is in them.
constexpr std::int64_t kStreamFrom = std::int64_t{4} << 20;

/// 16 bytes of pattern, again and again over `n` bytes; the pattern's phase is that of `to`.
void fill_block(std::byte* to, const std::array<std::byte, 16>& pattern, std::int64_t n) {
  const auto length = static_cast<std::size_t>(n);
  if (std::all_of(pattern.begin(), pattern.end(), [&](std::byte b) { return b == pattern[0]; })) {
    std::memset(to, std::to_integer<int>(pattern[0]), length);
    return;
  }
  std::size_t done = 0;
#ifdef __SSE2__
  if (n >= kStreamFrom) {
    const std::size_t head = (16 - reinterpret_cast<std::uintptr_t>(to) % 16) % 16;
    std::memcpy(to, pattern.data(), head);
    std::array<std::byte, 16> turned;
    for (std::size_t i = 0; i < 16; ++i) turned[i] = pattern[(i + head) % 16];
    const __m128i block = _mm_loadu_si128(reinterpret_cast<const __m128i*>(turned.data()));
    for (done = head; done + 64 <= length; done += 64) {
      auto* at = reinterpret_cast<__m128i*>(to + done);
      _mm_stream_si128(at, block);
      _mm_stream_si128(at + 1, block);
      _mm_stream_si128(at + 2, block);
      _mm_stream_si128(at + 3, block);
    }
    _mm_sfence();
  }
#endif
  for (; done + 16 <= length && done % 16 == 0; done += 16) std::memcpy(to + done, pattern.data(), 16);
  for (; done < length; ++done) to[done] = pattern[done % 16];
}

template <class T>
void fill_with(const Tensor& t, T value) {
  if (is_non_overlapping_and_dense(t.sizes(), t.strides())) {
    std::array<std::byte, 16> pattern;
    for (std::size_t i = 0; i < 16; i += sizeof(T)) std::memcpy(pattern.data() + i, &value, sizeof(T));
    auto* const to = static_cast<std::byte*>(t.data_ptr());
    const auto fill_range = [&](std::int64_t begin, std::int64_t end) {
      constexpr std::int64_t kSize = sizeof(T);
      fill_block(to + begin * kSize, pattern, (end - begin) * kSize);
    };
    if (t.numel() < 2 * kElementGrain) return fill_range(0, t.numel());
    return parallel_for(t.numel(), kElementGrain, fill_range);
  }
  StridedLoop<1>(t.sizes(), {operand(t)})
      .run([&](std::byte* const* p, const std::int64_t* step, std::int64_t n) {
        for (std::int64_t i = 0; i < n; ++i) store(p[0] + i * step[0], value);
      });
}

/// A single element of a small floating type is rounded unchecked, as in PyTorch; more than one complex32 are checked to be
/// complex64.
template <class T>
T element_to_fill(const Scalar& value, std::int64_t count) {
  if constexpr (std::is_same_v<T, ComplexHalf>) {
    if (count != 1) return convert_element<T>(checked_element<std::complex<float>>(value));
  } else if constexpr (detail::is_small_float<T>) {
    if (count == 1) return rounded_element<T>(value);
  }
  return checked_element<T>(value);
}

}  // namespace

namespace detail {

void fill(const Tensor& out, const Scalar& value) {
  visit_dtype(out.dtype(), [&]<class T>(std::type_identity<T>) {
    const T element = element_to_fill<T>(value, out.numel());
    if (!out.is_meta() && out.numel() > 0) fill_with(out, element);
  });
}

}  // namespace detail

const Tensor& Tensor::fill_(const Scalar& value) const {
  begin_overwrite(*this, "FillBackward0");
  detail::fill(*this, value);
  return *this;
}

const Tensor& Tensor::fill_(const Tensor& value) const {
  check<ShapeError>(value.dim() == 0,
                    "fill_ only supports 0-dimension value tensor but got tensor with {} dimensions.",
                    value.dim());
  InplaceTape tape(*this, value);
  if (!is_meta()) copy_elements(*this, value.expand(sizes()));
  if (tape.on())
    tape.record("FillBackward1", *this, saved(), [](Backward& b) {
      if (b.wants(1)) b.give(1, b.grad().sum());
    });
  return *this;
}

const Tensor& Tensor::zero_() const { return fill_(0); }

const Tensor& Tensor::copy_(const Tensor& src, bool /*non_blocking*/) const {
  if (is_same(src)) return *this;
  InplaceTape tape(*this, src);
  check_inplace(*this);
  check_broadcasts_into(*this, src.sizes());
  if (!is_meta()) {
    check<NotImplementedError>(!src.is_meta(), "Cannot copy out of meta tensor; no data!");
    check_no_partial_overlap(*this, src);
    copy_elements(*this, src.sizes() == sizes() ? src : src.expand(sizes()));
  }
  if (tape.on())
    tape.record("CopyBackwards", *this, saved(), [](Backward& b) {
      if (b.wants(1)) b.give(1, b.grad());
    });
  return *this;
}

Tensor& Tensor::operator=(const Tensor& o) && {
  copy_(o);
  return *this;
}

Tensor& Tensor::operator=(Tensor&& o) && {  // NOLINT(performance-noexcept-move-constructor): it copies values
  copy_(o);
  return *this;
}

Tensor& Tensor::operator=(const Scalar& value) && {
  fill_(value);
  return *this;
}

namespace {

/// `copy`, which has the elements of `self`, recorded as such.
Tensor recorded_copy(const Tape<1>& tape, const char* name, Tensor copy) {
  if (tape.on() && (copy.is_floating_point() || copy.is_complex()))
    tape.record(name, copy, saved(), [](Backward& b) { b.give(0, b.grad()); });
  return copy;
}

}  // namespace

Tensor Tensor::clone() const {
  const Tape tape(*this);
  Tensor out = empty_like(*this);
  copy_elements(out, *this);
  return recorded_copy(tape, "CloneBackward0", std::move(out));
}

Tensor Tensor::contiguous() const {
  if (is_contiguous()) return *this;
  const Tape tape(*this);
  Tensor out = empty(sizes(), options());
  copy_elements(out, *this);
  return recorded_copy(tape, "CloneBackward0", std::move(out));
}

Tensor Tensor::to(const TensorOptions& o, bool /*non_blocking*/, bool copy) const {
  check<ValueError>(
      !o.requires_grad(),
      "to(options) expects unset requires_grad flag, but got options.requires_grad set as true");
  const DType to_dtype = o.dtype_or(dtype());
  const Device to_device = o.has_device() ? o.device() : device();
  if (!copy && to_dtype == dtype() && to_device.type == device().type) return *this;
  check<NotImplementedError>(!is_meta() || to_device.is_meta(), "Cannot copy out of meta tensor; no data!");
  const Tape tape(*this);
  Tensor out = empty_strided(sizes(), converted_strides(sizes(), strides()),
                             TensorOptions(to_dtype).device(to_device));
  copy_elements(out, *this);
  return recorded_copy(tape, "ToCopyBackward0", std::move(out));
}

Tensor Tensor::to(DType to_dtype, bool non_blocking, bool copy) const {
  return to(TensorOptions(to_dtype), non_blocking, copy);
}
Tensor Tensor::to(Device to_device, bool non_blocking, bool copy) const {
  return to(TensorOptions(to_device), non_blocking, copy);
}
Tensor Tensor::to(Device to_device, DType to_dtype, bool non_blocking, bool copy) const {
  return to(TensorOptions(to_dtype).device(to_device), non_blocking, copy);
}
Tensor Tensor::to(const Tensor& like) const { return to(TensorOptions(like.dtype()).device(like.device())); }
Tensor Tensor::type_as(const Tensor& o) const { return to(o); }

Tensor Tensor::repeat(IntArrayRef times) const {
  check<ShapeError>(
      times.size() >= sizes().size(),
      "Number of dimensions of repeat dims can not be smaller than number of dimensions of tensor");
  // The result seen as [t0, s0, t1, s1, ...] is one broadcast copy of [1, s0, 1, s1, ...].
  const std::size_t added = times.size() - sizes().size();
  Dims result, split, spread;
  for (std::size_t i = 0; i < times.size(); ++i) {
    const std::int64_t size = i < added ? 1 : sizes()[i - added];
    const auto product = checked_mul(times[i], size);
    check<ShapeError>(product.has_value(), "repeat: {} times size {} does not fit into 64 bits", times[i],
                      size);
    result.push_back(*product);
    split.push_back(1);
    split.push_back(size);
    spread.push_back(times[i]);
    spread.push_back(size);
  }
  const Tape tape(*this);
  Tensor out = empty(result, options());
  if (out.numel() > 0) copy_elements(out.view(spread), reshape(split).expand(spread));
  if (tape.on()) {
    // The gradients of the repetitions, added up: every other dimension of the split result.
    tape.record("RepeatBackward0", out, saved(), [spread, own = Dims(sizes())](Backward& b) {
      Dims repeated;
      for (std::size_t d = 0; d < spread.size(); d += 2) repeated.push_back(static_cast<std::int64_t>(d));
      b.give(0, repeated.empty() ? b.grad() : b.grad().reshape(spread).sum(repeated).reshape(own));
    });
  }
  return out;
}

Tensor clone(const Tensor& self) { return self.clone(); }
Tensor repeat(const Tensor& self, IntArrayRef times) { return self.repeat(times); }

}  // namespace ballast
