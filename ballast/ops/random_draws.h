// How samplers go through a tensor. Internal to ops/random_*.cpp.
//
//   draw_each<2>(generator, out, cost, [](const std::uint32_t* words) { return value_of(u53(words)); });
//
// Element-wise samplers take a fixed number of words an element, in the order of the tensor's memory (StridedLoop's), so
// that work can be split over threads: a thread's engine goes past the words of those before it.
#pragma once

#include <cstdint>
#include <mutex>
#include <string_view>
#include <vector>

#include "ballast/core/convert_element.h"
#include "ballast/core/generator.h"
#include "ballast/core/strided_loop.h"

namespace ballast::detail {

/// The low 24 bits of a word as a number in [0, 1).
inline float u24(std::uint32_t word) { return static_cast<float>(word & 0xFFFFFFu) * 0x1p-24f; }
/// The low 53 bits of two words, of which the first is the high half, as a number in [0, 1).
inline double u53(std::uint64_t word) {
  return static_cast<double>(static_cast<std::int64_t>(word & 0x1FFFFFFFFFFFFFu)) * 0x1p-53;
}
inline std::uint64_t join(const std::uint32_t* words) { return std::uint64_t{words[0]} << 32 | words[1]; }
inline double u53(const std::uint32_t* words) { return u53(join(words)); }

/// The type that a sampler computes in: float for the 16-bit types.
template <class T>
using Compute = std::conditional_t<std::is_same_v<T, double>, double, float>;

/// Calls `f(std::type_identity<T>{})` for double, float, Half and BFloat16; else NotImplementedError with PyTorch's text.
template <class F>
void visit_floating(DType dtype, std::string_view kernel, const F& f) {
  switch (dtype) {
    case kFloat32:
      return f(std::type_identity<float>{});
    case kFloat64:
      return f(std::type_identity<double>{});
    case kFloat16:
      return f(std::type_identity<Half>{});
    case kBFloat16:
      return f(std::type_identity<BFloat16>{});
    default:
      break;
  }
  throw NotImplementedError(fmt::format("\"{}\" not implemented for '{}'", kernel, dtype_error_name(dtype)));
}

/// The same for the floating and the integer types of PyTorch's older half; bool too if asked for.
template <bool kWithBool, class F>
void visit_common(DType dtype, std::string_view kernel, const F& f) {
  switch (dtype) {
    case kUInt8:
      return f(std::type_identity<std::uint8_t>{});
    case kInt8:
      return f(std::type_identity<std::int8_t>{});
    case kInt16:
      return f(std::type_identity<std::int16_t>{});
    case kInt32:
      return f(std::type_identity<std::int32_t>{});
    case kInt64:
      return f(std::type_identity<std::int64_t>{});
    case kBool:
      if constexpr (kWithBool) return f(std::type_identity<bool>{});
      break;
    default:
      return visit_floating(dtype, kernel, f);
  }
  throw NotImplementedError(fmt::format("\"{}\" not implemented for '{}'", kernel, dtype_error_name(dtype)));
}

/// Runs `part(engine, begin, end)` over [0, n), of which every element takes `words` words, and leaves `engine` behind the
/// last. Large n are cut at multiples of `align` over the threads; `skip` is what going past an element's words costs,
/// as a share of drawing it, and makes later parts shorter.
template <class Part>
void draw_in_parts(Mt19937& engine, std::int64_t n, int words, double skip, std::int64_t align,
                   const Part& part) {
  constexpr std::int64_t kParallelFrom = std::int64_t{1} << 21;
  if (n < kParallelFrom || get_num_threads() == 1) return part(engine, std::int64_t{0}, n);
  std::vector<double> ends;
  double share = 1;
  // A part a tenth as long as the first is not worth a thread.
  for (double sum = 0; static_cast<int>(ends.size()) < get_num_threads() && share > 0.1; share *= 1 - skip) {
    ends.push_back(sum += share);
  }
  const auto cut = [&](std::size_t i) {
    if (i == ends.size()) return n;
    return i == 0 ? 0
                  : static_cast<std::int64_t>(static_cast<double>(n) * (ends[i - 1] / ends.back())) / align *
                        align;
  };
  // A thread writes to its engine all the time: on a cache line that two engines share they would wait for each other.
  struct alignas(128) Own {
    Mt19937 engine;
  };
  std::vector<Own> own(ends.size(), Own{engine});
  parallel_tasks(static_cast<int>(ends.size()), [&](int i) {
    const auto t = static_cast<std::size_t>(i);
    own[t].engine.discard(static_cast<std::uint64_t>(cut(t)) * static_cast<std::uint64_t>(words));
    part(own[t].engine, cut(t), cut(t + 1));
  });
  engine = own.back().engine;
}

/// Tempered words drawn ahead, as many as will be used and no more.
template <int kWords>
class WordBuffer {
 public:
  WordBuffer(Mt19937& engine, std::int64_t elements) : engine_(engine), rest_(elements) {}

  /// The words of the next elements, at least one and at most `most`.
  std::span<const std::uint32_t> next(std::int64_t most) {
    if (at_ == have_) {
      have_ = std::min(rest_, kRoom);
      at_ = 0;
      rest_ -= have_;
      engine_.fill(std::span(words_.data(), static_cast<std::size_t>(have_ * kWords)));
    }
    const std::int64_t n = std::min(most, have_ - at_);
    const std::span out(words_.data() + at_ * kWords, static_cast<std::size_t>(n * kWords));
    at_ += n;
    return out;
  }

 private:
  static constexpr std::int64_t kRoom = Mt19937::kWords / kWords;
  Mt19937& engine_;
  std::int64_t rest_, have_ = 0, at_ = 0;
  std::array<std::uint32_t, Mt19937::kWords> words_;
};

/// Writes `value(words)` into every element of `out`. The caller holds the generator's lock.
template <int kWords, class Value>
void draw_each(Mt19937& engine, const Tensor& out, double skip, const Value& value) {
  using T = decltype(value(static_cast<const std::uint32_t*>(nullptr)));
  const StridedLoop<1> loop(out.sizes(), {operand(out)});
  draw_in_parts(
      engine, loop.total(), kWords, skip, 1, [&](Mt19937& own, std::int64_t begin, std::int64_t end) {
        WordBuffer<kWords> buffer(own, end - begin);
        loop.run_range(begin, end, [&](std::byte* const* p, const std::int64_t* step, std::int64_t n) {
          std::byte* to = p[0];
          const std::int64_t by = step[0];
          for (std::int64_t i = 0; i < n;) {
            const auto words = buffer.next(n - i);
            const std::int64_t m = static_cast<std::int64_t>(words.size()) / kWords;
            for (std::int64_t k = 0; k < m; ++k, to += by) store<T>(to, value(words.data() + k * kWords));
            i += m;
          }
        });
      });
}

/// What exponential_ and its like share: a double of one u53 an element, converted.
template <class T, class Value>
void draw_each_u53(Mt19937& engine, const Tensor& out, const Value& value) {
  draw_each<2>(engine, out, 0.02,
               [&](const std::uint32_t* words) { return convert_element<T>(value(u53(words))); });
}

}  // namespace ballast::detail
