#include "ballast/ops/matmul.h"

#include "ballast/ops/blas.h"
#include "ballast/ops/complex_arithmetic.h"
#include "ballast/ops/copy.h"
#include "ballast/ops/elementwise.h"
#include "ballast/ops/factories.h"
#include "ballast/ops/integer_arithmetic.h"

namespace ballast {
namespace {

/// Whether BLAS can read the matrix where it is, and how.
template <class T>
std::optional<blas::Matrix<T>> in_place(const Tensor& t) {
  const auto reads = [](std::int64_t inner, std::int64_t inner_size, std::int64_t outer,
                        std::int64_t outer_size) {
    return (inner == 1 || inner_size == 1) &&
           (outer_size == 1 || outer >= std::max<std::int64_t>(inner_size, 1));
  };
  if (reinterpret_cast<std::uintptr_t>(t.data_ptr()) % alignof(T) != 0) return std::nullopt;
  const auto step = [](std::int64_t stride, std::int64_t count, std::int64_t row) {
    return count == 1 ? row : stride;
  };
  const std::int64_t rows = t.sizes()[0];
  const std::int64_t columns = t.sizes()[1];
  const std::int64_t down = t.strides()[0];
  const std::int64_t across = t.strides()[1];
  if (reads(across, columns, down, rows))
    return blas::Matrix<T>{t.data_ptr<T>(), step(down, rows, columns), false};
  if (reads(down, rows, across, columns))
    return blas::Matrix<T>{t.data_ptr<T>(), step(across, columns, rows), true};
  return std::nullopt;
}

template <class T>
void multiply_blas(const Tensor& out, const Tensor& a, const Tensor& b, T beta, T alpha) {
  Tensor a_copy = a;
  Tensor b_copy = b;
  const auto reader = [](Tensor& t) {
    if (auto m = in_place<T>(t)) return *m;
    t = empty(t.sizes(), t.options()).copy_(t);
    return *in_place<T>(t);
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
  visit_dtype_of<Types>(out.dtype(), kernel, [&]<class T>(std::type_identity<T>) {
    if (a.sizes()[1] == 0 && (beta.is_complex() || beta.toDouble() == 0)) return detail::fill(out, 0);
    if constexpr (std::is_same_v<T, float> || std::is_same_v<T, double>) {
      if (a.sizes()[1] > 0) {
        if (beta.toDouble() == 0) detail::fill(out, 0);  // BLAS would keep a NaN that is there
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
  const Tensor out = empty({a.sizes()[0], b.sizes()[1]}, result_options(a, b));
  multiply<Types>(out, a, b, kernel);
  return out;
}

Tensor matrix_product(const Tensor& a, const Tensor& b) {
  check_shapes(a, b);
  check<DTypeError>(a.dtype() == b.dtype(), "expected m1 and m2 to have the same dtype, but got: {} != {}",
                    dtype_cpp_name(a.dtype()), dtype_cpp_name(b.dtype()));
  return product<kMatrixTypes>(a, b, "addmm_impl_cpu_");
}

Tensor dot(const Tensor& a, const Tensor& b) {
  check<DTypeError>(a.dtype() == b.dtype(),
                    "dot : expected both vectors to have same dtype, but found {} and {}",
                    dtype_error_name(a.dtype()), dtype_error_name(b.dtype()));
  check<ShapeError>(a.numel() == b.numel(),
                    "inconsistent tensor size, expected tensor {} and src {} to have the same number of "
                    "elements, but got {} "
                    "and {} elements respectively",
                    shape_text(a.sizes()), shape_text(b.sizes()), a.numel(), b.numel());
  return product<kVectorTypes>(a.unsqueeze(0), b.unsqueeze(1), "dot").view({});
}

Tensor matrix_times_vector(const Tensor& a, const Tensor& v) {
  check<ShapeError>(a.sizes()[1] == v.sizes()[0], "size mismatch, got input ({}), mat ({}x{}), vec ({})",
                    a.sizes()[0], a.sizes()[0], a.sizes()[1], v.sizes()[0]);
  check<DTypeError>(a.dtype() == v.dtype(),
                    "addmv input tensors must have the same dtype, but got {}, {}, and {}",
                    dtype_error_name(v.dtype()), dtype_error_name(a.dtype()), dtype_error_name(v.dtype()));
  return product<kVectorTypes>(a, v.unsqueeze(1), "addmv_impl_cpu").squeeze(1);
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

/// Both of rank 2 or more, one of them higher: batches broadcast.
Tensor batched(const Tensor& a, const Tensor& b) {
  const std::size_t a_batch = a.sizes().size() - 2;
  const std::size_t b_batch = b.sizes().size() - 2;
  if (b_batch == 0) return matrix_product(as_rows(a), b).view(with_last(a, b.sizes()[1]));
  const Dims batch = broadcast_shapes(a.sizes().slice(0, a_batch), b.sizes().slice(0, b_batch));
  const auto spread = [&](const Tensor& t) {
    Dims sizes(batch);
    sizes.push_back(t.size(-2));
    sizes.push_back(t.size(-1));
    const Tensor wide = t.expand(sizes);
    return wide.reshape({numel_of(batch), t.size(-2), t.size(-1)});
  };
  Dims sizes(batch);
  sizes.push_back(a.size(-2));
  sizes.push_back(b.size(-1));
  return bmm(spread(a), spread(b)).view(sizes);
}

}  // namespace

Tensor bmm(const Tensor& a, const Tensor& b) {
  check<ShapeError>(a.dim() == 3, "batch1 must be a 3D tensor");
  check<ShapeError>(b.dim() == 3, "batch2 must be a 3D tensor");
  check<DTypeError>(a.dtype() == b.dtype(), "expected scalar type {} but found {}",
                    dtype_error_name(a.dtype()), dtype_error_name(b.dtype()));
  check<ShapeError>(
      a.sizes()[0] == b.sizes()[0] && a.sizes()[2] == b.sizes()[1],
      "Expected size for first two dimensions of batch2 tensor to be: [{}, {}] but got: [{}, {}].",
      a.sizes()[0], a.sizes()[2], b.sizes()[0], b.sizes()[1]);
  const Tensor out = empty({a.sizes()[0], a.sizes()[1], b.sizes()[2]}, result_options(a, b));
  if (out.is_meta()) return out;
  for (std::int64_t i = 0; i < a.sizes()[0]; ++i)
    multiply<kMatrixTypes>(out.select(0, i), a.select(0, i), b.select(0, i), "bmm");
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
  if (dim() == 1) {
    const Tensor rows = unsqueeze(0).matmul(o);
    return rows.squeeze(-2);
  }
  if (o.dim() == 1) {
    if (dim() == 2) return matrix_times_vector(*this, o);
    return matrix_times_vector(as_rows(*this), o).view(sizes().slice(0, sizes().size() - 1));
  }
  return dim() == 2 && o.dim() == 2 ? mm(o) : batched(*this, o);
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
  const Dims sizes{mat1.sizes()[0], mat2.sizes()[1]};
  const Tensor added = self.expand(sizes);
  const bool ignored = !beta.is_complex() && beta.toDouble() == 0;
  const Tensor out = empty(sizes, result_options(mat1, mat2));
  if (!ignored) copy_elements(out, added);
  multiply<kMatrixTypes>(out, mat1, mat2, "addmm_impl_cpu_", beta, alpha);
  return out;
}

Tensor linear(const Tensor& x, const Tensor& weight, const Tensor& bias) {
  check<ShapeError>(x.dim() > 0 && weight.dim() > 0,
                    "both arguments to linear need to be at least 1D, but they are {}D and {}D", x.dim(),
                    weight.dim());
  if (!bias.defined()) return x.matmul(weight.t());
  if (x.dim() == 2) return addmm(bias, x, weight.t());
  const auto wide = std::count_if(bias.sizes().begin(), bias.sizes().end(), [](auto n) { return n != 1; });
  if (x.is_contiguous() && (bias.dim() == 1 || wide == 1)) {  // one product, the bias in it
    return addmm(bias, as_rows(x), weight.t()).view(with_last(x, weight.size(0)));
  }
  return x.matmul(weight.t()).add_(bias);
}

}  // namespace ballast
