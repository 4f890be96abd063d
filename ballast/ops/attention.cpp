#include "ballast/ops/attention.h"

#include <algorithm>
#include <array>
#include <limits>
#include <vector>

#include "ballast/autograd/engine.h"
#include "ballast/autograd/tape.h"
#include "ballast/core/parallel.h"
#include "ballast/ops/arithmetic.h"
#include "ballast/ops/blas.h"
#include "ballast/ops/comparison.h"
#include "ballast/ops/cpu/softmax_kernels.h"
#include "ballast/ops/factories.h"
#include "ballast/ops/matmul.h"
#include "ballast/ops/reduction.h"
#include "ballast/ops/selection.h"
#include "ballast/ops/softmax.h"

namespace ballast {
namespace {

constexpr double kInfinity = std::numeric_limits<double>::infinity();

/// 0 where query i may see key j, j <= i, else minus infinity.
Tensor causal_bias(std::int64_t queries, std::int64_t keys, const TensorOptions& options) {
  const Tensor row = arange(queries).unsqueeze(1);
  return zeros({queries, keys}, options).masked_fill(arange(keys).gt(row), -kInfinity);
}

/// The scores' softmax. Rows without any finite score are 0, or NaN if not `empty_is_zero`.
Tensor weights_of(const Tensor& scores, bool empty_is_zero) {
  if (!empty_is_zero || scores.size(-1) == 0) return scores.softmax(-1);
  const Tensor empty_rows = std::get<0>(scores.detach().max(-1, true)).eq(-kInfinity);
  return scores.masked_fill(empty_rows, 0).softmax(-1).masked_fill(empty_rows, 0);
}

/// Attention by operations that can be differentiated any number of times, for any element type.
AttentionResult attention_by_steps(const Tensor& q, const Tensor& k, const Tensor& v,
                                   const AttentionArguments& o) {
  Tensor scores = q.matmul(k.transpose(-2, -1)).mul(o.scale);
  if (o.bias.defined()) scores = scores.add(o.bias);
  if (o.causal) scores = scores.add(causal_bias(q.size(-2), k.size(-2), scores.options()));
  Tensor weights = weights_of(scores, o.empty_is_zero);
  if (o.factors.defined()) weights = weights.mul(o.factors);
  return {weights.matmul(v), o.need_weights ? weights : Tensor()};
}

/// A tensor of batches and heads whose matrices BLAS reads where they are.
template <class T>
struct Heads {
  explicit Heads(const Tensor& t)
      : data(t.data_ptr<T>()), batch(t.strides()[0]), head(t.strides()[1]), row(t.strides()[2]) {}
  [[nodiscard]] T* at(std::int64_t b, std::int64_t h) const { return data + b * batch + h * head; }
  T* data;
  std::int64_t batch, head, row;
};

/// With dense rows, none over another.
Tensor with_dense_rows(const Tensor& t) {
  const std::int64_t width = t.sizes()[3];
  const bool dense = (t.strides()[3] == 1 || width == 1) &&
                     (t.strides()[2] >= std::max<std::int64_t>(width, 1) || t.sizes()[2] == 1);
  if (!dense) return t.contiguous();
  if (t.sizes()[2] > 1) return t;
  // BLAS wants a step even for one row.
  Dims strides(t.strides());
  strides[2] = std::max<std::int64_t>(width, 1);
  return t.alias(t.sizes(), strides, t.storage_offset());
}

/// Memory for [B, H, L, width] in the order in which `like` has its dimensions.
Tensor laid_out_as(const Tensor& like, std::int64_t rows, std::int64_t width) {
  const Dims sizes{like.sizes()[0], like.sizes()[1], rows, width};
  std::array<std::size_t, 3> order{0, 1, 2};
  std::stable_sort(order.begin(), order.end(),
                   [&](std::size_t a, std::size_t b) { return like.strides()[a] > like.strides()[b]; });
  Dims strides(4, 1);
  std::int64_t step = width;
  for (std::size_t i = 3; i-- > 0;) {
    strides[order[i]] = step;
    step *= std::max<std::int64_t>(sizes[order[i]], 1);
  }
  return empty_strided(sizes, strides, like.options());
}

struct Problem {
  std::int64_t batches, heads, queries, keys, width, value_width;
  double scale;
  bool causal, empty_is_zero;

  [[nodiscard]] std::int64_t valid(std::int64_t query) const {
    return causal ? std::min(keys, query + 1) : keys;
  }
  [[nodiscard]] std::int64_t work() const { return queries * keys * (width + value_width + 16); }
};

/// f(batch, head) for all, over threads where it is worth it.
template <class F>
void for_each_head(const Problem& p, const F& f) {
  const std::int64_t grain =
      std::max<std::int64_t>(1, (std::int64_t{1} << 20) / std::max<std::int64_t>(p.work(), 1));
  parallel_for(p.batches * p.heads, grain, [&](std::int64_t begin, std::int64_t end) {
    for (std::int64_t i = begin; i < end; ++i) f(i / p.heads, i % p.heads);
  });
}

template <class T>
void multiply(T* out, const T* a, const T* b, std::int64_t n) {
  for (std::int64_t i = 0; i < n; ++i) out[i] = a[i] * b[i];
}

/// out = alpha a b + beta out (not read if beta is 0), of which no size need be positive.
template <class T>
void product(std::int64_t m, std::int64_t n, std::int64_t k, T alpha, blas::Matrix<T> a, blas::Matrix<T> b,
             T beta, T* out, std::int64_t step) {
  if (m == 0 || n == 0) return;
  if (k > 0) return blas::gemm(m, n, k, alpha, a, b, beta, out, step);
  if (beta == 0) {
    for (std::int64_t i = 0; i < m; ++i) std::fill_n(out + i * step, n, T(0));
  }
}

/// The softmax of each row of scores [queries, keys], over the keys its query may see. A row without any finite score becomes 0,
/// or NaN if not `empty_is_zero`.
template <class T>
void weigh(const Problem& p, T* scores) {
  constexpr T kNone = -std::numeric_limits<T>::infinity();
  const auto softmax = detail::softmax_loops<T>().softmax;
  if (p.keys == 0) return;
  bool plain = !p.causal;
  for (std::int64_t i = 0; plain && i < p.queries; ++i) plain = scores[i * p.keys] != kNone;
  if (plain) return softmax({p.queries, p.keys, 1}, scores, scores);
  for (std::int64_t i = 0; i < p.queries; ++i) {
    T* const row = scores + i * p.keys;
    const std::int64_t valid = p.valid(i);
    if (std::all_of(row, row + valid, [](T x) { return x == kNone; })) {
      std::fill_n(row, p.keys, p.empty_is_zero ? T(0) : std::numeric_limits<T>::quiet_NaN());
    } else {
      softmax({1, valid, 1}, row, row);
      std::fill(row + valid, row + p.keys, T(0));
    }
  }
}

/// `weights` and `used` are [B, H, L, S] in row-major order; they are one tensor without factors.
template <class T>
void attend(const Problem& p, const Tensor& q_, const Tensor& k_, const Tensor& v_, const Tensor& bias_,
            const Tensor& factors, const Tensor& out_, const Tensor& weights, const Tensor& used) {
  const Heads<T> q(q_), k(k_), v(v_), out(out_);
  const std::int64_t area = p.queries * p.keys;
  for_each_head(p, [&](std::int64_t b, std::int64_t h) {
    const std::int64_t at = (b * p.heads + h) * area;
    T* const w = weights.data_ptr<T>() + at;
    if (bias_.defined()) {
      const Heads<T> bias(bias_);
      for (std::int64_t i = 0; i < p.queries; ++i)
        std::copy_n(bias.at(b, h) + i * bias.row, p.keys, w + i * p.keys);
    }
    product<T>(p.queries, p.keys, p.width, static_cast<T>(p.scale), {q.at(b, h), q.row},
               {k.at(b, h), k.row, true}, bias_.defined() ? T(1) : T(0), w, p.keys);
    weigh(p, w);
    const T* u = w;
    if (factors.defined()) {
      multiply(used.data_ptr<T>() + at, w, factors.data_ptr<T>() + at, area);
      u = used.data_ptr<T>() + at;
    }
    product<T>(p.queries, p.value_width, p.keys, 1, {u, p.keys}, {v.at(b, h), v.row}, 0, out.at(b, h),
               out.row);
  });
}

struct AttentionGradients {
  Tensor q, k, v, bias;  // those wanted are defined
};

template <class T>
void attend_backward(const Problem& p, const Tensor& q_, const Tensor& k_, const Tensor& v_,
                     const Tensor& factors, const Tensor& weights, const Tensor& grad_out,
                     const Tensor& grad_weights, const AttentionGradients& to) {
  const auto softmax_gradient = detail::softmax_loops<T>().softmax_gradient;
  const Heads<T> q(q_), k(k_), v(v_);
  const std::int64_t area = p.queries * p.keys;
  const auto scale = static_cast<T>(p.scale);
  for_each_head(p, [&](std::int64_t b, std::int64_t h) {
    const std::int64_t at = (b * p.heads + h) * area;
    const T* const w = weights.data_ptr<T>() + at;
    const T* const f = factors.defined() ? factors.data_ptr<T>() + at : nullptr;
    // Per thread, kept for the next call: nothing is allocated once warm.
    thread_local std::vector<T> scratch;
    scratch.resize(static_cast<std::size_t>(2 * area));
    T* const ds = scratch.data();
    if (grad_weights.defined()) {
      std::copy_n(grad_weights.data_ptr<T>() + at, area, ds);
    } else if (!grad_out.defined()) {
      std::fill_n(ds, area, T(0));
    }
    if (grad_out.defined()) {
      const Heads<T> go(grad_out);
      product<T>(p.queries, p.keys, p.value_width, 1, {go.at(b, h), go.row}, {v.at(b, h), v.row, true},
                 grad_weights.defined() ? T(1) : T(0), ds, p.keys);
    }
    if (to.v.defined()) {
      const Heads<T> dv(to.v);
      const T* u = w;
      if (f != nullptr) {
        multiply(ds + area, w, f, area);
        u = ds + area;
      }
      if (grad_out.defined()) {
        const Heads<T> go(grad_out);
        product<T>(p.keys, p.value_width, p.queries, 1, {u, p.keys, true}, {go.at(b, h), go.row}, 0,
                   dv.at(b, h), dv.row);
      } else {
        product<T>(p.keys, p.value_width, 0, 1, {u, p.keys}, {u, p.keys}, 0, dv.at(b, h), dv.row);
      }
    }
    if (f != nullptr) multiply(ds, ds, f, area);
    softmax_gradient({p.queries, p.keys, 1}, ds, w, ds);
    if (to.bias.defined()) std::copy_n(ds, area, to.bias.data_ptr<T>() + at);
    if (to.q.defined()) {
      const Heads<T> dq(to.q);
      product<T>(p.queries, p.width, p.keys, scale, {ds, p.keys}, {k.at(b, h), k.row}, 0, dq.at(b, h),
                 dq.row);
    }
    if (to.k.defined()) {
      const Heads<T> dk(to.k);
      product<T>(p.keys, p.width, p.queries, scale, {ds, p.keys, true}, {q.at(b, h), q.row}, 0, dk.at(b, h),
                 dk.row);
    }
  });
}

// The order of the tape's inputs, and of what is saved.
enum Place : std::size_t { kQ, kK, kV, kBias, kFactors, kWeights };

void give_gradients(const Problem& p, Backward& b) {
  const Tensor q = with_dense_rows(b.saved(kQ));
  const Tensor k = with_dense_rows(b.saved(kK));
  const Tensor v = with_dense_rows(b.saved(kV));
  const Tensor& weights = b.saved(kWeights);
  const Tensor grad_out = b.grads()[0].defined() ? with_dense_rows(b.grads()[0]) : Tensor();
  const Tensor grad_weights =
      b.grads().size() > 1 && b.grads()[1].defined() ? b.grads()[1].contiguous() : Tensor();
  AttentionGradients to;
  if (b.wants(kQ)) to.q = laid_out_as(q, p.queries, p.width);
  if (b.wants(kK)) to.k = laid_out_as(k, p.keys, p.width);
  if (b.wants(kV)) to.v = laid_out_as(v, p.keys, p.value_width);
  if (b.wants(kBias)) to.bias = empty(weights.sizes(), weights.options());
  if (q.dtype() == kFloat32) {
    attend_backward<float>(p, q, k, v, b.saved(kFactors), weights, grad_out, grad_weights, to);
  } else {
    attend_backward<double>(p, q, k, v, b.saved(kFactors), weights, grad_out, grad_weights, to);
  }
  const std::array<Tensor*, 4> all{&to.q, &to.k, &to.v, &to.bias};
  for (std::size_t i = 0; i < all.size(); ++i) {
    if (all[i]->defined()) b.give(i, std::move(*all[i]));
  }
}

/// The gradients as results of recorded operations: attention is computed again from views of its inputs, so
/// that nothing that the inputs came from is differentiated with it.
void give_recorded_gradients(const Problem& p, Backward& b) {
  std::array<Tensor, 4> in;
  autograd::variable_list wanted;
  for (std::size_t i = 0; i < in.size(); ++i) {
    const Tensor& t = b.saved(i);
    in[i] = b.wants(i) ? t.view_as(t) : t;
    if (b.wants(i)) wanted.push_back(in[i]);
  }
  const AttentionResult again = attention_by_steps(in[kQ], in[kK], in[kV],
                                                   {.scale = p.scale,
                                                    .bias = in[kBias],
                                                    .factors = b.saved(kFactors),
                                                    .causal = p.causal,
                                                    .empty_is_zero = p.empty_is_zero,
                                                    .need_weights = true});
  autograd::variable_list results, grads;
  const std::array<const Tensor*, 2> all{&again.output, &again.weights};
  for (std::size_t i = 0; i < b.grads().size(); ++i) {
    if (!b.grads()[i].defined() || !all[i]->requires_grad()) continue;
    results.push_back(*all[i]);
    grads.push_back(b.grads()[i]);
  }
  const autograd::variable_list given = autograd::grad(results, wanted, grads, true, true, true);
  std::size_t next = 0;
  for (std::size_t i = 0; i < in.size(); ++i) {
    if (b.wants(i)) b.give(i, given[next++]);
  }
}

void check_attention(const Tensor& q, const Tensor& k, const Tensor& v, const AttentionArguments& o) {
  check<ShapeError>(q.dim() == 4 && k.dim() == 4 && v.dim() == 4 && q.size(0) == k.size(0) &&
                        q.size(1) == k.size(1) && k.size(0) == v.size(0) && k.size(1) == v.size(1) &&
                        q.size(3) == k.size(3) && k.size(2) == v.size(2),
                    "attention(): queries of {}, keys of {} and values of {} do not fit each other",
                    Shown{q.sizes()}, Shown{k.sizes()}, Shown{v.sizes()});
  const Dims area{q.size(0), q.size(1), q.size(2), k.size(2)};
  check<ShapeError>(!o.bias.defined() || is_expandable_to(o.bias.sizes(), area),
                    "attention(): a mask of {} does not broadcast to the scores of {}",
                    o.bias.defined() ? shape_text(o.bias.sizes()) : "", Shown{area});
  check<ShapeError>(!o.factors.defined() || o.factors.sizes() == area.ref(),
                    "attention(): factors of {} do not fit weights of {}",
                    o.factors.defined() ? shape_text(o.factors.sizes()) : "", Shown{area});
}

}  // namespace

AttentionResult attention(const Tensor& q, const Tensor& k, const Tensor& v, const AttentionArguments& o) {
  check_attention(q, k, v, o);
  const DType dtype = q.dtype();
  const auto fits = [&](const Tensor& t) { return !t.defined() || (t.dtype() == dtype && t.is_cpu()); };
  if ((dtype != kFloat32 && dtype != kFloat64) || !fits(q) || !fits(k) || !fits(v) || !fits(o.bias) ||
      !fits(o.factors)) {
    return attention_by_steps(q, k, v, o);
  }
  const Tape tape(q, k, v, o.bias);
  const Problem p{.batches = q.size(0),
                  .heads = q.size(1),
                  .queries = q.size(2),
                  .keys = k.size(2),
                  .width = q.size(3),
                  .value_width = v.size(3),
                  .scale = o.scale,
                  .causal = o.causal,
                  .empty_is_zero = o.empty_is_zero};
  const Dims area{p.batches, p.heads, p.queries, p.keys};
  const Tensor dense_q = with_dense_rows(q);
  const Tensor weights = empty(area, q.options());
  const Tensor factors = o.factors.defined() ? o.factors.contiguous() : Tensor();
  const Tensor used = factors.defined() ? empty(area, q.options()) : weights;
  Tensor out = laid_out_as(dense_q, p.queries, p.value_width);
  Tensor bias;
  if (o.bias.defined()) {
    const bool dense = o.bias.dim() > 0 && o.bias.size(-1) == p.keys && o.bias.stride(-1) == 1;
    bias = dense ? o.bias.expand(area) : o.bias.expand(area).contiguous();
  }
  if (dtype == kFloat32) {
    attend<float>(p, dense_q, with_dense_rows(k), with_dense_rows(v), bias, factors, out, weights, used);
  } else {
    attend<double>(p, dense_q, with_dense_rows(k), with_dense_rows(v), bias, factors, out, weights, used);
  }
  // What is given out may be changed; what is kept must not be.
  const Tensor given = !o.need_weights                      ? Tensor()
                       : used.is_same(weights) && tape.on() ? weights.clone()
                                                            : used;
  if (tape.on()) {
    const std::array<Tensor, 2> results{out, given};
    tape.record_all("ScaledDotProductAttentionBackward0", std::span(results.data(), o.need_weights ? 2 : 1),
                    saved(q, k, v, o.bias, factors, weights), [p](Backward& b) {
                      if (GradMode::is_enabled()) {
                        give_recorded_gradients(p, b);
                      } else {
                        give_gradients(p, b);
                      }
                    });
  }
  return {out, given};
}

}  // namespace ballast
