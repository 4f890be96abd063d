#include "ballast/ops/pointwise.h"

#include <algorithm>
#include <vector>

#include "ballast/autograd/tape.h"
#include "ballast/ops/compute_type.h"
#include "ballast/ops/factories.h"
#include "ballast/ops/inplace.h"
#include "ballast/ops/real_loops.h"

namespace ballast::detail {
namespace {

/// A dense tensor in the memory order of `x`.
Tensor result_like(const Tensor& x) { return empty_like(x); }

/// `t` in the memory order of `like`, which is dense.
Tensor laid_out_as(const Tensor& like, const Tensor& t) {
  if (t.strides() == like.strides()) return t;
  Tensor out = empty_strided(like.sizes(), like.strides(), t.options());
  copy_elements(out, t);
  return out;
}

void check_type(const PointwiseOp& op, const Tensor& x) { check_kernel<kReals>(x.dtype(), op.kernel); }

Tensor slopes(const PointwiseOp& op, const Tensor& grad, const Tensor& x) {
  if (!has_real_loops(x.dtype())) {
    return slopes(op, grad.to(kFloat32), x.to(kFloat32)).to(x.dtype());
  }
  Tensor out = result_like(x);
  if (out.is_meta() || out.numel() == 0) return out;
  const Tensor at = laid_out_as(out, x);
  const Tensor g = laid_out_as(out, grad.to(x.dtype()));
  with_real(x.dtype(), [&]<class T>(T) {
    const auto loop = pointwise_loops<T>(op.f).slopes;
    in_parts(out.numel(), [&](std::int64_t begin, std::int64_t end) {
      loop(op.parameters, elements<T>(g) + begin, elements<T>(at) + begin, elements<T>(out) + begin,
           end - begin);
    });
  });
  return out;
}

Tensor bends(const PointwiseOp& op, const Tensor& a, const Tensor& b, const Tensor& x) {
  if (!has_real_loops(x.dtype())) {
    return bends(op, a.to(kFloat32), b.to(kFloat32), x.to(kFloat32)).to(x.dtype());
  }
  Tensor out = result_like(x);
  if (out.is_meta() || out.numel() == 0) return out;
  const Tensor at = laid_out_as(out, x);
  const Tensor left = laid_out_as(out, a.to(x.dtype()));
  const Tensor right = laid_out_as(out, b.to(x.dtype()));
  with_real(x.dtype(), [&]<class T>(T) {
    const auto loop = pointwise_loops<T>(op.f).bends;
    in_parts(out.numel(), [&](std::int64_t begin, std::int64_t end) {
      loop(op.parameters, elements<T>(left) + begin, elements<T>(right) + begin, elements<T>(at) + begin,
           elements<T>(out) + begin, end - begin);
    });
  });
  return out;
}

/// a b f''(x), recorded.
Tensor pointwise_bend(const PointwiseOp& op, const Tensor& a, const Tensor& b, const Tensor& x) {
  const Tape tape(a, b, x);
  Tensor out = bends(op, a, b, x);
  if (tape.on()) {
    tape.record(op.gradient_name, out, saved(a, b, x), [op](Backward& back) {
      const Tensor& grad = back.grad();
      const Tensor& left = back.saved(0);
      const Tensor& right = back.saved(1);
      const Tensor& at = back.saved(2);
      if (back.wants(0)) back.give(0, pointwise_bend(op, grad, right, at));
      if (back.wants(1)) back.give(1, pointwise_bend(op, grad, left, at));
      if (!back.wants(2)) return;
      check<NotImplementedError>(op.third.has_value(), "{}: the third derivative is not implemented",
                                 op.gradient_name);
      back.give(2, *op.third == 0 ? zeros_like(at) : grad.mul(left).mul(right).mul(*op.third));
    });
  }
  return out;
}

}  // namespace

Tensor pointwise_values(const PointwiseOp& op, const Tensor& x) {
  check_type(op, x);
  if (!has_real_loops(x.dtype())) return pointwise_values(op, x.to(kFloat32)).to(x.dtype());
  Tensor out = result_like(x);
  if (out.is_meta() || out.numel() == 0) return out;
  const Tensor from = laid_out_as(out, x);
  with_real(x.dtype(), [&]<class T>(T) {
    const auto loop = pointwise_loops<T>(op.f).values;
    in_parts(out.numel(), [&](std::int64_t begin, std::int64_t end) {
      loop(op.parameters, elements<T>(from) + begin, elements<T>(out) + begin, end - begin);
    });
  });
  return out;
}

Tensor pointwise(const PointwiseOp& op, const Tensor& x) {
  const Tape tape(x);
  Tensor out = pointwise_values(op, x);
  if (tape.on()) {
    tape.record(op.name, out, saved(op.of_result ? out : x),
                [op](Backward& b) { b.give(0, pointwise_gradient(op, b.grad(), b.saved(0))); });
  }
  return out;
}

const Tensor& pointwise_inplace(const PointwiseOp& op, const Tensor& x) {
  check_type(op, x);
  check_inplace(x);
  const bool from_result = op.of_result || op.in_place_of_result;
  const InplaceTape tape(x);
  const Tensor before = tape.on() && !from_result ? tape.before() : Tensor();
  if (!x.is_meta() && x.numel() > 0) {
    if (has_real_loops(x.dtype()) && x.is_contiguous()) {
      with_real(x.dtype(), [&]<class T>(T) {
        const auto loop = pointwise_loops<T>(op.f).values;
        in_parts(x.numel(), [&](std::int64_t begin, std::int64_t end) {
          // By way of a block beside it: vector loops do not write what they read.
          constexpr std::int64_t kBlock = 1024;
          std::array<T, kBlock> block;
          for (; begin < end; begin += kBlock) {
            const std::int64_t n = std::min(kBlock, end - begin);
            T* const at = elements<T>(x) + begin;
            loop(op.parameters, at, block.data(), n);
            std::copy_n(block.data(), n, at);
          }
        });
      });
    } else {
      copy_elements(x, pointwise_values(op, x));
    }
  }
  if (tape.on()) {
    tape.record(op.name, x, saved(from_result ? x : before),
                [op](Backward& b) { b.give(0, pointwise_gradient(op, b.grad(), b.saved(0))); });
  }
  return x;
}

Tensor pointwise_gradient(const PointwiseOp& op, const Tensor& grad, const Tensor& x) {
  const Tensor none;
  const Tape tape(grad, op.bends ? x : none);
  Tensor out = slopes(op, grad, x);
  if (tape.on()) {
    tape.record(op.gradient_name, out, saved(op.bends ? grad : none, x), [op](Backward& b) {
      if (b.wants(0)) b.give(0, pointwise_gradient(op, b.grad(), b.saved(1)));
      if (b.wants(1)) b.give(1, pointwise_bend(op, b.grad(), b.saved(0), b.saved(1)));
    });
  }
  return out;
}

Tensor pointwise_sum_of_differences(const PointwiseOp& op, const Tensor& x, const Tensor& y, double scale) {
  Tensor out = empty({}, x.options());
  if (out.is_meta()) return out;
  const std::int64_t n = x.numel();
  const Tensor a = x.contiguous();
  const Tensor b = y.contiguous();
  // In pieces of a fixed size, added in order: the same bits on any number of threads.
  constexpr std::int64_t kPiece = std::int64_t{1} << 16;
  with_real(x.dtype(), [&]<class T>(T) {
    const auto loop = pointwise_loops<T>(op.f).sum_of_differences;
    double total = 0;
    if (n <= kPiece) {
      total = loop(op.parameters, elements<T>(a), elements<T>(b), n);
    } else {
      std::vector<double> sums(static_cast<std::size_t>((n + kPiece - 1) / kPiece));
      parallel_for(
          static_cast<std::int64_t>(sums.size()), grain_for(kPiece), [&](std::int64_t i, std::int64_t end) {
            for (; i < end; ++i) {
              const std::int64_t begin = i * kPiece;
              sums[static_cast<std::size_t>(i)] = loop(op.parameters, elements<T>(a) + begin,
                                                       elements<T>(b) + begin, std::min(kPiece, n - begin));
            }
          });
      for (const double s : sums) total += s;
    }
    *elements<T>(out) = static_cast<T>(total * scale);
  });
  return out;
}

Tensor pointwise_slopes_of_differences(const PointwiseOp& op, double scale, const Tensor& x,
                                       const Tensor& y) {
  Tensor out = result_like(x);
  if (out.is_meta() || out.numel() == 0) return out;
  const Tensor a = laid_out_as(out, x);
  const Tensor b = laid_out_as(out, y);
  with_real(x.dtype(), [&]<class T>(T) {
    const auto loop = pointwise_loops<T>(op.f).slopes_of_differences;
    in_parts(out.numel(), [&](std::int64_t begin, std::int64_t end) {
      loop(op.parameters, static_cast<T>(scale), elements<T>(a) + begin, elements<T>(b) + begin,
           elements<T>(out) + begin, end - begin);
    });
  });
  return out;
}

}  // namespace ballast::detail
