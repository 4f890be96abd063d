#include <algorithm>
#include <cmath>
#include <limits>
#include <vector>

#include "ballast/autograd/tape.h"
#include "ballast/core/parallel.h"
#include "ballast/core/warning.h"
#include "ballast/ops/arithmetic.h"
#include "ballast/ops/comparison.h"
#include "ballast/ops/complex_arithmetic.h"
#include "ballast/ops/elementwise.h"
#include "ballast/ops/factories.h"
#include "ballast/ops/join.h"
#include "ballast/ops/reduced_rows.h"
#include "ballast/ops/reduction.h"
#include "ballast/ops/selection.h"
#include "ballast/ops/unary.h"

namespace ballast {
namespace {

/// What a sum of T is kept in.
template <class T>
using sum_t =
    std::conditional_t<std::is_integral_v<T>, std::uint64_t,
                       std::conditional_t<detail::is_complex_element<T>, std::complex<double>, double>>;

// Columns that are summed side by side.
constexpr std::int64_t kColumnBlock = 256;

/// f(element) over n elements, added up by halves: the error grows with log n.
template <class T, class Sum, class F>
Sum pairwise(const std::byte* p, std::int64_t n, const F& f) {
  constexpr std::int64_t kSize = sizeof(T);
  constexpr std::int64_t kBlock = 1024;
  if (n > kBlock) {
    const std::int64_t half = n / 2 / kBlock * kBlock + (n / 2 < kBlock ? n / 2 : 0);
    return pairwise<T, Sum>(p, half, f) + pairwise<T, Sum>(p + half * kSize, n - half, f);
  }
  std::array<Sum, 8> lane{};
  std::int64_t i = 0;
  for (; i + 8 <= n; i += 8) {
    for (std::size_t k = 0; k < 8; ++k) {
      lane[k] += f(load_for_compute<T>(p + (i + static_cast<std::int64_t>(k)) * kSize));
    }
  }
  for (; i < n; ++i) lane[0] += f(load_for_compute<T>(p + i * kSize));
  return ((lane[0] + lane[4]) + (lane[2] + lane[6])) + ((lane[1] + lane[5]) + (lane[3] + lane[7]));
}

/// out[row] = of(row pointer, n) for each row.
template <class Out, class In, class F>
void each_row(const Tensor& out, const detail::ReducedRows& r, const F& of) {
  const auto* from = static_cast<const std::byte*>(r.rows.data_ptr());
  auto* to = static_cast<std::byte*>(out.data_ptr());
  for (std::int64_t i = 0; i < r.count; ++i) {
    store(to, convert_element<Out>(of(from, r.n)));
    to += sizeof(Out);
    from += r.n * static_cast<std::int64_t>(sizeof(In));
  }
}

DType sum_type(const Tensor& t, std::optional<DType> asked) {
  return asked ? *asked : is_integral(t.dtype(), true) ? kInt64 : t.dtype();
}

Tensor new_result(const Tensor& like, IntArrayRef sizes, DType dtype) {
  return empty(sizes, TensorOptions(dtype).device(like.device()));
}

template <class T>
using ColumnSums = std::array<sum_t<T>, kColumnBlock>;

/// The sums of `count` columns over `n` rows of `width`, added up by halves.
template <class T>
ColumnSums<T> sum_columns(const std::byte* from, std::int64_t n, std::int64_t width, std::int64_t count) {
  using Sum = sum_t<T>;
  constexpr std::int64_t kSize = sizeof(T);
  constexpr std::int64_t kRows = 256;
  if (n > kRows) {
    const std::int64_t half = (n / 2 + kRows - 1) / kRows * kRows;
    ColumnSums<T> sums = sum_columns<T>(from, half, width, count);
    const ColumnSums<T> others = sum_columns<T>(from + half * width * kSize, n - half, width, count);
    for (std::size_t j = 0; j < sums.size(); ++j) sums[j] += others[j];
    return sums;
  }
  const auto at = [=](std::int64_t row, std::int64_t j) {
    return static_cast<Sum>(load_for_compute<T>(from + (row * width + j) * kSize));
  };
  ColumnSums<T> sums{};
  std::int64_t i = 0;
  for (; i + 4 <= n; i += 4) {
    for (std::int64_t j = 0; j < count; ++j) {
      sums[static_cast<std::size_t>(j)] += (at(i, j) + at(i + 1, j)) + (at(i + 2, j) + at(i + 3, j));
    }
  }
  for (; i < n; ++i) {
    for (std::int64_t j = 0; j < count; ++j) sums[static_cast<std::size_t>(j)] += at(i, j);
  }
  return sums;
}

/// A tensor in the order of its memory, seen as [outer, n, inner], of which n is summed.
struct MiddleSum {
  std::int64_t outer = 1, n = 1, inner = 1;
};

/// The reduced dimensions as a run in the middle, if that is what they are in memory: then nothing need be copied.
std::optional<MiddleSum> middle_of(const Tensor& t, const detail::ReducedDims& reduced) {
  if (t.dim() < 2 || t.is_meta() || t.numel() == 0 || !t.is_contiguous()) return std::nullopt;
  MiddleSum m;
  for (std::size_t d = 0; d < reduced.size(); ++d) {
    const std::int64_t size = t.sizes()[d];
    if (size == 1) continue;
    if (reduced[d]) {
      if (m.inner > 1) return std::nullopt;  // a second run
      m.n *= size;
    } else {
      (m.n > 1 ? m.inner : m.outer) *= size;
    }
  }
  return m.n > 1 && m.inner > 1 ? std::optional(m) : std::nullopt;
}

template <class T>
void sum_middle(const Tensor& out, const Tensor& t, const MiddleSum& m) {
  constexpr std::int64_t kSize = sizeof(T);
  const auto* const from = static_cast<const std::byte*>(t.data_ptr());
  auto* const to = static_cast<std::byte*>(out.data_ptr());
  const std::int64_t blocks = (m.inner + kColumnBlock - 1) / kColumnBlock;
  const std::int64_t grain = grain_for(m.n * std::min(m.inner, kColumnBlock));
  parallel_for(m.outer * blocks, grain, [&](std::int64_t begin, std::int64_t end) {
    for (std::int64_t i = begin; i < end; ++i) {
      const std::int64_t o = i / blocks;
      const std::int64_t first = i % blocks * kColumnBlock;
      const std::int64_t count = std::min(kColumnBlock, m.inner - first);
      const ColumnSums<T> sums =
          sum_columns<T>(from + (o * m.n * m.inner + first) * kSize, m.n, m.inner, count);
      std::byte* const out_row = to + (o * m.inner + first) * kSize;
      for (std::int64_t j = 0; j < count; ++j) {
        store(out_row + j * kSize, convert_element<T>(sums[static_cast<std::size_t>(j)]));
      }
    }
  });
}

Tensor sum_of_rows(const Tensor& self, const detail::ReducedRows& r, DType type) {
  Tensor out = new_result(self, r.result, type);
  if (r.rows.numel() == 0) return out.zero_();
  if (out.is_meta()) return out;
  visit_dtype_of<kBools | kIntegers | kReals | kComplexes>(
      type, "sum_cpu", [&]<class T>(std::type_identity<T>) {
        using Sum = sum_t<T>;
        each_row<T, T>(out, r, [](const std::byte* p, std::int64_t n) {
          return pairwise<T, Sum>(p, n, [](auto x) { return static_cast<Sum>(x); });
        });
      });
  return out;
}

Tensor sum_rows(const Tensor& self, IntArrayRef dims, bool keepdim, DType type) {
  const Tensor of_type = self.to(type);
  if (dims.empty()) return sum_of_rows(self, detail::reduce_rows(of_type, dims, keepdim), type);
  const detail::ReducedDims reduced = detail::which_reduced(of_type, dims);
  if (const auto middle = middle_of(of_type, reduced)) {
    Tensor out = new_result(self, detail::reduced_sizes(of_type, reduced, keepdim), type);
    visit_dtype_of<kBools | kIntegers | kReals | kComplexes>(
        type, "sum_cpu", [&]<class T>(std::type_identity<T>) { sum_middle<T>(out, of_type, *middle); });
    return out;
  }
  return sum_of_rows(self, detail::rows_without(of_type, reduced, keepdim), type);
}

Tensor mean_rows(const Tensor& self, IntArrayRef dims, bool keepdim, std::optional<DType> asked) {
  const DType type = asked.value_or(self.dtype());
  check<DTypeError>(
      is_floating_point(type) || ballast::is_complex(type),
      "mean(): could not infer output dtype. {} dtype must be either a floating point or complex dtype. "
      "Got: {}",
      asked ? "Optional" : "Input", dtype_error_name(type));
  const bool wide =
      type == kFloat16 || type == kBFloat16;  // their sum could overflow where the mean does not
  const Tensor sums = sum_rows(self.to(type), dims, keepdim, wide ? kFloat32 : type);
  sums.div_(self.numel() / std::max<std::int64_t>(sums.numel(), 1));
  return sums.to(type);
}

void warn_without_freedom(const Tensor& t, bool unbiased, const char* function) {
  if (t.is_meta() || t.numel() > (unbiased ? 1 : 0)) return;
  warn(
      fmt::format("{}(): degrees of freedom is <= 0. Correction should be strictly less than the reduction "
                  "factor (input numel divided by output numel).",
                  function));
}

/// The variance, or its square root.
Tensor variance(const Tensor& t, bool unbiased, bool root) {
  const DType dtype = t.dtype();
  check<DTypeError>(is_floating_point(dtype) || is_complex(dtype),
                    "std and var only support floating point and complex dtypes");
  Tensor out = new_result(t, {}, to_real_dtype(dtype));
  if (t.numel() == 0) return out.fill_(std::numeric_limits<double>::quiet_NaN());
  if (is_complex(dtype)) {
    const Tensor parts = (dtype == kComplex32 ? t.to(kComplex64) : t).view_as_real();
    const auto of_part = [&](std::int64_t i) { return variance(parts.select(-1, i), unbiased, false); };
    const Tensor sum = of_part(0).add(of_part(1));
    return (root ? sum.sqrt() : sum).to(out.dtype());
  }
  check<DTypeError>(!is_float8(dtype) || t.is_meta(), "std_var_all: Unsupported dtype {}",
                    dtype_error_name(dtype));
  const detail::ReducedRows r = detail::reduce_rows(t, {}, false);
  if (out.is_meta()) return out;
  visit_dtype_of<kReals>(dtype, "std_cpu", [&]<class T>(std::type_identity<T>) {
    each_row<T, T>(out, r, [&](const std::byte* p, std::int64_t n) {
      const double mean =
          pairwise<T, double>(p, n, [](auto x) { return static_cast<double>(x); }) / static_cast<double>(n);
      const double squares = pairwise<T, double>(p, n, [&](auto x) {
        const double d = static_cast<double>(x) - mean;
        return d * d;
      });
      const double mean_square = squares / static_cast<double>(n - (unbiased ? 1 : 0));
      return root ? std::sqrt(mean_square) : mean_square;
    });
  });
  return out;
}

double magnitude_of(auto x) { return static_cast<double>(std::abs(x)); }

template <class T>
double norm_of(const std::byte* p, std::int64_t n, double power) {
  const auto total = [&](const auto& f) { return pairwise<T, double>(p, n, f); };
  if (std::isinf(power)) {
    double extreme = power > 0 ? 0 : std::numeric_limits<double>::infinity();
    for (std::int64_t i = 0; i < n; ++i) {
      const double m = magnitude_of(load_for_compute<T>(p + i * static_cast<std::int64_t>(sizeof(T))));
      if (std::isnan(m)) return m;
      extreme = power > 0 ? std::max(extreme, m) : std::min(extreme, m);
    }
    return extreme;
  }
  if (power == 0) return total([](auto x) { return magnitude_of(x) != 0 ? 1.0 : 0.0; });
  if (power == 1) return total([](auto x) { return magnitude_of(x); });
  if (power == 2) {
    return std::sqrt(total([](auto x) {
      if constexpr (detail::is_complex_element<decltype(x)>) {
        return static_cast<double>(x.real()) * static_cast<double>(x.real()) +
               static_cast<double>(x.imag()) * static_cast<double>(x.imag());
      } else {
        return static_cast<double>(x) * static_cast<double>(x);
      }
    }));
  }
  return std::pow(total([&](auto x) { return std::pow(magnitude_of(x), power); }), 1 / power);
}

}  // namespace

Tensor Tensor::sum(std::optional<DType> as) const {
  const Tape tape(*this);
  Tensor out = sum_rows(*this, {}, false, sum_type(*this, as));
  if (tape.on()) {
    tape.record("SumBackward0", out, saved(),
                [sizes = Dims(sizes())](Backward& b) { b.give(0, b.grad().expand(sizes)); });
  }
  return out;
}
Tensor Tensor::sum(IntArrayRef dims, bool keepdim, std::optional<DType> as) const {
  const Tape tape(*this);
  Tensor out = sum_rows(*this, dims, keepdim, sum_type(*this, as));
  if (tape.on()) {
    tape.record("SumBackward1", out, saved(),
                [shape = detail::Reduced(*this, dims)](Backward& b) { b.give(0, shape.spread(b.grad())); });
  }
  return out;
}
Tensor Tensor::mean(std::optional<DType> as) const {
  const Tape tape(*this);
  Tensor out = mean_rows(*this, {}, false, as);
  if (tape.on()) {
    tape.record("MeanBackward0", out, saved(), [sizes = Dims(sizes()), n = numel()](Backward& b) {
      b.give(0, b.grad().div(n).expand(sizes));
    });
  }
  return out;
}
Tensor Tensor::mean(IntArrayRef dims, bool keepdim, std::optional<DType> as) const {
  const Tape tape(*this);
  Tensor out = mean_rows(*this, dims, keepdim, as);
  if (tape.on()) {
    const std::int64_t n = numel() / std::max<std::int64_t>(out.numel(), 1);
    tape.record("MeanBackward1", out, saved(), [shape = detail::Reduced(*this, dims), n](Backward& b) {
      b.give(0, shape.spread(b.grad().div(n)));
    });
  }
  return out;
}

namespace {

Tensor product_of_all(const Tensor& self, DType type) {
  const detail::ReducedRows r = detail::reduce_rows(self.to(type), {}, false);
  Tensor out = new_result(self, {}, type);
  if (r.n == 0) return out.fill_(1);
  if (out.is_meta()) return out;
  visit_dtype_of<kBools | kIntegers | kReals | kComplexes>(
      type, "prod_out_cpu", [&]<class T>(std::type_identity<T>) {
        each_row<T, T>(out, r, [](const std::byte* p, std::int64_t n) {
          using Product = std::conditional_t<std::is_integral_v<T>, std::uint64_t, compute_t<T>>;
          Product product(1);
          for (std::int64_t i = 0; i < n; ++i) {
            const auto factor = load_for_compute<T>(p + i * static_cast<std::int64_t>(sizeof(T)));
            const auto x =
                static_cast<Product>(factor);  // NOLINT(*-signed-char-misuse): its sign counts, modulo 2^64
            if constexpr (detail::is_complex_element<T>) {
              product = complex_product(product, x);
            } else if constexpr (std::is_integral_v<T>) {
              product *= x;
            } else {
              product = to_compute(convert_element<T>(product * x));
            }
          }
          return product;
        });
      });
  return out;
}

/// The products of all the other elements, also where some are 0.
Tensor products_without(const Tensor& x) {
  const Tensor flat = x.reshape({x.numel()});
  const std::int64_t n = flat.numel();
  std::vector<Tensor> parts;
  for (std::int64_t i = 0; i < n; ++i) {
    const Tensor before = flat.slice(0, 0, i);
    const Tensor after = flat.slice(0, i + 1, n);
    parts.push_back(before.prod().mul(after.prod()));
  }
  return stack(parts).reshape(x.sizes());
}

/// d(variance)/dx times grad.
Tensor gradient_of_variance(const Tensor& grad, const Tensor& x, bool unbiased) {
  const double freedom = static_cast<double>(x.numel()) - (unbiased ? 1 : 0);
  return grad.mul(2 / freedom).mul(x.sub(x.mean()));
}

}  // namespace

Tensor Tensor::prod(std::optional<DType> as) const {
  const Tape tape(*this);
  Tensor out = product_of_all(*this, sum_type(*this, as));
  if (tape.on()) {
    tape.record("ProdBackward0", out, saved(*this, out), [](Backward& b) {
      const Tensor& x = b.saved(0);
      if (x.numel() == 0) return b.give(0, zeros_like(x));
      const bool has_zero = x.eq(0).any().item<bool>();
      b.give(0, has_zero ? b.grad().mul(conj(products_without(x))) : b.grad().mul(conj(b.saved(1).div(x))));
    });
  }
  return out;
}

Tensor Tensor::var(bool unbiased) const {
  const Tape tape(*this);
  Tensor out = variance(*this, unbiased, false);
  warn_without_freedom(*this, unbiased, "var");
  if (tape.on()) {
    tape.record("VarBackward0", out, saved(*this),
                [unbiased](Backward& b) { b.give(0, gradient_of_variance(b.grad(), b.saved(0), unbiased)); });
  }
  return out;
}
Tensor Tensor::std(bool unbiased) const {
  const Tape tape(*this);
  Tensor out = variance(*this, unbiased, true);
  warn_without_freedom(*this, unbiased, "std");
  if (tape.on()) {
    tape.record("StdBackward0", out, saved(*this, out), [unbiased](Backward& b) {
      const Tensor& deviation = b.saved(1);
      const Tensor of_variance = b.grad().div(deviation.mul(2));
      b.give(0, gradient_of_variance(of_variance.masked_fill(deviation.eq(0), 0), b.saved(0), unbiased));
    });
  }
  return out;
}

namespace {

Tensor norm_values(const Tensor& self, double power, IntArrayRef dims, bool keepdim) {
  check<DTypeError>(self.is_floating_point() || self.is_complex(),
                    "linalg.vector_norm: Expected a floating point or complex tensor as input. Got {}",
                    dtype_error_name(self.dtype()));
  const detail::ReducedRows r = detail::reduce_rows(self, dims, keepdim);
  check<ValueError>(r.n > 0 || r.count == 0 || (power >= 0 && !std::isinf(power)),
                    "linalg.vector_norm cannot compute the {} norm on an empty tensor because the operation "
                    "does not have an identity",
                    power);
  Tensor out = new_result(self, r.result, to_real_dtype(self.dtype()));
  if (self.numel() == 0) return out.zero_();
  if (out.is_meta()) return out;
  if (r.n == 1) {
    return power == 0 ? self.reshape(r.result).ne(0).to(out.dtype()) : self.reshape(r.result).abs();
  }
  visit_dtype_of<kReals | kComplexes | kHalfComplex>(
      self.dtype(), "norm_cpu", [&]<class T>(std::type_identity<T>) {
        visit_dtype_of<kReals>(out.dtype(), "norm_cpu", [&]<class Out>(std::type_identity<Out>) {
          each_row<Out, T>(out, r,
                           [&](const std::byte* row, std::int64_t n) { return norm_of<T>(row, n, power); });
        });
      });
  return out;
}

/// The gradient of a norm over dimensions of x (none: all), which `grad` and `norm` have with size 1.
Tensor gradient_of_norm(const Tensor& grad, const Tensor& x, const Tensor& norm, double power,
                        IntArrayRef dims) {
  if (power == 0) return zeros_like(x);
  if (power == 1) return x.sign().mul(grad);
  if (power == 2) return masked_fill(x.div(norm), norm.eq(0), 0).mul(grad);
  if (std::isinf(power)) {
    const Tensor at = x.abs().eq(norm).to(x.dtype());
    return x.sign().mul(at).mul(grad.div(at.sum(dims, !dims.empty())));
  }
  const Tensor scaled = power < 2 ? masked_fill(x.sign().mul(x.abs().pow(power - 1)), x.eq(0), 0)
                                  : x.mul(x.abs().pow(power - 2));
  return scaled.mul(masked_fill(grad.div(norm.pow(power - 1)), norm.eq(0), 0));
}

}  // namespace

Tensor Tensor::norm(const Scalar& p) const {
  const double power = p.toDouble();
  const Tape tape(*this);
  Tensor out = norm_values(*this, power, {}, false);
  if (tape.on()) {
    tape.record("LinalgVectorNormBackward0", out, saved(*this, out), [power](Backward& b) {
      b.give(0, gradient_of_norm(b.grad(), b.saved(0), b.saved(1), power, {}));
    });
  }
  return out;
}

Tensor Tensor::norm(const Scalar& p, IntArrayRef dims, bool keepdim) const {
  const double power = p.toDouble();
  const Tape tape(*this);
  Tensor out = norm_values(*this, power, dims, keepdim);
  if (tape.on()) {
    tape.record(
        "NormBackward1", out, saved(*this, out),
        [power, shape = detail::Reduced(*this, dims), over = Dims(dims)](Backward& b) {
          b.give(0, gradient_of_norm(shape.kept(b.grad()), b.saved(0), shape.kept(b.saved(1)), power, over));
        });
  }
  return out;
}

Tensor sum(const Tensor& self, std::optional<DType> dtype) { return self.sum(dtype); }
Tensor sum(const Tensor& self, IntArrayRef dims, bool keepdim, std::optional<DType> dtype) {
  return self.sum(dims, keepdim, dtype);
}
Tensor mean(const Tensor& self, std::optional<DType> dtype) { return self.mean(dtype); }
Tensor mean(const Tensor& self, IntArrayRef dims, bool keepdim, std::optional<DType> dtype) {
  return self.mean(dims, keepdim, dtype);
}
Tensor prod(const Tensor& self, std::optional<DType> dtype) { return self.prod(dtype); }
Tensor var(const Tensor& self, bool unbiased) { return self.var(unbiased); }
Tensor std(const Tensor& self, bool unbiased) { return self.std(unbiased); }
Tensor norm(const Tensor& self, const Scalar& p) { return self.norm(p); }
Tensor norm(const Tensor& self, const Scalar& p, IntArrayRef dims, bool keepdim) {
  return self.norm(p, dims, keepdim);
}

}  // namespace ballast
