#include "ballast/nn/functional/attention.h"

#include <cmath>
#include <limits>
#include <vector>

#include "ballast/nn/functional/dropout.h"
#include "ballast/nn/functional/linear.h"
#include "ballast/ops/arithmetic.h"
#include "ballast/ops/attention.h"
#include "ballast/ops/factories.h"
#include "ballast/ops/join.h"
#include "ballast/ops/selection.h"

namespace ballast::nn::functional {
namespace {

/// `hidden`, of truth values, as numbers to be added to scores.
Tensor hiding(const Tensor& hidden, DType dtype) {
  return zeros(hidden.sizes(), dtype).masked_fill(hidden, -std::numeric_limits<double>::infinity());
}

/// [..., rows, columns] of any batch as [B, H, rows, columns].
Tensor in_four_dimensions(const Tensor& t, IntArrayRef batch) {
  Dims sizes(batch);
  sizes.push_back(t.size(-2));
  sizes.push_back(t.size(-1));
  Tensor out = t.expand(sizes);
  while (out.dim() < 4) out = out.unsqueeze(0);
  return out.dim() == 4 ? out : out.flatten(0, out.dim() - 4);
}

IntArrayRef batch_of(const Tensor& t) { return t.sizes().slice(0, t.sizes().size() - 2); }

/// What dropout multiplies the weights with; undefined for nothing.
Tensor dropout_factors(IntArrayRef sizes, const TensorOptions& options, double p) {
  if (p == 0) return {};
  return dropout(ones(sizes, options), DropoutFuncOptions().p(p).training(true));
}

}  // namespace

Tensor scaled_dot_product_attention(const Tensor& query, const Tensor& key, const Tensor& value,
                                    const Tensor& attn_mask, double dropout_p, bool is_causal,
                                    std::optional<double> scale, bool enable_gqa) {
  check<ShapeError>(query.dim() >= 2 && key.dim() >= 2 && value.dim() >= 2,
                    "Expected query, key, and value to all be  at least 2 dimensional, but got query.dim: {} "
                    "key.dim: {} and value.dim: {} instead.",
                    query.dim(), key.dim(), value.dim());
  check<DTypeError>(
      query.dtype() == key.dtype() && query.dtype() == value.dtype(),
      "Expected query, key, and value to have the same dtype, but got query.dtype: {} key.dtype: "
      "{} and value.dtype: {} instead.",
      dtype_cpp_name(query.dtype()), dtype_cpp_name(key.dtype()), dtype_cpp_name(value.dtype()));
  check<ValueError>(!is_causal || !attn_mask.defined(),
                    "scaled_dot_product_attention: Explicit attn_mask should not be set when is_causal=True");
  const DType dtype = query.dtype();
  Tensor bias = attn_mask;
  if (bias.defined()) {
    check<DTypeError>(bias.dtype() == kBool || bias.dtype() == kFloat32 || bias.dtype() == dtype,
                      "Expected attn_mask dtype to be bool or float or to match query dtype, but got "
                      "attn_mask.dtype: {} and  query.dtype: {} instead.",
                      dtype_cpp_name(bias.dtype()), dtype_cpp_name(dtype));
    bias = bias.dtype() == kBool ? hiding(bias.logical_not(), dtype) : bias.to(dtype);
  }
  Tensor k = key;
  Tensor v = value;
  if (enable_gqa && query.dim() >= 3 && key.dim() >= 3) {
    const auto repeated = [&](const Tensor& t) {
      const std::int64_t heads = query.size(-3);
      const std::int64_t own = t.size(-3);
      check<ShapeError>(
          own > 0 && heads % own == 0,
          "Number of heads in key and value must divide the number of heads in query, got {} and {}", own,
          heads);
      Dims grouped(t.sizes());
      grouped.insert(grouped.size() - 2, heads / own);
      Dims sizes(t.sizes());
      sizes[sizes.size() - 3] = heads;
      return t.unsqueeze(-3).expand(grouped).reshape(sizes);
    };
    k = repeated(key);
    v = repeated(value);
  }
  const Dims batch = broadcast_shapes(broadcast_shapes(batch_of(query), batch_of(k)), batch_of(v));
  check<ShapeError>(
      query.size(-1) == k.size(-1),
      "scaled_dot_product_attention: queries of {} and keys of {} have vectors of different sizes",
      Shown{query.sizes()}, Shown{k.sizes()});
  check<ShapeError>(k.size(-2) == v.size(-2),
                    "scaled_dot_product_attention: there are {} keys, but {} values", k.size(-2), v.size(-2));
  const Tensor q4 = in_four_dimensions(query, batch);
  const Dims scores{q4.size(0), q4.size(1), query.size(-2), k.size(-2)};
  if (bias.defined()) {
    Dims full(batch);
    full.push_back(query.size(-2));
    full.push_back(k.size(-2));
    check<ShapeError>(is_expandable_to(bias.sizes(), full),
                      "scaled_dot_product_attention: a mask of {} does not broadcast to the scores of {}",
                      Shown{bias.sizes()}, Shown{full});
    if (batch.size() > 2) bias = in_four_dimensions(bias.expand(full), batch);
  }
  const double by = scale.value_or(1.0 / std::sqrt(static_cast<double>(query.size(-1))));
  const Tensor out = attention(q4, in_four_dimensions(k, batch), in_four_dimensions(v, batch),
                               {.scale = by,
                                .bias = bias,
                                .factors = dropout_factors(scores, query.options(), dropout_p),
                                .causal = is_causal})
                         .output;
  Dims sizes(batch);
  sizes.push_back(query.size(-2));
  sizes.push_back(v.size(-1));
  return out.reshape(sizes);
}

namespace {

using Options = MultiheadAttentionForwardFuncOptions;

/// Where sequences and batches are in [L, batch, E] or [batch, L, E].
struct Layout {
  bool batch_first;
  [[nodiscard]] std::int64_t length(const Tensor& t) const { return t.size(batch_first ? 1 : 0); }
  [[nodiscard]] std::int64_t batch(const Tensor& t) const { return t.size(batch_first ? 0 : 1); }
  [[nodiscard]] std::int64_t length_dim() const { return batch_first ? 1 : 0; }
  [[nodiscard]] std::int64_t batch_dim() const { return batch_first ? 0 : 1; }
};

void check_inputs(const Tensor& q, const Tensor& k, const Tensor& v, const Options& o) {
  check<ShapeError>(q.dim() == 2 || q.dim() == 3,
                    "query should be unbatched 2D or batched 3D tensor but received {}-D query tensor",
                    q.dim());
  const char* const kind = q.dim() == 3 ? "batched (3-D)" : "unbatched (2-D)";
  check<ShapeError>(k.dim() == q.dim() && v.dim() == q.dim(),
                    "For {} `query`, expected `key` and `value` to be {}-D but found {}-D and {}-D tensors "
                    "respectively",
                    kind, q.dim(), k.dim(), v.dim());
  if (const Tensor& m = o.key_padding_mask(); m.defined()) {
    check<ShapeError>(
        m.dim() == q.dim() - 1,
        "For {} `query`, expected `key_padding_mask` to be undefined or {}-D but found {}-D tensor "
        "instead",
        kind, q.dim() - 1, m.dim());
  }
  if (const Tensor& m = o.attn_mask(); m.defined()) {
    check<ShapeError>(
        m.dim() == 2 || m.dim() == 3,
        "For {} `query`, expected `attn_mask` to be undefined, 2-D or 3-D but found {}-D tensor "
        "instead",
        kind, m.dim());
  }
  check<ShapeError>(q.size(-1) == o.embed_dim_to_check(),
                    "was expecting embedding dimension of {}, but got {}", o.embed_dim_to_check(),
                    q.size(-1));
  check<ValueError>(o.num_heads() > 0 && q.size(-1) % o.num_heads() == 0,
                    "embed_dim {} not divisible by num_heads {}", q.size(-1), o.num_heads());
  if (o.use_separate_proj_weight()) {
    check<ShapeError>(k.sizes().slice(0, k.sizes().size() - 1) == v.sizes().slice(0, v.sizes().size() - 1),
                      "key's sequence and batch dims {} do not match value's {}", Shown{k.sizes()},
                      Shown{v.sizes()});
  } else {
    check<ShapeError>(k.sizes() == v.sizes(), "key shape {} does not match value shape {}", Shown{k.sizes()},
                      Shown{v.sizes()});
  }
}

struct Projected {
  Tensor q, k, v;
};

/// The three parts of a bias; undefined ones of an undefined bias.
std::vector<Tensor> thirds(const Tensor& t, std::int64_t dim) {
  if (!t.defined()) return {Tensor(), Tensor(), Tensor()};
  const std::int64_t third = t.size(dim) / 3;
  return split_with_sizes(t, {third, third, third}, dim);
}

Projected project(const Tensor& q, const Tensor& k, const Tensor& v, const Options& o) {
  const Tensor& bias = o.in_proj_bias();
  if (!o.use_separate_proj_weight() && k.is_same(v) && q.is_same(k)) {
    const std::vector<Tensor> parts = thirds(linear(q, o.in_proj_weight(), bias), -1);
    return {parts[0], parts[1], parts[2]};
  }
  const std::vector<Tensor> b = thirds(bias, 0);
  const auto check_width = [](const Tensor& t, const Tensor& w, const char* name) {
    check<ShapeError>(t.size(-1) == w.size(-1), "expecting {} of size {} in the last dimension, but got {}",
                      name, w.size(-1), t.size(-1));
  };
  std::vector<Tensor> w;
  if (o.use_separate_proj_weight()) {
    check<ValueError>(
        o.q_proj_weight().defined() && o.k_proj_weight().defined() && o.v_proj_weight().defined(),
        "use_separate_proj_weight is true but q_proj_weight, k_proj_weight or v_proj_weight is "
        "undefined");
    w = {o.q_proj_weight(), o.k_proj_weight(), o.v_proj_weight()};
  } else if (k.is_same(v)) {
    // Keys and values at once.
    const std::int64_t e = o.in_proj_weight().size(0) / 3;
    const auto in_two = [&](const Tensor& t) {
      return t.defined() ? split_with_sizes(t, {e, 2 * e}, 0) : std::vector<Tensor>(2);
    };
    const std::vector<Tensor> w2 = in_two(o.in_proj_weight());
    const std::vector<Tensor> b2 = in_two(bias);
    check_width(k, w2[1], "keys");
    const std::vector<Tensor> kv = split_with_sizes(linear(k, w2[1], b2[1]), {e, e}, -1);
    return {linear(q, w2[0], b2[0]), kv[0], kv[1]};
  } else {
    w = thirds(o.in_proj_weight(), 0);
  }
  check_width(q, w[0], "queries");
  check_width(k, w[1], "keys");
  check_width(v, w[2], "values");
  return {linear(q, w[0], b[0]), linear(k, w[1], b[1]), linear(v, w[2], b[2])};
}

/// A mask as numbers of the scores' type.
Tensor as_bias(const Tensor& mask, const char* name, DType dtype) {
  check<DTypeError>(mask.dtype() == kBool || mask.is_floating_point(),
                    "only bool and floating types of {} are supported", name);
  return mask.dtype() == kBool ? hiding(mask, dtype) : mask.to(dtype);
}

/// Both masks in one, [B|1, H|1, L|1, S]; undefined if there is none. `keys` counts those that masks were
/// made for.
Tensor joint_bias(const Options& o, std::int64_t batch, std::int64_t queries, std::int64_t keys,
                  DType dtype) {
  Tensor bias;
  if (const Tensor& m = o.attn_mask(); m.defined()) {
    bias = as_bias(m, "attn_mask", dtype);
    if (m.dim() == 2) {
      check<ShapeError>(m.sizes() == IntArrayRef({queries, keys}),
                        "The shape of the 2D attn_mask is {}, but should be ({}, {}).", Shown{m.sizes()},
                        queries, keys);
      bias = bias.view({1, 1, queries, keys});
    } else {
      check<ShapeError>(m.sizes() == IntArrayRef({batch * o.num_heads(), queries, keys}),
                        "The shape of the 3D attn_mask is {}, but should be ({}, {}, {}).", Shown{m.sizes()},
                        batch * o.num_heads(), queries, keys);
      bias = bias.reshape({batch, o.num_heads(), queries, keys});
    }
  }
  if (const Tensor& m = o.key_padding_mask(); m.defined()) {
    const Tensor rows = m.dim() == 1 ? m.unsqueeze(0) : m;
    check<ShapeError>(rows.size(0) == batch, "Expected key_padded_mask.shape[0] to be {}, but got {}", batch,
                      rows.size(0));
    check<ShapeError>(rows.size(1) == keys, "Expected key_padded_mask.shape[1] to be {}, but got {}", keys,
                      rows.size(1));
    const Tensor padding = as_bias(rows, "key_padding_mask", dtype).reshape({batch, 1, 1, keys});
    bias = bias.defined() ? bias.add(padding) : padding;
  }
  return bias;
}

}  // namespace

std::tuple<Tensor, Tensor> multi_head_attention_forward(const Tensor& query, const Tensor& key,
                                                        const Tensor& value, const Options& o) {
  check_inputs(query, key, value, o);
  const bool batched = query.dim() == 3;
  const Layout layout{o.batch_first() && batched};
  const auto with_batch = [&](const Tensor& t) { return batched ? t : t.unsqueeze(1); };
  const Tensor q_in = with_batch(query);
  const Tensor k_in = key.is_same(query) ? q_in : with_batch(key);
  const Tensor v_in = value.is_same(key) ? k_in : with_batch(value);
  const std::int64_t batch = layout.batch(q_in);
  const std::int64_t queries = layout.length(q_in);
  const std::int64_t embed = o.embed_dim_to_check();
  const std::int64_t heads = o.num_heads();
  const std::int64_t head_size = embed / heads;
  check<ShapeError>(layout.batch(k_in) == batch, "query and key have batches of {} and {}", batch,
                    layout.batch(k_in));

  auto [q, k, v] = project(q_in, k_in, v_in, o);
  // As [B, H, length, head size], without a copy.
  const auto by_head = [&](const Tensor& t) {
    const Tensor parts = t.reshape({t.size(0), t.size(1), heads, t.size(2) / heads});
    return layout.batch_first ? parts.transpose(1, 2) : parts.permute({1, 2, 0, 3});
  };
  check<ValueError>(o.bias_k().defined() == o.bias_v().defined(),
                    "bias_k and bias_v must be both given or both undefined");
  if (o.bias_k().defined()) {
    check<ValueError>(!o.static_k().defined() && !o.static_v().defined(),
                      "bias cannot be added to static key or value.");
    Dims sizes{1, 1, embed};
    sizes[static_cast<std::size_t>(layout.batch_dim())] = batch;
    k = cat({k, o.bias_k().expand(sizes)}, layout.length_dim());
    v = cat({v, o.bias_v().expand(sizes)}, layout.length_dim());
  }
  const auto fixed = [&](const Tensor& t) {
    check<ShapeError>(t.dim() == 3 && t.size(0) == batch * heads && t.size(2) == head_size,
                      "expecting static keys and values of [{}, length, {}], but got {}", batch * heads,
                      head_size, Shown{t.sizes()});
    return t.reshape({batch, heads, t.size(1), t.size(2)});
  };
  Tensor k4 = o.static_k().defined() ? fixed(o.static_k()) : by_head(k);
  Tensor v4 = o.static_v().defined() ? fixed(o.static_v()) : by_head(v);
  if (o.add_zero_attn()) {
    const Tensor nothing = zeros({batch, heads, 1, head_size}, q.options());
    k4 = cat({k4, nothing}, 2);
    v4 = cat({v4, nothing}, 2);
  }
  const std::int64_t added = (o.bias_k().defined() ? 1 : 0) + (o.add_zero_attn() ? 1 : 0);
  const std::int64_t keys = k4.size(2);
  Tensor bias = joint_bias(o, batch, queries, keys - added, q.dtype());
  if (bias.defined() && added > 0) {
    Dims sizes(bias.sizes());
    sizes[3] = added;
    bias = cat({bias, zeros(sizes, bias.options())}, 3);
  }
  const double p = o.training() ? o.dropout_p() : 0;
  const AttentionResult r =
      attention(by_head(q), k4, v4,
                {.scale = 1.0 / std::sqrt(static_cast<double>(head_size)),
                 .bias = bias,
                 .factors = dropout_factors({batch, heads, queries, keys}, q.options(), p),
                 .empty_is_zero = !o.need_weights(),
                 .need_weights = o.need_weights()});
  const Tensor joined = layout.batch_first ? r.output.transpose(1, 2) : r.output.permute({2, 0, 1, 3});
  Tensor out =
      linear(joined.reshape({joined.size(0), joined.size(1), embed}), o.out_proj_weight(), o.out_proj_bias());
  if (!batched) out = out.squeeze(1);
  if (!o.need_weights()) return {out, Tensor()};
  Tensor weights = o.average_attn_weights() ? r.weights.mean(1) : r.weights;
  return {out, batched ? weights : weights.squeeze(0)};
}

}  // namespace ballast::nn::functional
