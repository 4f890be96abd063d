#include "ballast/ops/embedding.h"

#include <cmath>
#include <cstring>
#include <vector>

#include "ballast/autograd/tape.h"
#include "ballast/ops/arithmetic.h"
#include "ballast/ops/comparison.h"
#include "ballast/ops/compute_type.h"
#include "ballast/ops/factories.h"
#include "ballast/ops/indexing.h"
#include "ballast/ops/inplace.h"

namespace ballast {
namespace {

/// `indices` as row-major int64, each a row of a table of `rows`.
Tensor checked_rows(const Tensor& indices, std::int64_t rows) {
  Tensor plain = indices.to(kInt64).contiguous();
  const auto* const at = plain.data_ptr<std::int64_t>();
  for (std::int64_t i = 0; i < plain.numel(); ++i) {
    check<IndexError>(at[i] >= 0 && at[i] < rows, "index out of range in self: {} is no row of {}", at[i],
                      rows);
  }
  return plain;
}

void check_index_type(const Tensor& indices, const char* name, const char* caller) {
  check<DTypeError>(indices.dtype() == kInt64 || indices.dtype() == kInt32,
                    "Expected tensor for argument #1 '{}' to have one of the following scalar types: Long, "
                    "Int; but got {} instead (while checking arguments for {})",
                    name, dtype_error_name(indices.dtype()), caller);
}

void check_table(const Tensor& weight) { check<ShapeError>(weight.dim() == 2, "'weight' must be 2-D"); }

std::vector<std::int64_t> counts_of(const Tensor& rows, std::int64_t num_weights) {
  std::vector<std::int64_t> counts(static_cast<std::size_t>(num_weights));
  const auto* const at = rows.data_ptr<std::int64_t>();
  for (std::int64_t i = 0; i < rows.numel(); ++i) ++counts[static_cast<std::size_t>(at[i])];
  return counts;
}

/// One over how often each entry's row is named: [..., 1] of `like`'s type.
Tensor inverse_counts(const Tensor& rows, std::int64_t num_weights, const Tensor& like) {
  const std::vector<std::int64_t> counts = counts_of(rows, num_weights);
  Tensor out = empty(rows.sizes(), TensorOptions(kFloat64));
  const auto* const at = rows.data_ptr<std::int64_t>();
  auto* const to = out.data_ptr<double>();
  for (std::int64_t i = 0; i < rows.numel(); ++i)
    to[i] = 1.0 / static_cast<double>(counts[static_cast<std::size_t>(at[i])]);
  return out.to(like.dtype()).unsqueeze(-1);
}

/// `grad` without what padding would get, and divided by counts if asked for: what remains is to be added up.
Tensor weighted_rows(Tensor grad, const Tensor& rows, std::int64_t num_weights, std::int64_t padding_idx,
                     bool scale_grad_by_freq) {
  if (padding_idx >= 0) grad = grad.masked_fill(rows.eq(padding_idx).unsqueeze(-1), 0);
  if (scale_grad_by_freq) grad = grad.mul(inverse_counts(rows, num_weights, grad));
  return grad;
}

/// Adds the rows of `grad` to those of `out`, in order.
void add_rows(const Tensor& out, const Tensor& grad, const Tensor& rows, std::int64_t padding_idx) {
  const std::int64_t width = out.sizes()[1];
  const auto* const at = rows.data_ptr<std::int64_t>();
  visit_dtype_of<kReals | kComplexes>(
      out.dtype(), "embedding_dense_backward", [&]<class T>(std::type_identity<T>) {
        const T* from = grad.data_ptr<T>();
        T* const to = out.data_ptr<T>();
        for (std::int64_t i = 0; i < rows.numel(); ++i, from += width) {
          if (at[i] == padding_idx) continue;
          T* const row = to + at[i] * width;
          for (std::int64_t k = 0; k < width; ++k) {
            if constexpr (std::is_same_v<compute_t<T>, T>) {
              row[k] += from[k];
            } else {
              row[k] = convert_element<T>(to_compute(row[k]) + to_compute(from[k]));
            }
          }
        }
      });
}

Dims with_width(IntArrayRef sizes, std::int64_t width) {
  Dims out(sizes);
  out.push_back(width);
  return out;
}

}  // namespace

Tensor embedding(const Tensor& weight, const Tensor& indices, std::int64_t padding_idx,
                 bool scale_grad_by_freq) {
  check_table(weight);
  check_index_type(indices, "indices", "embedding");
  const std::int64_t rows = weight.sizes()[0];
  const std::int64_t width = weight.sizes()[1];
  if (weight.is_meta() || indices.is_meta())
    return empty(with_width(indices.sizes(), width), weight.options().device(kMeta));
  const Tensor at = checked_rows(indices, rows);
  const Tape tape(weight);
  Tensor out = empty(with_width(indices.sizes(), width), weight.options());
  const Tensor table = weight.contiguous();
  const auto bytes = static_cast<std::size_t>(width * weight.itemsize());
  const auto* const from = static_cast<const std::byte*>(table.data_ptr());
  auto* to = static_cast<std::byte*>(out.data_ptr());
  const auto* const row = at.data_ptr<std::int64_t>();
  if (bytes > 0) {
    for (std::int64_t i = 0; i < at.numel(); ++i, to += bytes)
      std::memcpy(to, from + static_cast<std::size_t>(row[i]) * bytes, bytes);
  }
  if (tape.on()) {
    tape.record("EmbeddingBackward0", out, saved(at), [rows, padding_idx, scale_grad_by_freq](Backward& b) {
      b.give(0, embedding_dense_backward(b.grad(), b.saved(0), rows, padding_idx, scale_grad_by_freq));
    });
  }
  return out;
}

Tensor embedding_dense_backward(const Tensor& grad, const Tensor& indices, std::int64_t num_weights,
                                std::int64_t padding_idx, bool scale_grad_by_freq) {
  const bool recorded = GradMode::is_enabled() && grad.requires_grad();
  if (scale_grad_by_freq || (recorded && padding_idx >= 0)) {
    const Tensor rows = checked_rows(indices, num_weights);
    return embedding_dense_backward(weighted_rows(grad, rows, num_weights, padding_idx, scale_grad_by_freq),
                                    rows, num_weights, -1, false);
  }
  const std::int64_t width = grad.size(-1);
  if (grad.is_meta()) return empty({num_weights, width}, grad.options());
  const Tensor rows = checked_rows(indices, num_weights);
  const Tape tape(grad);
  Tensor out = zeros({num_weights, width}, grad.options());
  add_rows(out, grad.contiguous(), rows, padding_idx);
  if (tape.on()) {
    tape.record("EmbeddingDenseBackwardBackward0", out, saved(rows),
                [](Backward& b) { b.give(0, embedding(b.grad(), b.saved(0))); });
  }
  return out;
}

const Tensor& embedding_renorm_(const Tensor& weight, const Tensor& indices, double max_norm,
                                double norm_type) {
  check_table(weight);
  check_index_type(indices, "indices", "embedding_renorm_");
  if (weight.is_meta() || indices.is_meta()) return weight;
  const Tensor rows = checked_rows(indices, weight.sizes()[0]);
  const InplaceTape tape(weight);
  check<NotImplementedError>(!tape.on(), "embedding_renorm_ has no gradient: call it under NoGradGuard");
  std::vector<bool> done(static_cast<std::size_t>(weight.sizes()[0]));
  const NoGradGuard no_grad;
  const auto* const at = rows.data_ptr<std::int64_t>();
  for (std::int64_t i = 0; i < rows.numel(); ++i) {
    const auto r = static_cast<std::size_t>(at[i]);
    if (done[r]) continue;
    done[r] = true;
    const Tensor row = weight.select(0, at[i]);
    const double norm = row.norm(norm_type).item<double>();
    if (norm > max_norm) row.mul_(max_norm / (norm + 1e-7));
  }
  return weight;
}

namespace {

/// Which bag each index belongs to, and how many of a bag count.
struct Bags {
  Tensor bag_of;                     ///< for each index before the last end
  std::vector<std::int64_t> counts;  ///< without padding
  std::int64_t used = 0;             ///< indices that are in a bag
};

std::int64_t bag_count(const Tensor& offsets, const EmbeddingBagArguments& arguments) {
  if (!arguments.include_last_offset) return offsets.numel();
  check<ValueError>(offsets.numel() >= 1, "include_last_offset: number of offset should be at least 1");
  return offsets.numel() - 1;
}

Bags bags_of(const Tensor& rows, const Tensor& offsets, const EmbeddingBagArguments& arguments) {
  const Tensor plain = offsets.to(kInt64).contiguous();
  const auto* const begin = plain.data_ptr<std::int64_t>();
  const std::int64_t n = rows.numel();
  const std::int64_t given = plain.numel();
  const std::int64_t bags = bag_count(offsets, arguments);
  if (given > 0) {
    check<ValueError>(begin[0] == 0,
                      "offsets[0] has to be 0, i.e., the first sequence in the mini-batch has to start from "
                      "position 0. However, got {}",
                      begin[0]);
    check<ValueError>(begin[given - 1] <= n,
                      "offsets[-1] can not be greater than input's length {} but got offsets[-1] of {}", n,
                      begin[given - 1]);
  }
  for (std::int64_t b = 0; b + 1 < given; ++b) {
    check<ValueError>(begin[b] <= begin[b + 1],
                      "embedding_bag: offsets must not decrease, but offsets[{}] is {} and offsets[{}] is {}",
                      b, begin[b], b + 1, begin[b + 1]);
  }
  Bags out;
  out.counts.assign(static_cast<std::size_t>(bags), 0);
  const auto end_of = [&](std::int64_t b) { return b + 1 < given ? begin[b + 1] : n; };
  out.used = bags > 0 ? end_of(bags - 1) : 0;
  out.bag_of = empty({out.used}, kInt64);
  auto* const bag = out.bag_of.data_ptr<std::int64_t>();
  const auto* const at = rows.data_ptr<std::int64_t>();
  for (std::int64_t b = 0; b < bags; ++b) {
    for (std::int64_t i = begin[b]; i < end_of(b); ++i) {
      bag[i] = b;
      if (at[i] != arguments.padding_idx) ++out.counts[static_cast<std::size_t>(b)];
    }
  }
  return out;
}

/// The factor of each index's row in its bag: its own weight, or one over the size of the bag.
Tensor factors_of(const Bags& bags, const EmbeddingBagArguments& arguments, const TensorOptions& options) {
  if (arguments.per_sample_weights.defined())
    return arguments.per_sample_weights.detach().narrow(0, 0, bags.used);
  const Tensor out = ones({bags.used}, TensorOptions(kFloat64));
  if (arguments.mode == BagMode::kMeanRows) {
    const auto* const bag = bags.bag_of.data_ptr<std::int64_t>();
    auto* const to = out.data_ptr<double>();
    for (std::int64_t i = 0; i < bags.used; ++i) {
      const std::int64_t count = bags.counts[static_cast<std::size_t>(bag[i])];
      to[i] = 1.0 / static_cast<double>(std::max<std::int64_t>(count, 1));
    }
  }
  return out.to(options.dtype());
}

/// Sums (or means) of each bag's rows, in order, in the type that elements are computed in.
void sum_bags(const Tensor& out, const Tensor& table, const Tensor& rows, const Bags& bags,
              const Tensor& factors, const EmbeddingBagArguments& arguments) {
  const std::int64_t width = table.sizes()[1];
  const auto* const at = rows.data_ptr<std::int64_t>();
  const auto* const bag = bags.bag_of.data_ptr<std::int64_t>();
  const bool mean = arguments.mode == BagMode::kMeanRows;
  visit_dtype_of<kReals>(out.dtype(), "embedding_bag", [&]<class T>(std::type_identity<T>) {
    using C = compute_t<T>;
    std::vector<C> sum(static_cast<std::size_t>(width));
    const T* const factor = factors.data_ptr<T>();
    std::int64_t i = 0;
    for (std::int64_t b = 0; b < out.sizes()[0]; ++b) {
      std::fill(sum.begin(), sum.end(), C(0));
      for (; i < bags.used && bag[i] == b; ++i) {
        if (at[i] == arguments.padding_idx) continue;
        const T* const row = table.data_ptr<T>() + at[i] * width;
        const C times = mean ? C(1) : to_compute(factor[i]);
        for (std::int64_t k = 0; k < width; ++k)
          sum[static_cast<std::size_t>(k)] += times * to_compute(row[k]);
      }
      const C by = mean ? C(std::max<std::int64_t>(bags.counts[static_cast<std::size_t>(b)], 1)) : C(1);
      T* const to = out.data_ptr<T>() + b * width;
      for (std::int64_t k = 0; k < width; ++k)
        to[k] = convert_element<T>(sum[static_cast<std::size_t>(k)] / by);
    }
  });
}

/// The largest element of each column of a bag, the first where several are; gives the rows they are from, -1
/// where none is.
Tensor largest_of_bags(const Tensor& out, const Tensor& table, const Tensor& rows, const Bags& bags,
                       std::int64_t padding_idx) {
  const std::int64_t width = table.sizes()[1];
  Tensor places = full(out.sizes(), -1, kInt64);
  auto* const place = places.data_ptr<std::int64_t>();
  const auto* const at = rows.data_ptr<std::int64_t>();
  const auto* const bag = bags.bag_of.data_ptr<std::int64_t>();
  visit_dtype_of<kReals>(out.dtype(), "embedding_bag", [&]<class T>(std::type_identity<T>) {
    for (std::int64_t i = 0; i < bags.used; ++i) {
      if (at[i] == padding_idx) continue;
      const T* const row = table.data_ptr<T>() + at[i] * width;
      for (std::int64_t k = 0; k < width; ++k) {
        const std::int64_t o = bag[i] * width + k;
        T& best = out.data_ptr<T>()[o];
        if (place[o] < 0 || to_compute(row[k]) > to_compute(best)) {
          best = row[k];
          place[o] = at[i];
        }
      }
    }
  });
  return places;
}

/// grad, of a bag of largest elements, back to the table.
Tensor spread_largest(const Tensor& grad, const Tensor& places, std::int64_t num_weights) {
  const Tensor none = places.lt(0);
  return scatter_add(zeros({num_weights, grad.size(1)}, grad.options()), 0, places.clamp_min(0),
                     grad.masked_fill(none, 0));
}

}  // namespace

Tensor embedding_bag(const Tensor& weight, const Tensor& indices, const Tensor& offsets,
                     const EmbeddingBagArguments& arguments) {
  check_table(weight);
  check_index_type(indices, "indices", "embedding_bag");
  check_index_type(offsets, "offsets", "embedding_bag");
  check<ShapeError>(indices.dim() == 1 && offsets.dim() == 1,
                    "embedding_bag: indices and offsets have to be 1D Tensors, but got {} and {}",
                    shape_text(indices.sizes()), shape_text(offsets.sizes()));
  const std::int64_t rows = weight.sizes()[0];
  const Tensor& own = arguments.per_sample_weights;
  if (own.defined()) {
    check<NotImplementedError>(arguments.mode == BagMode::kSumRows,
                               "embedding_bag: per_sample_weights only supported with mode='sum'");
    check<DTypeError>(own.dtype() == weight.dtype(),
                      "Expected tensor for argument #1 'weight' to have the same type as tensor for argument "
                      "#1 'per_sample_weights'; but type {} does not equal {} (while checking arguments for "
                      "embedding_bag)",
                      dtype_error_name(weight.dtype()), dtype_error_name(own.dtype()));
    check<ShapeError>(own.sizes() == indices.sizes(),
                      "embedding_bag: per_sample_weights has shape {}, but the indices have {}",
                      shape_text(own.sizes()), shape_text(indices.sizes()));
  }
  const auto on_meta = [](const Tensor& t) { return t.defined() && t.is_meta(); };
  if (on_meta(weight) || on_meta(indices) || on_meta(offsets) || on_meta(own)) {
    return empty({bag_count(offsets, arguments), weight.sizes()[1]}, weight.options().device(kMeta));
  }
  const Tensor every = checked_rows(indices, rows);
  const Bags bags = bags_of(every, offsets, arguments);
  const Tape tape(weight, own);
  Tensor out = zeros({static_cast<std::int64_t>(bags.counts.size()), weight.sizes()[1]}, weight.options());
  const Tensor table = weight.contiguous();
  const std::int64_t padding = arguments.padding_idx;
  const bool by_freq = arguments.scale_grad_by_freq;
  if (arguments.mode == BagMode::kMaxRows) {
    const Tensor places = largest_of_bags(out, table, every, bags, padding);
    if (tape.on()) {
      tape.record("EmbeddingBagBackward0", out, saved(places),
                  [rows](Backward& b) { b.give(0, spread_largest(b.grad(), b.saved(0), rows)); });
    }
    return out;
  }
  const Tensor factors = factors_of(bags, arguments, weight.options()).contiguous();
  sum_bags(out, table, every, bags, factors, arguments);
  if (!tape.on()) return out;
  const Tensor used = every.narrow(0, 0, bags.used);
  const std::int64_t given = every.numel();
  tape.record(
      "EmbeddingBagBackward0", out, saved(tape.wants(1) ? weight : Tensor(), used, bags.bag_of, own, factors),
      [rows, padding, by_freq, given](Backward& b) {
        const Tensor& at = b.saved(1);
        const Tensor of_each = embedding(b.grad(), b.saved(2));
        if (b.wants(0)) {
          const Tensor factor = b.saved(3).defined() ? b.saved(3).narrow(0, 0, at.numel()) : b.saved(4);
          b.give(0, embedding_dense_backward(of_each.mul(factor.unsqueeze(1)), at, rows, padding, by_freq));
        }
        if (b.wants(1)) {
          Tensor grad = of_each.mul(embedding(b.saved(0), at)).sum(1);
          if (padding >= 0) grad = grad.masked_fill(at.eq(padding), 0);
          if (at.numel() < given) grad = cat({grad, zeros({given - at.numel()}, grad.options())});
          b.give(1, grad);
        }
      });
  return out;
}

}  // namespace ballast
