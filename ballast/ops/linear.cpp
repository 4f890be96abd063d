#include <algorithm>

#include "ballast/autograd/tape.h"
#include "ballast/ops/blas_matrix.h"
#include "ballast/ops/matmul.h"
#include "ballast/ops/reduction.h"

namespace ballast {
namespace {

/// All dimensions but the last as one.
std::int64_t rows_of(const Tensor& t) { return t.numel() / t.sizes().back(); }

/// Whether the product can be one call of BLAS on the memory as it is.
bool is_plain(const Tensor& x, const Tensor& weight, const Tensor& bias) {
  const DType type = x.dtype();
  if (type != kFloat32 && type != kFloat64) return false;
  if (weight.dtype() != type || weight.dim() != 2 || x.dim() < 2 || x.is_meta() || weight.is_meta())
    return false;
  if (x.numel() == 0 || weight.numel() == 0 || !x.is_contiguous() || !weight.is_contiguous()) return false;
  if (x.sizes().back() != weight.sizes()[1]) return false;
  if (!bias.defined()) return true;
  return bias.dtype() == type && !bias.is_meta() && bias.dim() == 1 && bias.is_contiguous() &&
         bias.sizes()[0] == weight.sizes()[0];
}

template <class T>
blas::Matrix<T> rows(const Tensor& t, bool transposed = false) {
  return {t.data_ptr<T>(), t.sizes().back(), transposed};
}

template <class F>
void with_type(const Tensor& t, F f) {
  if (t.dtype() == kFloat32) {
    f(float{});
  } else {
    f(double{});
  }
}

/// out [n, out] = x [n, in] weight^T [in, out] + bias
void products(const Tensor& out, const Tensor& x, const Tensor& weight, const Tensor& bias) {
  with_type(x, [&]<class T>(T) {
    const std::int64_t n = rows_of(x);
    const std::int64_t width = weight.sizes()[0];
    T* const to = out.data_ptr<T>();
    if (bias.defined()) {
      const T* const row = bias.data_ptr<T>();
      for (std::int64_t i = 0; i < n; ++i) std::copy_n(row, width, to + i * width);
    }
    blas::gemm(n, width, weight.sizes()[1], T(1), rows<T>(x), rows<T>(weight, true),
               T(bias.defined() ? 1 : 0), to, width);
  });
}

/// The gradients as formulas, which can be differentiated again.
void formulas(Backward& b, const Tensor& x, const Tensor& weight) {
  const Tensor& grad = b.grad();
  if (b.wants(0)) b.give(0, grad.matmul(weight));
  const std::int64_t width = grad.sizes().back();
  const Tensor flat = grad.reshape({grad.numel() / std::max<std::int64_t>(width, 1), width});
  if (b.wants(1)) b.give(1, flat.t().mm(x.reshape({flat.size(0), x.sizes().back()})));
  if (b.num_inputs() > 2 && b.wants(2)) b.give(2, flat.sum(0));
}

void gradients(Backward& b) {
  const Tensor& x = b.saved(0);
  const Tensor& weight = b.saved(1);
  if (GradMode::is_enabled()) return formulas(b, x, weight);
  const Tensor grad = b.grad().contiguous();
  with_type(grad, [&]<class T>(T) {
    const std::int64_t width = grad.sizes().back();
    const std::int64_t n = grad.numel() / width;
    if (b.wants(0)) {
      Dims sizes(grad.sizes());
      const std::int64_t in = weight.sizes()[1];
      sizes.back() = in;
      Tensor of_x = empty(sizes, grad.options());
      blas::gemm(n, in, width, T(1), rows<T>(grad), rows<T>(weight), T(0), of_x.data_ptr<T>(), in);
      b.give(0, std::move(of_x));
    }
    if (b.wants(1)) {
      const std::int64_t in = x.sizes().back();
      Tensor of_weight = empty({width, in}, grad.options());
      blas::gemm(width, in, n, T(1), rows<T>(grad, true), rows<T>(x), T(0), of_weight.data_ptr<T>(), in);
      b.give(1, std::move(of_weight));
    }
    if (b.num_inputs() > 2 && b.wants(2)) b.give(2, grad.view({n, width}).sum(0));
  });
}

/// What is left: any types, shapes and layouts, by way of the products of matmul.h.
Tensor general(const Tensor& x, const Tensor& weight, const Tensor& bias) {
  if (!bias.defined()) return x.matmul(weight.t());
  if (x.dim() == 2) return addmm(bias, x, weight.t());
  const auto wide = std::count_if(bias.sizes().begin(), bias.sizes().end(), [](auto n) { return n != 1; });
  if (x.is_contiguous() && bias.is_contiguous() &&
      (bias.dim() == 1 || wide == 1)) {  // one product, the bias in it
    Dims sizes(x.sizes());
    sizes.back() = weight.size(0);
    const std::int64_t in = x.sizes().back();
    const Tensor flat = x.reshape({numel_of(x.sizes().slice(0, x.sizes().size() - 1)), in});
    return addmm(bias, flat, weight.t()).view(sizes);
  }
  return x.matmul(weight.t()).add_(bias);
}

}  // namespace

Tensor linear(const Tensor& x, const Tensor& weight, const Tensor& bias) {
  check<ShapeError>(x.dim() > 0 && weight.dim() > 0,
                    "both arguments to linear need to be at least 1D, but they are {}D and {}D", x.dim(),
                    weight.dim());
  if (!is_plain(x, weight, bias)) return general(x, weight, bias);
  const Tape tape(x, weight, bias);
  Dims sizes(x.sizes());
  sizes.back() = weight.sizes()[0];
  Tensor out = empty(sizes, x.options());
  products(out, x, weight, bias);
  if (tape.on()) {
    const char* const name = x.dim() == 2 ? (bias.defined() ? "AddmmBackward0" : "MmBackward0")
                                          : (bias.defined() ? "ViewBackward0" : "UnsafeViewBackward0");
    const Tensor none;
    tape.record(name, out, saved(tape.wants(1) ? x : none, tape.wants(0) ? weight : none), gradients);
  }
  return out;
}

}  // namespace ballast
