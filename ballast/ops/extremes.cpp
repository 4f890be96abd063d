#include "ballast/autograd/tape.h"
#include "ballast/ops/comparison.h"
#include "ballast/ops/elementwise.h"
#include "ballast/ops/factories.h"
#include "ballast/ops/indexing.h"
#include "ballast/ops/reduced_rows.h"
#include "ballast/ops/reduction.h"

namespace ballast {
namespace {

constexpr DTypeSet kOrdered = kBools | kIntegers | kReals;

enum class Which { kMax, kMin };
constexpr const char* name_of(Which w) { return w == Which::kMax ? "max" : "min"; }

/// The first position of the extreme of a row; NaN is more extreme than any number.
template <class T>
std::int64_t place_in(const std::byte* row, std::int64_t n, Which which) {
  constexpr std::int64_t kSize = sizeof(T);
  std::int64_t best = 0;
  auto extreme = load_for_compute<T>(row);
  for (std::int64_t i = 0; i < n && extreme == extreme; ++i) {
    const auto x = load_for_compute<T>(row + i * kSize);
    const bool better = which == Which::kMax ? !(x <= extreme) : !(x >= extreme);
    if (better) {
      best = i;
      extreme = x;
    }
  }
  return best;
}

struct Extremes {
  Tensor values, places;
};

/// Over the rows; either tensor may be undefined.
void find_extremes(const detail::ReducedRows& r, Which which, const char* kernel, const Extremes& out) {
  if (r.rows.is_meta() || r.rows.numel() == 0) return;
  visit_dtype_of<kOrdered>(r.rows.dtype(), kernel, [&]<class T>(std::type_identity<T>) {
    const auto* from = static_cast<const std::byte*>(r.rows.data_ptr());
    for (std::int64_t i = 0; i < r.count; ++i) {
      const std::int64_t at = place_in<T>(from, r.n, which);
      if (out.places.defined()) out.places.data_ptr<std::int64_t>()[i] = at;
      if (out.values.defined()) {
        store(static_cast<std::byte*>(out.values.data_ptr()) + i * static_cast<std::int64_t>(sizeof(T)),
              load<T>(from + at * static_cast<std::int64_t>(sizeof(T))));
      }
      from += r.n * static_cast<std::int64_t>(sizeof(T));
    }
  });
}

Tensor extreme_of_all(const Tensor& t, Which which) {
  check<ValueError>(t.numel() > 0,
                    "{}(): Expected reduction dim to be specified for input.numel() == 0. Specify the "
                    "reduction dim with the 'dim' argument.",
                    name_of(which));
  const Tape tape(t);
  Tensor out = empty({}, t.options());
  find_extremes(detail::reduce_rows(t, {}, false), which, which == Which::kMax ? "max_all" : "min_all",
                {out, {}});
  if (tape.on()) {
    // Equal extremes share the gradient.
    tape.record(which == Which::kMax ? "MaxBackward1" : "MinBackward1", out, saved(t, out), [](Backward& b) {
      const Tensor at = b.saved(0).eq(b.saved(1)).to(b.grad().dtype());
      b.give(0, at.mul(b.grad().div(at.sum())));
    });
  }
  return out;
}

void check_not_empty(const Tensor& t, std::int64_t dim, const char* name) {
  const std::int64_t d = wrap_dim(dim, t.dim());
  check<IndexError>(t.dim() == 0 || t.sizes()[static_cast<std::size_t>(d)] > 0,
                    "{}(): Expected reduction dim {} to have non-zero size.", name, d);
}

std::tuple<Tensor, Tensor> extremes_along(const Tensor& t, std::int64_t dim, bool keepdim, Which which) {
  check_not_empty(t, dim, name_of(which));
  check<DTypeError>(!t.is_complex(), "{}(): does not support complex input", name_of(which));
  if (t.dim() == 0) return {t.clone(), zeros({}, t.options().dtype(kInt64))};
  const Tape tape(t);
  const detail::ReducedRows r = detail::reduce_rows(t, dim, keepdim);
  const Extremes out{empty(r.result, t.options()), empty(r.result, t.options().dtype(kInt64))};
  find_extremes(r, which, which == Which::kMax ? "max_cpu" : "min_cpu", out);
  if (tape.on()) {
    tape.record(which == Which::kMax ? "MaxBackward0" : "MinBackward0", out.values, saved(out.places),
                [dim, shape = detail::Reduced(t, dim), sizes = Dims(t.sizes())](Backward& b) {
                  b.give(0, scatter_add(zeros(sizes, b.grad().options()), dim, shape.kept(b.saved(0)),
                                        shape.kept(b.grad())));
                });
  }
  return {out.values, out.places};
}

Tensor place_of(const Tensor& t, std::optional<std::int64_t> dim, bool keepdim, Which which) {
  const char* name = which == Which::kMax ? "argmax" : "argmin";
  check<DTypeError>(!t.is_complex(), "{}(): does not support complex input", name);
  check<DTypeError>(t.dtype() != kBool, "{}(): does not support bool input", name);
  if (dim) {
    check_not_empty(t, *dim, name);
  } else {
    check<IndexError>(t.numel() > 0, "{}(): Expected reduction dim to be specified for input.numel() == 0.",
                      name);
  }
  const detail::ReducedRows r = detail::reduce_rows(t, dim ? IntArrayRef(*dim) : IntArrayRef(), keepdim);
  if (dim && t.dim() > 0 && r.n == 1) return zeros(r.result, t.options().dtype(kInt64));
  Tensor out = empty(r.result, t.options().dtype(kInt64));
  find_extremes(r, which, which == Which::kMax ? "argmax_cpu" : "argmin_cpu", {{}, out});
  return out;
}

/// How many elements are not zero.
template <class T>
std::int64_t nonzeros(const Tensor& t) {
  std::int64_t count = 0;
  const detail::ReducedRows r = detail::reduce_rows(t, {}, false);
  const auto* p = static_cast<const std::byte*>(r.rows.data_ptr());
  for (std::int64_t i = 0; i < r.n; ++i) {
    count += load_for_compute<T>(p + i * static_cast<std::int64_t>(sizeof(T))) != compute_t<T>(0) ? 1 : 0;
  }
  return count;
}

template <class F>
Tensor truth_of_all(const Tensor& t, F of) {
  Tensor out = empty({}, t.options().dtype(t.dtype() == kUInt8 ? kUInt8 : kBool));
  if (t.is_meta()) return out;
  visit_dtype(t.dtype(), [&]<class T>(std::type_identity<T>) { out.fill_(of(nonzeros<T>(t))); });
  return out;
}

}  // namespace

Tensor Tensor::max() const { return extreme_of_all(*this, Which::kMax); }
Tensor Tensor::min() const { return extreme_of_all(*this, Which::kMin); }
std::tuple<Tensor, Tensor> Tensor::max(std::int64_t d, bool keepdim) const {
  return extremes_along(*this, d, keepdim, Which::kMax);
}
std::tuple<Tensor, Tensor> Tensor::min(std::int64_t d, bool keepdim) const {
  return extremes_along(*this, d, keepdim, Which::kMin);
}
Tensor Tensor::argmax(std::optional<std::int64_t> d, bool keepdim) const {
  return place_of(*this, d, keepdim, Which::kMax);
}

Tensor Tensor::all() const {
  return truth_of_all(*this, [this](std::int64_t n) { return n == numel(); });
}
Tensor Tensor::any() const {
  return truth_of_all(*this, [](std::int64_t n) { return n > 0; });
}
Tensor Tensor::count_nonzero() const {
  Tensor out = empty({}, options().dtype(kInt64));
  if (is_meta()) return out;
  visit_dtype_of<kBools | kIntegers | kReals | kComplexes | kHalfComplex>(
      dtype(), "nonzero_count_cpu", [&]<class T>(std::type_identity<T>) { out.fill_(nonzeros<T>(*this)); });
  return out;
}

bool Tensor::is_nonzero() const {
  check<ShapeError>(numel() != 0, "Boolean value of Tensor with no values is ambiguous");
  check<ShapeError>(numel() == 1, "Boolean value of Tensor with more than one value is ambiguous");
  return item().toBool();
}

Tensor max(const Tensor& self) { return self.max(); }
Tensor min(const Tensor& self) { return self.min(); }
Tensor max(const Tensor& self, const Tensor& other) { return maximum(self, other); }
Tensor min(const Tensor& self, const Tensor& other) { return minimum(self, other); }
std::tuple<Tensor, Tensor> max(const Tensor& self, std::int64_t dim, bool keepdim) {
  return self.max(dim, keepdim);
}
std::tuple<Tensor, Tensor> min(const Tensor& self, std::int64_t dim, bool keepdim) {
  return self.min(dim, keepdim);
}
Tensor argmax(const Tensor& self, std::optional<std::int64_t> dim, bool keepdim) {
  return self.argmax(dim, keepdim);
}
Tensor argmin(const Tensor& self, std::optional<std::int64_t> dim, bool keepdim) {
  return place_of(self, dim, keepdim, Which::kMin);
}
Tensor all(const Tensor& self) { return self.all(); }
Tensor any(const Tensor& self) { return self.any(); }
Tensor count_nonzero(const Tensor& self) { return self.count_nonzero(); }

}  // namespace ballast
