// How elementwise operations are made: an operation is a small struct that says for which types it exists and what it does
// to one element; the functions here promote, broadcast, allocate and walk.
//
//   struct Multiply {
//     static constexpr const char* kName = "mul_cpu";            // as error texts call it
//     static constexpr DTypeSet kTypes = kNumbers | kBools;
//     template <class T> T operator()(T a, T b) const { ... }    // T: float for the 16-bit floats, else the element type
//   };
//   Tensor product = binary(a, b, result_type(a, b), Multiply{});
//
// float16, bfloat16 and float8 are computed in float and rounded once (compute_type.h). Where an operation sets kTakesFloats, a
// right operand of one element enters such a computation unrounded, as in PyTorch (which has no such computation for float8).
#pragma once

#include <array>
#include <cstdint>
#include <string>

#include "ballast/core/convert_element.h"
#include "ballast/core/strided_loop.h"
#include "ballast/ops/compute_type.h"
#include "ballast/ops/inplace.h"
#include "ballast/ops/promotion.h"
#include "ballast/ops/result_layout.h"
#include "ballast/ops/scalar_value.h"

namespace ballast {

namespace detail {

template <class Op>
constexpr bool takes_floats() {
  if constexpr (requires { Op::kTakesFloats; }) {
    return Op::kTakesFloats;
  } else {
    return false;
  }
}

/// Where PyTorch's vector code gives another result than its code for what is left of a row, an operation has both: `in_block`
/// is for the leading elements of a dense row, as many as two vectors of 256 bits at a time take.
template <class Op, class T>
concept HasBlockForm = requires(const Op& op, compute_t<T> x) {
  op.in_block(x, x);
};
inline constexpr std::int64_t kBlockBytes = 64;

/// out = f(a, b) for elements `begin` to `end` of a row. The steps may be compile-time constants.
template <class Out, class A, class B>
void walk_row(std::byte* const* p, std::int64_t begin, std::int64_t end, const auto& f, auto out_step,
              auto a_step, auto b_step) {
  for (std::int64_t i = begin; i < end; ++i) {
    store(p[0] + i * out_step, convert_element<Out>(f(load_for_compute<A>(p[1] + i * a_step),
                                                      load_for_compute<B>(p[2] + i * b_step))));
  }
}

/// out = op(a, b) over one row.
template <class Out, class A, class B, class Op>
void binary_row(std::byte* const* p, const std::int64_t* step, std::int64_t n, const Op& op) {
  const auto walk_dense = [&](auto... steps) {
    std::int64_t begin = 0;
    if constexpr (HasBlockForm<Op, Out>) {
      constexpr std::int64_t kBlock = kBlockBytes / static_cast<std::int64_t>(sizeof(Out));
      begin = n / kBlock * kBlock;
      const auto in_block = [&](auto a, auto b) { return op.in_block(a, b); };
      walk_row<Out, A, B>(p, 0, begin, in_block, steps...);
    }
    walk_row<Out, A, B>(p, begin, n, op, steps...);
  };
  constexpr std::integral_constant<std::int64_t, sizeof(Out)> kOut;
  constexpr std::integral_constant<std::int64_t, sizeof(A)> kA;
  constexpr std::integral_constant<std::int64_t, sizeof(B)> kB;
  constexpr std::integral_constant<std::int64_t, 0> kSame;
  if (step[0] == kOut && step[1] == kA && step[2] == kB) return walk_dense(kOut, kA, kB);
  if (step[0] == kOut && step[1] == kA && step[2] == 0) return walk_dense(kOut, kA, kSame);
  if (step[0] == kOut && step[1] == 0 && step[2] == kB) return walk_dense(kOut, kSame, kB);
  walk_row<Out, A, B>(p, 0, n, op, step[0], step[1], step[2]);
}

/// out = op(a) over one row.
template <class Out, class A, class Op>
void unary_row(std::byte* const* p, const std::int64_t* step, std::int64_t n, const Op& op) {
  const auto walk = [&](auto out_step, auto a_step) {
    for (std::int64_t i = 0; i < n; ++i) {
      store(p[0] + i * out_step, convert_element<Out>(op(load_for_compute<A>(p[1] + i * a_step))));
    }
  };
  constexpr std::integral_constant<std::int64_t, sizeof(Out)> kOut;
  constexpr std::integral_constant<std::int64_t, sizeof(A)> kA;
  if (step[0] == kOut && step[1] == kA) return walk(kOut, kA);
  walk(step[0], step[1]);
}

/// A tensor of type `dtype` and the shape all operands broadcast to, laid out as they are once they have the type `computed`.
template <std::size_t N>
Tensor empty_result(const std::array<Operand, N>& operands, DType computed, DType dtype, bool meta) {
  Dims sizes;
  std::array<StridedOperand, N> layouts;
  std::array<Dims, N> converted;
  std::size_t tensors = 0;
  for (const Operand& o : operands) {
    if (o.is_number()) continue;
    sizes = tensors == 0               ? Dims(o.sizes())
            : sizes.ref() == o.sizes() ? sizes
                                       : broadcast_shapes(sizes, o.sizes());
    IntArrayRef strides = o.tensor().strides();
    if (o.dtype() != computed) {
      converted[tensors] = converted_strides(o.sizes(), strides);
      strides = converted[tensors];
    }
    layouts[tensors++] = {nullptr, o.sizes(), strides, o.tensor().itemsize()};
  }
  const TensorOptions options = TensorOptions(dtype).device(Device(meta ? kMeta : kCPU));
  return empty_strided(sizes, result_strides(sizes, {layouts.data(), tensors}, tensors < N), options);
}

/// One operand made ready to be walked as elements of type T, or, where it may be, as one float.
template <class T>
struct Prepared {
  Tensor converted;
  T element{};
  float real = 0;
  StridedOperand walk;

  Prepared(const Operand& o, bool as_float) {
    if (as_float) {
      real = o.is_number() ? wrapped_element<float>(o.number())
                           : o.tensor().reshape({}).to(kFloat32).item<float>();
      walk = constant_operand(real);
    } else if (o.is_number()) {
      element = wrapped_element<T>(o.number());
      walk = constant_operand(element);
    } else if (o.dtype() == dtype_of<T>) {
      walk = operand(o.tensor());
    } else {
      converted = o.tensor().to(dtype_of<T>);
      walk = operand(converted);
    }
  }
  Prepared(const Prepared&) = delete;
  Prepared& operator=(const Prepared&) = delete;
  ~Prepared() = default;
};

/// Writes op(a, b), computed in `dtype`, to `out`, whose shape they broadcast to and whose type is the operation's.
template <class Op>
void binary_into(const Tensor& out, const Operand& a, const Operand& b, DType dtype, const Op& op) {
  if (out.is_meta()) return;
  if (takes_floats<Op>() && is_float8(dtype) && b.is_single())
    throw_not_implemented((std::string(Op::kName) + "_reduced_float").c_str(), dtype);
  visit_dtype_of<Op::kTypes>(dtype, Op::kName, [&]<class T>(std::type_identity<T>) {
    using Out =
        std::conditional_t<std::is_same_v<decltype(op(compute_t<T>(), compute_t<T>())), bool>, bool, T>;
    if (out.dtype() != dtype_of<Out>) {  // an in-place operation computes in a wider type than it writes
      const Tensor wide = empty(out.sizes(), dtype_of<Out>);
      binary_into(wide, a, b, dtype, op);
      return copy_elements(out, wide);
    }
    constexpr bool kFloats = takes_floats<Op>() && (std::is_same_v<T, Half> || std::is_same_v<T, BFloat16>);
    const bool b_float = kFloats && b.is_single() && b.dtype() != dtype_of<T>;
    const Prepared<T> left(a, false);
    const Prepared<T> right(b, b_float);
    const StridedLoop<3> loop(out.sizes(), {operand(out), left.walk, right.walk});
    using Pointers = std::byte* const*;
    using Steps = const std::int64_t*;
    if constexpr (kFloats) {
      if (b_float) {
        return loop.run([&](Pointers p, Steps s, std::int64_t n) { binary_row<Out, T, float>(p, s, n, op); });
      }
    }
    const auto row = [&](Pointers p, Steps s, std::int64_t n) { binary_row<Out, T, T>(p, s, n, op); };
    if constexpr (HasBlockForm<Op, Out>) {
      loop.run_aligned(kBlockBytes / static_cast<std::int64_t>(sizeof(Out)), row);
    } else {
      loop.run(row);
    }
  });
}

template <class Op>
void unary_into(const Tensor& out, const Tensor& a, DType dtype, const Op& op) {
  if (out.is_meta()) return;
  visit_dtype_of<Op::kTypes>(dtype, Op::kName, [&]<class T>(std::type_identity<T>) {
    using Result = decltype(op(compute_t<T>()));
    // bool for tests, the real type for abs of complex, else the element type
    using Out = std::conditional_t<
        std::is_same_v<Result, bool>, bool,
        std::conditional_t<is_complex_element<T> && std::is_floating_point_v<Result>,
                           std::conditional_t<std::is_same_v<T, ComplexHalf>, Half, Result>, T>>;
    if (out.dtype() != dtype_of<Out>) {
      const Tensor wide = empty(out.sizes(), dtype_of<Out>);
      unary_into(wide, a, dtype, op);
      return copy_elements(out, wide);
    }
    const Tensor in = a.to(dtype);
    StridedLoop<2>(out.sizes(), {operand(out), operand(in)})
        .run([&](std::byte* const* p, const std::int64_t* s, std::int64_t n) {
          unary_row<Out, T>(p, s, n, op);
        });
  });
}

/// Whether `t` can be read as a plain array of floats.
[[nodiscard]] inline bool is_float_array(const Tensor& t) {
  return t.dtype() == kFloat32 && !t.is_meta() && t.numel() < StridedLoop<1>::kParallelFrom &&
         t.is_contiguous() && reinterpret_cast<std::uintptr_t>(t.data_ptr()) % alignof(float) == 0;
}

/// What most calls are, without the ceremony: two arrays of floats of one shape, or one and a number. False where it is not so,
/// or where the operation is not made for floats alone.
template <class Op>
bool binary_of_arrays(Tensor& out, const Operand& a, const Operand& b, DType dtype, const Op& op) {
  if constexpr ((Op::kTypes & set_of(kFloat32)) != 0 && !HasBlockForm<Op, float>) {
    if constexpr (std::is_same_v<decltype(op(1.0F, 1.0F)), float>) {
      if (dtype != kFloat32 || a.is_number() || !is_float_array(a.tensor())) return false;
      if (!b.is_number() && (!is_float_array(b.tensor()) || b.sizes() != a.sizes())) return false;
      const std::int64_t n = a.tensor().numel();
      if (!out.defined()) out = empty(a.sizes(), kFloat32);
      float* const to = out.data_ptr<float>();
      const float* const left = a.tensor().data_ptr<float>();
      if (b.is_number()) {
        const auto number = wrapped_element<float>(b.number());
        for (std::int64_t i = 0; i < n; ++i) to[i] = op(left[i], number);
      } else {
        const float* const right = b.tensor().data_ptr<float>();
        for (std::int64_t i = 0; i < n; ++i) to[i] = op(left[i], right[i]);
      }
      return true;
    }
  }
  return false;
}

template <class Op>
bool unary_of_array(Tensor& out, const Tensor& a, DType dtype, const Op& op) {
  if constexpr ((Op::kTypes & set_of(kFloat32)) != 0) {
    if constexpr (std::is_same_v<decltype(op(1.0F)), float>) {
      if (dtype != kFloat32 || !is_float_array(a)) return false;
      if (!out.defined()) out = empty(a.sizes(), kFloat32);
      float* const to = out.data_ptr<float>();
      const float* const from = a.data_ptr<float>();
      for (std::int64_t i = 0, n = a.numel(); i < n; ++i) to[i] = op(from[i]);
      return true;
    }
  }
  return false;
}

}  // namespace detail

/// op(a, b), computed in `dtype`; the result has that type, or `out_dtype`.
template <class Op>
[[nodiscard]] Tensor binary(const Operand& a, const Operand& b, DType dtype, const Op& op,
                            std::optional<DType> out_dtype = std::nullopt) {
  if (!out_dtype) {
    if (Tensor simple; detail::binary_of_arrays(simple, a, b, dtype, op)) return simple;
  }
  const bool meta = result_is_meta({a, b});
  Tensor out = detail::empty_result<2>({a, b}, dtype, out_dtype.value_or(dtype), meta);
  detail::binary_into(out, a, b, dtype, op);
  return out;
}

/// The type in which self = op(self, b) is computed: `of` the type both promote to. Checks that self may be written, has the
/// shape of the result and can hold it.
[[nodiscard]] inline DType inplace_type(
    const Tensor& self, const Operand& b, DType (*of)(DType) = [](DType d) { return d; }) {
  check_inplace(self);
  if (!b.is_number()) {
    check_no_partial_overlap(self, b.tensor());
    check_broadcasts_into(self, b.sizes());
  }
  const DType dtype = of(result_type(self, b));
  check_result_fits(dtype, self.dtype());
  static_cast<void>(result_is_meta({self, b}));
  return dtype;
}

/// self = op(self, b), computed in `dtype`, their inplace_type.
template <class Op>
const Tensor& binary_inplace(const Tensor& self, const Operand& b, DType dtype, const Op& op) {
  if (Tensor out = self; detail::binary_of_arrays(out, self, b, dtype, op)) return self;
  detail::binary_into(self, self, b, dtype, op);
  return self;
}

/// op(a), computed in `dtype`; the result has that type, or `out_dtype`.
template <class Op>
[[nodiscard]] Tensor unary(const Tensor& a, DType dtype, const Op& op,
                           std::optional<DType> out_dtype = std::nullopt) {
  if (!out_dtype) {
    if (Tensor simple; detail::unary_of_array(simple, a, dtype, op)) return simple;
  }
  Tensor out = detail::empty_result<1>({a}, dtype, out_dtype.value_or(dtype), a.is_meta());
  detail::unary_into(out, a, dtype, op);
  return out;
}

template <class Op>
const Tensor& unary_inplace(const Tensor& self, DType dtype, const Op& op) {
  check_result_fits(dtype, self.dtype());
  check_inplace(self);
  detail::unary_into(self, self, dtype, op);
  return self;
}

}  // namespace ballast
