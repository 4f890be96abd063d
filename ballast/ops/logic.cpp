#include <functional>

#include "ballast/ops/comparison.h"
#include "ballast/ops/elementwise.h"

namespace ballast {
namespace {

constexpr DTypeSet kTruths = kBools | kIntegers | kReals | kComplexes;
constexpr DTypeSet kBits = kBools | kIntegers | kWideUnsigned;

template <class T>
bool truth(T x) {
  return x != T(0);
}

struct Not {
  static constexpr const char* kName = "logical_not_cpu";
  static constexpr DTypeSet kTypes = kTruths;
  template <class T>
  bool operator()(T x) const {
    return !truth(x);
  }
};
struct And {
  static constexpr const char* kName = "logical_and_cpu";
  static constexpr DTypeSet kTypes = kTruths;
  template <class T>
  bool operator()(T a, T b) const {
    return truth(a) && truth(b);
  }
};
struct Or {
  static constexpr const char* kName = "logical_or_cpu";
  static constexpr DTypeSet kTypes = kTruths;
  template <class T>
  bool operator()(T a, T b) const {
    return truth(a) || truth(b);
  }
};
struct Xor {
  static constexpr const char* kName = "logical_xor_cpu";
  static constexpr DTypeSet kTypes = kTruths;
  template <class T>
  bool operator()(T a, T b) const {
    return truth(a) != truth(b);
  }
};

struct BitNot {
  static constexpr const char* kName = "bitwise_not_cpu";
  static constexpr DTypeSet kTypes = kBools | kIntegers;
  template <class T>
  T operator()(T x) const {
    if constexpr (std::is_same_v<T, bool>) {
      return !x;
    } else {
      return static_cast<T>(~x);
    }
  }
};

template <class F>
struct Bits {
  static constexpr DTypeSet kTypes = kBits;
  template <class T>
  T operator()(T a, T b) const {
    return static_cast<T>(F{}(a, b));
  }
};
struct BitAnd : Bits<std::bit_and<>> {
  static constexpr const char* kName = "bitwise_and_cpu";
};
struct BitOr : Bits<std::bit_or<>> {
  static constexpr const char* kName = "bitwise_or_cpu";
};
struct BitXor : Bits<std::bit_xor<>> {
  static constexpr const char* kName = "bitwise_xor_cpu";
};

template <class Op>
Tensor bits(const Operand& a, const Operand& b) {
  return binary(a, b, broadcast_type(a, b), Op{});
}
template <class Op>
Tensor logic(const Tensor& a, const Tensor& b) {
  return binary(a, b, broadcast_type(a, b), Op{}, kBool);
}

}  // namespace

Tensor Tensor::logical_not() const { return unary(*this, dtype(), Not{}, kBool); }
Tensor Tensor::bitwise_and(const Tensor& o) const { return bits<BitAnd>(*this, o); }
Tensor Tensor::bitwise_or(const Tensor& o) const { return bits<BitOr>(*this, o); }

Tensor logical_not(const Tensor& self) { return self.logical_not(); }
Tensor logical_and(const Tensor& self, const Tensor& other) { return logic<And>(self, other); }
Tensor logical_or(const Tensor& self, const Tensor& other) { return logic<Or>(self, other); }
Tensor logical_xor(const Tensor& self, const Tensor& other) { return logic<Xor>(self, other); }
Tensor bitwise_not(const Tensor& self) { return unary(self, self.dtype(), BitNot{}); }
Tensor bitwise_and(const Tensor& self, const Tensor& other) { return self.bitwise_and(other); }
Tensor bitwise_and(const Tensor& self, const Scalar& other) { return bits<BitAnd>(self, other); }
Tensor bitwise_or(const Tensor& self, const Tensor& other) { return self.bitwise_or(other); }
Tensor bitwise_or(const Tensor& self, const Scalar& other) { return bits<BitOr>(self, other); }
Tensor bitwise_xor(const Tensor& self, const Tensor& other) { return bits<BitXor>(self, other); }
Tensor bitwise_xor(const Tensor& self, const Scalar& other) { return bits<BitXor>(self, other); }

}  // namespace ballast
