// Gradients of lookups, recurrent layers, packed rows and attention, and the gradients of these, against
// differences of values.
#include <functional>
#include <iostream>
#include <limits>
#include <string>
#include <vector>

#include "tests/support/thrown.h"
#include <gtest/gtest.h>

#include "ballast/autograd/autograd.h"
#include "ballast/ops/ops.h"

namespace ballast {
namespace {

using autograd::variable_list;
using Sizes = std::vector<std::int64_t>;

int cases = 0;

Tensor in(IntArrayRef sizes) { return randn(sizes, kFloat64).requires_grad_(); }
/// The same, not contiguous.
Tensor strided(IntArrayRef sizes) {
  Dims turned;
  Dims order;
  for (std::size_t i = sizes.size(); i-- > 0;) {
    turned.push_back(sizes[i]);
    order.push_back(static_cast<std::int64_t>(i));
  }
  return randn(turned, kFloat64).permute(order).detach().requires_grad_();
}

/// `derivative`: whether the first gradients are derivatives. Those that leave padding out, or divide it by
/// counts, are not; but the gradients of these must be.
void check_op(const std::string& name, const autograd::DifferentiableFunction& f, const variable_list& inputs,
              bool derivative = true) {
  try {
    if (derivative) autograd::gradcheck(f, inputs);
    autograd::gradgradcheck(f, inputs);
  } catch (const Error& e) {
    ADD_FAILURE() << name << ": " << e.what();
  }
  ++cases;
}

TEST(SequenceGrad, Lookups) {
  manual_seed(1);
  cases = 0;
  const Tensor ids = tensor({{1, 3, 0}, {3, 3, 2}});
  for (const bool by_freq : {false, true}) {
    for (const std::int64_t padding : {-1, 3}) {
      for (const Tensor& table : {in({4, 2}), strided({4, 2})}) {
        check_op(
            "embedding",
            [&](const variable_list& x) { return variable_list{embedding(x[0], ids, padding, by_freq)}; },
            {table}, !by_freq && padding < 0);
      }
    }
  }
  const Tensor flat = tensor({1, 2, 0, 3, 3, 1});
  const Tensor offsets = tensor({0, 2, 2, 5});
  for (const BagMode mode : {BagMode::kSumRows, BagMode::kMeanRows, BagMode::kMaxRows}) {
    for (const std::int64_t padding : {-1, 3}) {
      check_op(
          "embedding_bag",
          [&](const variable_list& x) {
            return variable_list{embedding_bag(x[0], flat, offsets, {.mode = mode, .padding_idx = padding})};
          },
          {strided({4, 2})});
    }
  }
  for (const bool last : {false, true}) {
    check_op(
        "embedding_bag weighted",
        [&](const variable_list& x) {
          return variable_list{embedding_bag(x[0], flat, offsets,
                                             {.mode = BagMode::kSumRows,
                                              .per_sample_weights = x[1],
                                              .padding_idx = 3,
                                              .scale_grad_by_freq = !last,
                                              .include_last_offset = last})};
        },
        {in({4, 2}), in({6})}, last);
  }
  std::cout << cases << " lookups\n";
}

RecurrentWeights weights_from(const variable_list& x, std::size_t at) {
  const auto get = [&](std::size_t i) { return x.size() > at + i ? x[at + i] : Tensor(); };
  return {get(0), get(1), get(2), get(3), get(4)};
}

TEST(SequenceGrad, RecurrentLayers) {
  manual_seed(2);
  cases = 0;
  const std::vector<Sizes> batches{{2, 2, 2}, {3, 2, 2, 1}, {1}};
  for (const RecurrentKind kind :
       {RecurrentKind::kRnnTanh, RecurrentKind::kRnnRelu, RecurrentKind::kLstm, RecurrentKind::kGru}) {
    const bool lstm = kind == RecurrentKind::kLstm;
    const std::int64_t hidden = 2;
    const std::int64_t sums = gates_of(kind) * hidden;
    for (const Sizes& batch_sizes : batches) {
      std::int64_t rows = 0;
      for (const std::int64_t n : batch_sizes) rows += n;
      for (const bool biased : {true, false}) {
        for (const std::int64_t projected : {0, 1}) {
          if (projected > 0 && !lstm) continue;
          const std::int64_t state = projected > 0 ? projected : hidden;
          variable_list x{biased ? in({rows, 3}) : strided({rows, 3}), in({batch_sizes[0], state}),
                          lstm ? in({batch_sizes[0], hidden}) : randn({1}, kFloat64),
                          biased ? in({sums, 3}) : strided({sums, 3}), strided({sums, state})};
          if (biased || projected > 0) {
            x.push_back(biased ? in({sums}) : Tensor());
            x.push_back(biased ? in({sums}) : Tensor());
          }
          if (projected > 0) x.push_back(strided({state, hidden}));
          // Undefined tensors cannot be inputs of gradcheck: they are put in again inside.
          variable_list defined;
          for (const Tensor& t : x) {
            if (t.defined()) defined.push_back(t);
          }
          const auto run = [&](const variable_list& given) {
            variable_list full = x;
            std::size_t next = 0;
            for (Tensor& t : full) {
              if (t.defined()) t = given[next++];
            }
            const RecurrentResult r = recurrent_layer(kind, full[0], batch_sizes, full[1],
                                                      lstm ? full[2] : Tensor(), weights_from(full, 3));
            return lstm ? variable_list{r.output, r.h, r.c} : variable_list{r.output, r.h};
          };
          check_op("recurrent_layer", run, defined);
        }
      }
    }
  }
  std::cout << cases << " recurrent layers\n";
}

TEST(SequenceGrad, OneNodeGivesWhatStepsGive) {
  // The gradients of the fused pass and of the recorded one, which come from different code.
  manual_seed(3);
  const Sizes batch_sizes{3, 3, 2, 1};
  for (const RecurrentKind kind :
       {RecurrentKind::kRnnTanh, RecurrentKind::kRnnRelu, RecurrentKind::kLstm, RecurrentKind::kGru}) {
    const bool lstm = kind == RecurrentKind::kLstm;
    const std::int64_t sums = gates_of(kind) * 5;
    const variable_list x{in({9, 3}),    in({3, 5}), in({3, 5}), in({sums, 3}),
                          in({sums, 5}), in({sums}), in({sums})};
    variable_list wanted = x;
    if (!lstm) wanted.erase(wanted.begin() + 2);
    const RecurrentResult r =
        recurrent_layer(kind, x[0], batch_sizes, x[1], lstm ? x[2] : Tensor(), weights_from(x, 3));
    const Tensor loss = r.output.mul(r.output).sum().add(r.h.mul(3).sum());
    const variable_list fused = autograd::grad({loss}, wanted, {}, true, false);
    const variable_list steps = autograd::grad({loss}, wanted, {}, true, true);
    for (std::size_t i = 0; i < wanted.size(); ++i) {
      EXPECT_TRUE(fused[i].allclose(steps[i].detach(), 1e-12, 1e-13)) << i;
      EXPECT_FALSE(fused[i].requires_grad());
      EXPECT_TRUE(steps[i].requires_grad());
    }
  }
}

TEST(SequenceGrad, OneTensorInTwoPlacesGetsBothGradients) {
  manual_seed(4);
  // The same weights and biases for input and state, and an input made from them.
  const Tensor w = in({2, 2});
  const Tensor b = in({2});
  check_op("tied",
           [](const variable_list& x) {
             const Tensor rows = x[2].matmul(x[0]);
             const RecurrentResult r = recurrent_layer(RecurrentKind::kRnnTanh, rows, {1, 1, 1},
                                                       x[1].unsqueeze(0), {}, {x[0], x[0], x[1], x[1], {}});
             return variable_list{r.output};
           },
           {w, b, in({3, 2})});
  const Tensor x = in({1, 1, 3, 2});
  check_op("self attention",
           [](const variable_list& t) {
             return variable_list{attention(t[0], t[0], t[0], {.scale = 0.5}).output};
           },
           {x});
}

TEST(SequenceGrad, PackedRows) {
  manual_seed(5);
  cases = 0;
  const Sizes batch_sizes{3, 2, 2, 1};
  check_op("pack_rows", [&](const variable_list& x) { return variable_list{pack_rows(x[0], batch_sizes)}; },
           {strided({5, 3, 2})});
  check_op("unpack_rows",
           [&](const variable_list& x) { return variable_list{unpack_rows(x[0], batch_sizes, 6, -1.5)}; },
           {strided({8, 2})});
  check_op("turn_sequences",
           [&](const variable_list& x) { return variable_list{turn_sequences(x[0], batch_sizes)}; },
           {strided({8, 2})});
  check_op("split_with_sizes",
           [](const variable_list& x) {
             return split_with_sizes(x[0], {1, 0, 3}, -1);
           },
           {strided({2, 4})});
  check_op("split_with_sizes, part of it used",
           [](const variable_list& x) {
             return variable_list{split_with_sizes(x[0], {1, 3}, 0)[1].mul(2)};
           },
           {in({4, 2})});
  std::cout << cases << " operations on rows\n";
}

TEST(SequenceGrad, Attention) {
  manual_seed(6);
  cases = 0;
  const double hidden = -std::numeric_limits<double>::infinity();
  const Tensor mask = tensor({{0.0, hidden, 0.5}, {0.0, 0.25, hidden}});
  const Tensor dead = tensor({{0.0, 0.0, 0.0}, {hidden, hidden, hidden}});
  struct Case {
    const char* name;
    AttentionArguments arguments;
  };
  const std::vector<Case> all{
      {"plain", {.scale = 0.6}},
      {"bias", {.bias = mask.to(kFloat64)}},
      {"causal", {.scale = 0.6, .causal = true}},
      {"no key", {.bias = dead.to(kFloat64)}},
      {"factors", {.factors = rand({2, 1, 2, 3}, kFloat64)}},
      {"weights", {.scale = 0.5, .need_weights = true}},
      {"weights with factors", {.factors = rand({2, 1, 2, 3}, kFloat64), .need_weights = true}},
  };
  for (const Case& c : all) {
    for (const bool dense : {true, false}) {
      const auto make = [&](IntArrayRef sizes) { return dense ? in(sizes) : strided(sizes); };
      check_op(
          c.name,
          [&](const variable_list& x) {
            const AttentionResult r = attention(x[0], x[1], x[2], c.arguments);
            return c.arguments.need_weights ? variable_list{r.output, r.weights} : variable_list{r.output};
          },
          {make({2, 1, 2, 2}), make({2, 1, 3, 2}), make({2, 1, 3, 2})});
    }
  }
  // A bias that learns, broadcast, and the weights alone as a result.
  check_op("bias with gradient",
           [](const variable_list& x) {
             return variable_list{attention(x[0], x[1], x[2], {.bias = x[3]}).output};
           },
           {in({1, 2, 2, 2}), in({1, 2, 3, 2}), in({1, 2, 3, 1}), in({2, 1, 3})});
  check_op("weights alone",
           [](const variable_list& x) {
             return variable_list{attention(x[0], x[1], x[1], {.need_weights = true}).weights};
           },
           {in({1, 1, 2, 2}), in({1, 1, 3, 2})});
  std::cout << cases << " attentions\n";
}

TEST(PackedRows, HaveShapesOnMeta) {
  const TensorOptions meta = TensorOptions().device(kMeta);
  EXPECT_EQ(pack_rows(empty({3, 4, 5}, meta), {4, 2, 1}).shape(), Size({7, 5}));
  EXPECT_EQ(unpack_rows(empty({7, 5}, meta), {4, 2, 1}, 6, -1.5).shape(), Size({6, 4, 5}));
  EXPECT_EQ(turn_sequences(empty({7, 5}, meta), {4, 2, 1}).shape(), Size({7, 5}));
}

TEST(SequenceErrors, IndicesAndSizesAreChecked) {
  const Tensor table = randn({3, 2});
  EXPECT_THROWN((void)embedding(table, tensor({0, 3})), IndexError, "index out of range in self");
  EXPECT_THROWN((void)embedding(table, tensor({-1})), IndexError, "index out of range in self");
  EXPECT_THROWN(
      (void)embedding(table, tensor({1.0})), DTypeError,
      "Expected tensor for argument #1 'indices' to have one of the following scalar types: Long, Int");
  EXPECT_THROWN((void)embedding(randn({3}), tensor({1})), ShapeError, "'weight' must be 2-D");
  EXPECT_THROWN((void)embedding_dense_backward(randn({2, 2}), tensor({0, 3}), 3), IndexError,
                "index out of range");
  EXPECT_THROWN((void)embedding_bag(table, tensor({0, 3}), tensor({0})), IndexError, "index out of range");
  EXPECT_THROWN((void)embedding_bag(table, tensor({0, 1}), tensor({1})), ValueError,
                "offsets[0] has to be 0");
  EXPECT_THROWN((void)embedding_bag(table, tensor({0, 1}), tensor({0, 3})), ValueError,
                "offsets[-1] can not be greater than input's length 2 but got offsets[-1] of 3");
  EXPECT_THROWN((void)embedding_bag(table, tensor({0, 1}), tensor({0, 2, 1})), ValueError,
                "must not decrease");
  EXPECT_THROWN((void)embedding_bag(table, tensor({0, 1}), tensor({0, -5, 1})), ValueError,
                "must not decrease");
  EXPECT_THROWN((void)pack_rows(randn({2, 3}), {3, 3, 1}), ShapeError, "does not fit");
  EXPECT_THROWN((void)pack_rows(randn({3, 3}), {2, 3}), ShapeError, "must not grow");
  EXPECT_THROWN((void)unpack_rows(randn({4, 2}), {3, 3}, 2), ShapeError, "do not fit");
  EXPECT_THROWN((void)turn_sequences(randn({4, 2}), {3, 3}), ShapeError, "do not fit");
  EXPECT_THROWN((void)split_with_sizes(randn({4, 2}), {3, 3}), ShapeError, "to sum exactly to 4");
  EXPECT_THROWN((void)attention(randn({1, 1, 2, 2}), randn({1, 1, 3, 2}), randn({1, 1, 2, 2})), ShapeError,
                "do not fit each other");
  EXPECT_THROWN((void)recurrent_layer(RecurrentKind::kRnnTanh, randn({4, 3}), {3, 3}, randn({3, 2}), {},
                                      {randn({2, 3}), randn({2, 2}), {}, {}, {}}),
                ShapeError, "recurrent_layer(): input of");
}

TEST(SequenceGrad, CountsDivideTheGradientOfARow) {
  const Tensor table = zeros({4, 1}).requires_grad_();
  // Row 1 is named three times, row 3 once; bags of three and one.
  const Tensor bags =
      embedding_bag(table, tensor({1, 3, 1, 1}), tensor({0, 3}), {.scale_grad_by_freq = true});
  bags.backward(tensor({{6.0}, {10.0}}));
  EXPECT_TRUE(table.grad().allclose(tensor({{0.0}, {(2.0 + 2.0 + 10.0) / 3}, {0.0}, {2.0}})))
      << table.grad().repr();
}

TEST(SequenceErrors, RowsAreLimitedInPlaceOnce) {
  const Tensor table = tensor({{3.0, 4.0}, {0.3, 0.4}, {30.0, 40.0}});
  const auto before = table._version();
  embedding_renorm_(table, tensor({0, 1, 0}), 1.0);
  EXPECT_GT(table._version(), before);
  EXPECT_TRUE(table.allclose(tensor({{0.6, 0.8}, {0.3, 0.4}, {30.0, 40.0}}), 1e-6));
  const Tensor leaf = randn({3, 2}).requires_grad_();
  EXPECT_THROWN(embedding_renorm_(leaf, tensor({0}), 1.0), Error, "a leaf Variable that requires grad");
}

}  // namespace
}  // namespace ballast
