// Many elements to one: sums, means, extremes, norms, truth.
//
//   Tensor total = sum(w);                       // no dimensions
//   Tensor rows = w.sum(1, true);                // [n, 1]
//   auto [values, places] = w.max(0);
//
// Without dimensions the whole tensor is reduced; an empty list of dimensions means all of them. `keepdim` keeps reduced
// dimensions with size 1. Integers and truth values are summed as int64. Sums are kept in double (float32 and smaller) or by
// halves, so that their error does not grow with the number of elements.
//
// IndexError for a dimension out of range, ShapeError "dim 0 appears multiple times in the list of dims".
#pragma once

#include "ballast/core/tensor.h"

namespace ballast {

[[nodiscard]] Tensor sum(const Tensor& self, std::optional<DType> dtype = std::nullopt);
[[nodiscard]] Tensor sum(const Tensor& self, IntArrayRef dims, bool keepdim = false,
                         std::optional<DType> dtype = std::nullopt);
/// DTypeError "mean(): could not infer output dtype. ..." for integers, unless a type is given.
[[nodiscard]] Tensor mean(const Tensor& self, std::optional<DType> dtype = std::nullopt);
[[nodiscard]] Tensor mean(const Tensor& self, IntArrayRef dims, bool keepdim = false,
                          std::optional<DType> dtype = std::nullopt);
[[nodiscard]] Tensor prod(const Tensor& self, std::optional<DType> dtype = std::nullopt);

/// The variance, divided by n - 1 (`unbiased`) or n; NaN for fewer elements. Real types and complex ones only.
[[nodiscard]] Tensor var(const Tensor& self, bool unbiased = true);
[[nodiscard]] Tensor std(const Tensor& self, bool unbiased = true);
/// (sum |x|^p)^(1/p); p = 0 counts what is not zero, +-infinity gives the largest or smallest magnitude.
[[nodiscard]] Tensor norm(const Tensor& self, const Scalar& p = 2);
[[nodiscard]] Tensor norm(const Tensor& self, const Scalar& p, IntArrayRef dims, bool keepdim = false);

/// The extreme element, NaN if there is one. ValueError for an empty tensor.
[[nodiscard]] Tensor max(const Tensor& self);
[[nodiscard]] Tensor min(const Tensor& self);
/// The larger and the smaller of two, element by element (`maximum`, `minimum`).
[[nodiscard]] Tensor max(const Tensor& self, const Tensor& other);
[[nodiscard]] Tensor min(const Tensor& self, const Tensor& other);
/// Values and their first positions along one dimension.
[[nodiscard]] std::tuple<Tensor, Tensor> max(const Tensor& self, std::int64_t dim, bool keepdim = false);
[[nodiscard]] std::tuple<Tensor, Tensor> min(const Tensor& self, std::int64_t dim, bool keepdim = false);
/// The first position of the extreme, int64; without a dimension, of the row-major order of all elements.
[[nodiscard]] Tensor argmax(const Tensor& self, std::optional<std::int64_t> dim = std::nullopt,
                            bool keepdim = false);
[[nodiscard]] Tensor argmin(const Tensor& self, std::optional<std::int64_t> dim = std::nullopt,
                            bool keepdim = false);

/// Whether all, or any, elements are not zero: bool (uint8 for uint8).
[[nodiscard]] Tensor all(const Tensor& self);
[[nodiscard]] Tensor any(const Tensor& self);
[[nodiscard]] Tensor count_nonzero(const Tensor& self);

}  // namespace ballast
