// Vectors as wide as the instruction set has them, grouped so that results do not depend on that width. Everything has
// internal linkage: a file built for AVX-512 must not lend its code to others. Internal.
//
//   auto sum = Lanes<T>::all(0);
//   for (; i + Lanes<T>::kCount <= n; i += Lanes<T>::kCount) sum.add(Lanes<T>::load(x + i));
//   const T total = sum.join([](T a, T b) { return a + b; });
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <type_traits>

namespace ballast::detail {
namespace {

#if defined(__AVX512F__)
constexpr std::size_t kRegisterBytes = 64;
#elif defined(__AVX__)
constexpr std::size_t kRegisterBytes = 32;
#else
constexpr std::size_t kRegisterBytes = 16;
#endif

// The attribute needs a type that is known.
using FloatRegister = float __attribute__((vector_size(kRegisterBytes)));
using DoubleRegister = double __attribute__((vector_size(kRegisterBytes)));

/// 64 bytes of numbers in as many registers as that takes: a reduction runs in the same order whatever their width.
template <class T>
struct Lanes {
  using Register = std::conditional_t<sizeof(T) == sizeof(float), FloatRegister, DoubleRegister>;
  static constexpr std::int64_t kCount = 64 / sizeof(T);
  static constexpr std::size_t kRegisters = 64 / kRegisterBytes;
  Register part[kRegisters];

  static Lanes load(const T* p) {
    Lanes l;
    for (std::size_t i = 0; i < kRegisters; ++i) {
      std::memcpy(&l.part[i], p + i * (kRegisterBytes / sizeof(T)), kRegisterBytes);
    }
    return l;
  }
  static Lanes all(T x) {
    Lanes l;
    for (Register& r : l.part) r = Register{} + x;
    return l;
  }
  void operator+=(const Lanes& o) { add(o); }
  friend Lanes operator-(const Lanes& a, const Lanes& b) {
    Lanes l;
    for (std::size_t i = 0; i < kRegisters; ++i) l.part[i] = a.part[i] - b.part[i];
    return l;
  }
  friend Lanes operator*(const Lanes& a, const Lanes& b) {
    Lanes l;
    for (std::size_t i = 0; i < kRegisters; ++i) l.part[i] = a.part[i] * b.part[i];
    return l;
  }
  void add(const Lanes& o) {
    for (std::size_t i = 0; i < kRegisters; ++i) part[i] += o.part[i];
  }
  void add_product(const Lanes& a, const Lanes& b) {
    for (std::size_t i = 0; i < kRegisters; ++i) part[i] += a.part[i] * b.part[i];
  }
  void keep_larger(const Lanes& o) {
    for (std::size_t i = 0; i < kRegisters; ++i) part[i] = o.part[i] > part[i] ? o.part[i] : part[i];
  }
  void store(T* p) const {
    for (std::size_t i = 0; i < kRegisters; ++i) {
      std::memcpy(p + i * (kRegisterBytes / sizeof(T)), &part[i], kRegisterBytes);
    }
  }
  /// op over all lanes, by halves.
  template <class Op>
  T join(const Op& op) const {
    T values[kCount];
    store(values);
    for (std::int64_t half = kCount / 2; half > 0; half /= 2) {
      for (std::int64_t k = 0; k < half; ++k) values[k] = op(values[k], values[k + half]);
    }
    return values[0];
  }
};

}  // namespace
}  // namespace ballast::detail
