#include "ballast/ops/matmul.h"

#include "ballast/autograd/tape.h"
#include "ballast/ops/blas_matrix.h"
#include "ballast/ops/complex_arithmetic.h"
#include "ballast/ops/copy.h"
#include "ballast/ops/elementwise.h"
#include "ballast/ops/factories.h"
#include "ballast/ops/integer_arithmetic.h"
#include "ballast/ops/unary.h"

namespace ballast {
namespace {

template <class T>
void multiply_blas(const Tensor& out, const Tensor& a, const Tensor& b, T beta, T alpha) {
  Tensor a_copy = a;
  Tensor b_copy = b;
  const auto reader = [](Tensor& t) {
    if (auto m = detail::blas_matrix<T>(t)) return *m;
    t = empty(t.sizes(), t.options()).copy_(t);
    return *detail::blas_matrix<T>(t);
  };
  const auto left = reader(a_copy);
  const auto right = reader(b_copy);
  blas::gemm(a.sizes()[0], b.sizes()[1], a.sizes()[1], alpha, left, right, beta, out.data_ptr<T>(),
             out.sizes()[1]);
}

template <class T>
void multiply_loop(const Tensor& out, const Tensor& a, const Tensor& b, const Scalar& beta,
                   const Scalar& alpha) {
  using C = compute_t<T>;
  const auto at = [](const Tensor& t, std::int64_t i, std::int64_t j) {
    return static_cast<std::byte*>(t.data_ptr()) + (i * t.strides()[0] + j * t.strides()[1]) * t.itemsize();
  };
  const C scale = wrapped_element<C>(alpha);
  const C keep = wrapped_element<C>(beta);
  for (std::int64_t i = 0; i < out.sizes()[0]; ++i) {
    for (std::int64_t j = 0; j < out.sizes()[1]; ++j) {
      C sum(0);
      for (std::int64_t k = 0; k < a.sizes()[1]; ++k) {
        const C x = load_for_compute<T>(at(a, i, k));
        const C y = load_for_compute<T>(at(b, k, j));
        if constexpr (std::is_integral_v<C>) {
          sum = wrapping_add(sum, wrapping_mul(x, y));
        } else if constexpr (detail::is_complex_element<C>) {
          sum += complex_product(x, y);
        } else {
          sum += x * y;
        }
      }
      std::byte* const to = at(out, i, j);
      if constexpr (std::is_integral_v<C>) {
        sum = wrapping_add(wrapping_mul(scale, sum), wrapping_mul(keep, load<T>(to)));
      } else {
        sum = keep == C(0) ? scale * sum : scale * sum + keep * load_for_compute<T>(to);
      }
      store(to, convert_element<T>(sum));
    }
  }
}

constexpr DTypeSet kVectorTypes = kIntegers | kReals | kComplexes;
constexpr DTypeSet kMatrixTypes = kVectorTypes | (kFloat8s & ~set_of(kFloat8_e8m0fnu));

/// out (row-major) = beta out + alpha a b.
template <DTypeSet Types>
void multiply(const Tensor& out, const Tensor& a, const Tensor& b, const char* kernel, const Scalar& beta = 0,
              const Scalar& alpha = 1) {
  if (out.is_meta() || out.numel() == 0) return;
  if (a.sizes()[1] == 0 && beta.toComplexDouble() == 0.0) return detail::fill(out, 0);
  visit_dtype_of<Types>(out.dtype(), kernel, [&]<class T>(std::type_identity<T>) {
    if constexpr (std::is_same_v<T, float> || std::is_same_v<T, double>) {
      if (a.sizes()[1] > 0) {
        return multiply_blas<T>(out, a, b, beta.to<T>(), alpha.to<T>());
      }
    }
    multiply_loop<T>(out, a, b, beta, alpha);
  });
}

void check_shapes(const Tensor& a, const Tensor& b) {
  check<ShapeError>(a.sizes()[1] == b.sizes()[0],
                    "mat1 and mat2 shapes cannot be multiplied ({}x{} and {}x{})", a.sizes()[0], a.sizes()[1],
                    b.sizes()[0], b.sizes()[1]);
}

TensorOptions result_options(const Tensor& a, const Tensor& b) {
  return TensorOptions(a.dtype()).device(Device(a.is_meta() || b.is_meta() ? kMeta : kCPU));
}

/// A product of matrices whose shapes and types fit.
template <DTypeSet Types>
Tensor product(const Tensor& a, const Tensor& b, const char* kernel) {
  Tensor out = empty({a.sizes()[0], b.sizes()[1]}, result_options(a, b));
  multiply<Types>(out, a, b, kernel);
  return out;
}

/// The gradients of the product of two matrices, or of batches of them.
void gradients_of_matrices(Backward& b) {
  if (b.wants(0)) b.give(0, b.grad().matmul(conj(b.saved(1).transpose(-2, -1))));
  if (b.wants(1)) b.give(1, conj(b.saved(0).transpose(-2, -1)).matmul(b.grad()));
}

Tensor matrix_product(const Tensor& a, const Tensor& b) {
  const Tape tape(a, b);
  check_shapes(a, b);
  check<DTypeError>(a.dtype() == b.dtype(), "expected m1 and m2 to have the same dtype, but got: {} != {}",
                    dtype_cpp_name(a.dtype()), dtype_cpp_name(b.dtype()));
  Tensor out = product<kMatrixTypes>(a, b, "addmm_impl_cpu_");
  if (tape.on()) tape.record("MmBackward0", out, saved(a, b), gradients_of_matrices);
  return out;
}

Tensor dot(const Tensor& a, const Tensor& b) {
  check<DTypeError>(a.dtype() == b.dtype(),
                    "dot : expected both vectors to have same dtype, but found {} and {}",
                    dtype_error_name(a.dtype()), dtype_error_name(b.dtype()));
  check<ShapeError>(a.numel() == b.numel(),
                    "inconsistent tensor size, expected tensor {} and src {} to have the same number of "
                    "elements, but got {} and {} elements respectively",
                    Shown{a.sizes()}, Shown{b.sizes()}, a.numel(), b.numel());
  if (!a.is_meta()) check_kernel<kVectorTypes>(a.dtype(), "dot");
  const Tape tape(a, b);
  const Tensor product_of_one = product<kVectorTypes>(a.unsqueeze(0), b.unsqueeze(1), "dot");
  Tensor out = product_of_one.alias({}, {}, 0);
  if (tape.on()) {
    tape.record("DotBackward0", out, saved(a, b), [](Backward& back) {
      if (back.wants(0)) back.give(0, back.grad().mul(conj(back.saved(1))));
      if (back.wants(1)) back.give(1, back.grad().mul(conj(back.saved(0))));
    });
  }
  return out;
}

Tensor matrix_times_vector(const Tensor& a, const Tensor& v) {
  check<ShapeError>(a.sizes()[1] == v.sizes()[0], "size mismatch, got input ({}), mat ({}x{}), vec ({})",
                    a.sizes()[0], a.sizes()[0], a.sizes()[1], v.sizes()[0]);
  check<DTypeError>(a.dtype() == v.dtype(),
                    "addmv input tensors must have the same dtype, but got {}, {}, and {}",
                    dtype_error_name(v.dtype()), dtype_error_name(a.dtype()), dtype_error_name(v.dtype()));
  const Tape tape(a, v);
  const Tensor column = product<kVectorTypes>(a, v.unsqueeze(1), "addmv_impl_cpu");
  Tensor out = column.alias({column.sizes()[0]}, {1}, 0);
  if (tape.on()) {
    tape.record("MvBackward0", out, saved(a, v), [](Backward& back) {
      if (back.wants(0)) back.give(0, back.grad().unsqueeze(1).mul(conj(back.saved(1)).unsqueeze(0)));
      if (back.wants(1)) back.give(1, conj(back.saved(0).t()).matmul(back.grad()));
    });
  }
  return out;
}

/// All dimensions but the last as one: a matrix of so many rows.
Tensor as_rows(const Tensor& t) {
  const IntArrayRef sizes = t.sizes();
  return t.reshape({numel_of(sizes.slice(0, sizes.size() - 1)), sizes.back()});
}

/// The sizes of `t`, the last one replaced.
Dims with_last(const Tensor& t, std::int64_t size) {
  Dims sizes(t.sizes());
  sizes.back() = size;
  return sizes;
}

/// Whether all batches of the larger tensor are multiplied at once, as one tall matrix: where that costs no copy, and where the
/// smaller one is to get a gradient.
bool folds(const Tensor& a, const Tensor& b) {
  const bool a_larger = a.dim() >= b.dim();
  const Tensor large = a_larger ? a : b.transpose(-2, -1);
  const Tensor& small = a_larger ? b : a;
  if (small.dim() > 2) return false;
  if (small.requires_grad()) return true;
  if (a.dim() == 2) return false;
  if (large.numel() == 0) return true;
  const IntArrayRef sizes = large.sizes();
  for (std::size_t d = 0; d + 2 < sizes.size(); ++d) {
    if (large.strides()[d] != large.strides()[d + 1] * sizes[d + 1]) return false;
  }
  return true;
}

Tensor folded(const Tensor& a, const Tensor& b) {
  if (a.dim() < b.dim()) {  // from the other side
    const Tensor turned = b.transpose(-2, -1);
    return a.dim() == 1 ? folded(turned, a) : folded(turned, a.t()).transpose(-2, -1).contiguous();
  }
  const Tensor rows = as_rows(a);
  if (b.dim() == 1) return matrix_times_vector(rows, b).view(a.sizes().slice(0, a.sizes().size() - 1));
  return matrix_product(rows, b).view(with_last(a, b.sizes()[1]));
}

/// Matrix by matrix; batches broadcast. One of the two may be a vector.
Tensor batched(const Tensor& a, const Tensor& b) {
  const auto batch_of = [](const Tensor& t) {
    return t.sizes().slice(0, t.sizes().size() - std::min<std::size_t>(t.sizes().size(), 2));
  };
  const Dims batch = broadcast_shapes(batch_of(a), batch_of(b));
  const auto spread = [&](const Tensor& matrix) {
    const std::int64_t rows = matrix.size(-2);
    const std::int64_t columns = matrix.size(-1);
    Dims sizes(batch);
    sizes.push_back(rows);
    sizes.push_back(columns);
    return matrix.expand(sizes).reshape({numel_of(batch), rows, columns});
  };
  const Tensor left = a.dim() == 1 ? a.unsqueeze(0) : a;
  const Tensor right = b.dim() == 1 ? b.unsqueeze(1) : b;
  Dims sizes(batch);
  if (a.dim() > 1) sizes.push_back(a.size(-2));
  if (b.dim() > 1) sizes.push_back(b.size(-1));
  return bmm(spread(left), spread(right)).view(sizes);
}

}  // namespace

namespace {

Tensor bmm_values(const Tensor& a, const Tensor& b) {
  check<ShapeError>(a.dim() == 3, "batch1 must be a 3D tensor");
  check<ShapeError>(b.dim() == 3, "batch2 must be a 3D tensor");
  check<ShapeError>(
      a.sizes()[0] == b.sizes()[0] && a.sizes()[2] == b.sizes()[1],
      "Expected size for first two dimensions of batch2 tensor to be: [{}, {}] but got: [{}, {}].",
      a.sizes()[0], a.sizes()[2], b.sizes()[0], b.sizes()[1]);
  Tensor out = empty({a.sizes()[0], a.sizes()[1], b.sizes()[2]}, result_options(a, b).dtype(b.dtype()));
  if (out.is_meta() || out.numel() == 0) return out;
  if (a.sizes()[2] == 0) return out.zero_();
  check_kernel<kMatrixTypes>(a.dtype(), "bmm");
  check<DTypeError>(a.dtype() == b.dtype(), "expected scalar type {} but found {}",
                    dtype_error_name(a.dtype()), dtype_error_name(b.dtype()));
  for (std::int64_t i = 0; i < a.sizes()[0]; ++i)
    multiply<kMatrixTypes>(out.select(0, i), a.select(0, i), b.select(0, i), "bmm");
  return out;
}

}  // namespace

Tensor bmm(const Tensor& a, const Tensor& b) {
  const Tape tape(a, b);
  Tensor out = bmm_values(a, b);
  if (tape.on()) tape.record("BmmBackward0", out, saved(a, b), gradients_of_matrices);
  return out;
}

Tensor Tensor::mm(const Tensor& o) const {
  check<ShapeError>(dim() == 2, "self must be a matrix");
  check<ShapeError>(o.dim() == 2, "mat2 must be a matrix");
  return matrix_product(*this, o);
}

Tensor Tensor::matmul(const Tensor& o) const {
  check<ShapeError>(dim() > 0 && o.dim() > 0,
                    "both arguments to matmul need to be at least 1D, but they are {}D and {}D", dim(),
                    o.dim());
  if (dim() == 1 && o.dim() == 1) return dot(*this, o);
  if (dim() == 2 && o.dim() == 1) return matrix_times_vector(*this, o);
  if (dim() == 1 && o.dim() == 2) return unsqueeze(0).mm(o).squeeze(0);
  if (dim() == 2 && o.dim() == 2) return mm(o);
  return folds(*this, o) ? folded(*this, o) : batched(*this, o);
}

Tensor mm(const Tensor& self, const Tensor& other) { return self.mm(other); }
Tensor matmul(const Tensor& self, const Tensor& other) { return self.matmul(other); }

Tensor addmm(const Tensor& self, const Tensor& mat1, const Tensor& mat2, const Scalar& beta,
             const Scalar& alpha) {
  check<DTypeError>(self.dtype() == mat2.dtype(), "self and mat2 must have the same dtype, but got {} and {}",
                    dtype_error_name(self.dtype()), dtype_error_name(mat2.dtype()));
  check<DTypeError>(mat1.dtype() == mat2.dtype(), "mat1 and mat2 must have the same dtype, but got {} and {}",
                    dtype_error_name(mat1.dtype()), dtype_error_name(mat2.dtype()));
  check<ShapeError>(mat1.dim() == 2, "mat1 must be a matrix, got {}-D tensor", mat1.dim());
  check<ShapeError>(mat2.dim() == 2, "mat2 must be a matrix, got {}-D tensor", mat2.dim());
  check_shapes(mat1, mat2);
  const Tape tape(self, mat1, mat2);
  const Dims sizes{mat1.sizes()[0], mat2.sizes()[1]};
  const Tensor added = self.expand(sizes);
  const bool ignored = !beta.is_complex() && beta.toDouble() == 0;
  Tensor out = empty(sizes, result_options(mat1, mat2));
  if (!ignored) copy_elements(out, added);
  multiply<kMatrixTypes>(out, mat1, mat2, "addmm_impl_cpu_", beta, alpha);
  if (tape.on()) {
    const Tensor none;
    tape.record("AddmmBackward0", out, saved(tape.wants(2) ? mat1 : none, tape.wants(1) ? mat2 : none),
                [beta, alpha](Backward& b) {
                  const auto times = [](const Tensor& t, const Scalar& factor) {
                    return factor.toComplexDouble() == 1.0 ? t : t.mul(factor);
                  };
                  if (b.wants(0)) b.give(0, times(b.grad(), beta));
                  if (b.wants(1)) b.give(1, times(b.grad().mm(conj(b.saved(1).t())), alpha));
                  if (b.wants(2)) b.give(2, times(conj(b.saved(0).t()).mm(b.grad()), alpha));
                });
  }
  return out;
}

}  // namespace ballast
