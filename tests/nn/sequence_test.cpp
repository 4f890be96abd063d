// Layers over sequences: laws, conveniences and refusals.
#include <cmath>
#include <iostream>
#include <string>
#include <vector>

#include "tests/support/golden.h"
#include "tests/support/thrown.h"
#include <gtest/gtest.h>

#include "ballast/ballast.h"

namespace ballast {
namespace {

namespace F = nn::functional;
namespace rnn = nn::utils::rnn;
using testing::bytes_of;

Tensor turned(const Tensor& x) {
  std::vector<Tensor> rows;
  for (std::int64_t t = x.size(0); t-- > 0;) rows.push_back(x[t]);
  return stack(rows);
}

template <class Layer, class Options>
void check_directions(const Options& options) {
  manual_seed(5);
  Layer layer(Options(options).bidirectional(true));
  {
    const NoGradGuard no_grad;
    for (const auto& [name, p] : layer->named_parameters()) {
      if (!name.ends_with("_reverse")) layer->parameter(name + "_reverse").copy_(p);
    }
  }
  const Tensor x = randn({7, 3, 6});
  const Tensor there = std::get<0>(layer->forward(x));
  const Tensor back = std::get<0>(layer->forward(turned(x)));
  const std::int64_t size = there.size(2) / 2;
  EXPECT_EQ(bytes_of(there.narrow(2, 0, size).detach()),
            bytes_of(turned(back.narrow(2, size, size)).detach()));
}

TEST(Recurrent, AReversedDirectionHasTheBitsOfAForwardOne) {
  check_directions<nn::RNN>(nn::RNNOptions(6, 37));
  check_directions<nn::LSTM>(nn::LSTMOptions(6, 37));
  check_directions<nn::LSTM>(nn::LSTMOptions(6, 37).proj_size(5));
  check_directions<nn::GRU>(nn::GRUOptions(6, 37));
}

TEST(Recurrent, APackedSequenceGivesWhatItGivesAlone) {
  manual_seed(6);
  const std::vector<std::int64_t> lengths{2, 5, 1, 4};
  std::vector<Tensor> sequences;
  for (const std::int64_t n : lengths) sequences.push_back(randn({n, 3}, kFloat64));
  nn::GRU gru(nn::GRUOptions(3, 4).num_layers(2).bidirectional(true));
  gru->to(kFloat64);
  const auto [output, last] =
      gru->forward_with_packed_input(rnn::pack_sequence(sequences, false), std::nullopt);
  const std::vector<Tensor> apart = rnn::unpack_sequence(output);
  for (std::size_t i = 0; i < sequences.size(); ++i) {
    const auto [y, h] = gru->forward(sequences[i]);
    EXPECT_TRUE(apart[i].allclose(y, 1e-12, 1e-13)) << i;
    EXPECT_TRUE(last.select(1, static_cast<std::int64_t>(i)).allclose(h, 1e-12, 1e-13)) << i;
  }
}

TEST(Recurrent, WeightsAreListedByPlaceAlsoWhereTied) {
  nn::LSTM lstm(nn::LSTMOptions(3, 4).bidirectional(true).proj_size(2));
  EXPECT_EQ(lstm->all_weights().size(), 10U);
  lstm->flatten_parameters();
  EXPECT_TRUE(lstm->all_weights()[4].is_same(lstm->parameter("weight_hr_l0")));
}

TEST(Recurrent, SmallFloatsRun) {
  manual_seed(7);
  nn::LSTM lstm(3, 4);
  const Tensor x = randn({5, 2, 3});
  const Tensor want = std::get<0>(lstm->forward(x)).detach();
  lstm->to(kBFloat16);
  const Tensor got = std::get<0>(lstm->forward(x.to(kBFloat16)));
  EXPECT_EQ(got.dtype(), kBFloat16);
  EXPECT_TRUE(got.detach().to(kFloat32).allclose(want, 0.05, 0.02));
  nn::MultiheadAttention mha(4, 2);
  mha->to(kFloat16);
  const Tensor h = randn({3, 2, 4}).to(kFloat16);
  EXPECT_EQ(std::get<0>(mha->forward(h, h, h)).dtype(), kFloat16);
}

TEST(Recurrent, DropoutIsBetweenLayersAndInTrainingOnly) {
  manual_seed(8);
  nn::GRU gru(nn::GRUOptions(3, 4).num_layers(2).dropout(1.0));
  const Tensor x = randn({5, 2, 3});
  const Tensor y = randn({5, 2, 3});
  // With everything dropped, the second layer sees nothing of the input.
  EXPECT_TRUE(std::get<0>(gru->forward(x)).equal(std::get<0>(gru->forward(y))));
  gru->eval();
  EXPECT_FALSE(std::get<0>(gru->forward(x)).equal(std::get<0>(gru->forward(y))));
}

TEST(Recurrent, WhatDoesNotFitIsRefused) {
  nn::RNN r(3, 4);
  nn::LSTM l(nn::LSTMOptions(3, 4).proj_size(2));
  const Tensor x = randn({5, 2, 3});
  EXPECT_THROWN((void)r->forward(randn({1, 2, 3, 3})), ShapeError,
                "RNN: Expected input to be 2D or 3D, got 4D");
  EXPECT_THROWN((void)r->forward(randn({5, 2, 4})), ShapeError,
                "input.size(-1) must be equal to input_size. Expected 3, got 4");
  EXPECT_THROWN((void)r->forward(x.to(kFloat64)), DTypeError, "does not match weight dtype");
  EXPECT_THROWN((void)r->forward(x, randn({1, 3, 4})), ShapeError,
                "Expected hidden size (1, 2, 4), got [1, 3, 4]");
  EXPECT_THROWN((void)r->forward(x, randn({3, 4})), ShapeError,
                "For batched 3-D input, hx should also be 3-D but got 2-D tensor");
  EXPECT_THROWN((void)r->forward(x[0], randn({1, 3, 4})), ShapeError,
                "For unbatched 2-D input, hx should also be 2-D but got 3-D tensor");
  EXPECT_THROWN((void)r->forward(randn({0, 2, 3})), ShapeError,
                "Expected sequence length to be larger than 0 in RNN");
  EXPECT_EQ(std::get<0>(r->forward(randn({2, 0, 3}))).sizes().vec(), (std::vector<std::int64_t>{2, 0, 4}));
  EXPECT_THROWN((void)l->forward(x, {{randn({1, 3, 4}), randn({1, 2, 4})}}), ShapeError,
                "Expected hidden[0] size (1, 2, 2), got [1, 3, 4]");
  EXPECT_THROWN((void)l->forward(x, {{randn({1, 2, 2}), randn({1, 2, 5})}}), ShapeError,
                "Expected hidden[1] size (1, 2, 4), got [1, 2, 5]");
  EXPECT_THROWN((void)l->forward(x, {{randn({2, 2}), randn({1, 2, 4})}}), ShapeError,
                "hx and cx should also be 3-D but got (2-D, 3-D) tensors");
  nn::RNNCell c(3, 4);
  EXPECT_THROWN((void)c->forward(randn({1, 2, 3})), ShapeError,
                "RNNCell: Expected input to be 1D or 2D, got 3D");
  EXPECT_THROWN((void)c->forward(randn({2, 5})), ShapeError,
                "input has inconsistent input_size: got 5 expected 3");
  EXPECT_THROWN((void)c->forward(randn({2, 3}), randn({3, 4})), ShapeError,
                "Input batch size 2 doesn't match hidden0 batch size 3");
  EXPECT_THROWN((void)c->forward(randn({2, 3}), randn({2, 3})), ShapeError,
                "hidden0 has inconsistent hidden_size: got 3, expected 4");
  nn::RNNCell odd(nn::RNNCellOptions(3, 4).nonlinearity("foo"));
  EXPECT_THROWN((void)odd->forward(randn({2, 3})), ValueError, "Unknown nonlinearity: foo");
}

TEST(PackedSequences, GoThereAndBack) {
  const Tensor x = randn({5, 3, 2});
  const rnn::PackedSequence p = rnn::pack_padded_sequence(x, tensor({2, 5, 3}), false, false);
  EXPECT_TRUE(p.batch_sizes().equal(tensor({3, 3, 2, 1, 1})));
  EXPECT_TRUE(p.sorted_indices().equal(tensor({1, 2, 0})));
  EXPECT_TRUE(p.unsorted_indices().equal(tensor({2, 0, 1})));
  const auto [padded, lengths] = rnn::pad_packed_sequence(p, true, -1, 6);
  EXPECT_TRUE(lengths.equal(tensor({2, 5, 3})));
  EXPECT_EQ(padded.sizes().vec(), (std::vector<std::int64_t>{3, 6, 2}));
  EXPECT_TRUE(padded[0].narrow(0, 0, 2).equal(x.select(1, 0).narrow(0, 0, 2)));
  EXPECT_TRUE(padded[0].narrow(0, 2, 4).eq(-1).all().item<bool>());
  EXPECT_TRUE(p.to(kFloat32).data().is_same(p.data()));
  EXPECT_EQ(p.to(kFloat64).data().dtype(), kFloat64);
  const rnn::PackedSequence sorted = rnn::pack_padded_sequence(x, tensor({5, 3, 3}));
  EXPECT_FALSE(sorted.sorted_indices().defined());
  EXPECT_FALSE(sorted.unsorted_indices().defined());
  const Tensor left = rnn::pad_sequence({ones({1, 2}), ones({3, 2})}, true, 7, "left");
  EXPECT_TRUE(left[0][0].eq(7).all().item<bool>());
  EXPECT_TRUE(left[0][2].eq(1).all().item<bool>());
  EXPECT_TRUE(rnn::invert_permutation(tensor({2, 0, 1})).equal(tensor({1, 2, 0})));
}

TEST(PackedSequences, RefuseWhatDoesNotFit) {
  const Tensor x = randn({5, 2, 3});
  EXPECT_THROWN(
      (void)rnn::pack_padded_sequence(x, tensor({3, 5})), ValueError,
      "`lengths` array must be sorted in decreasing order when `enforce_sorted` is True. You can pass "
      "`enforce_sorted=False`");
  EXPECT_THROWN((void)rnn::pack_padded_sequence(x, tensor({5})), ShapeError,
                "Expected `len(lengths)` to be equal to batch_size, but got 1 (batch_size=2)");
  EXPECT_THROWN((void)rnn::pack_padded_sequence(x, tensor({5, 0})), ValueError,
                "Length of all samples has to be greater than 0");
  // PyTorch 2.13 reads behind the batch here.
  EXPECT_THROWN((void)rnn::pack_padded_sequence(x, tensor({6, 2})), ValueError, "padded to 5 steps");
  EXPECT_THROWN((void)rnn::pack_padded_sequence(randn({0, 2, 3}), tensor({4, 2})), ShapeError,
                "Cannot pack empty tensors.");
  const rnn::PackedSequence p = rnn::pack_padded_sequence(x, tensor({5, 3}));
  EXPECT_THROWN((void)rnn::pad_packed_sequence(p, false, 0, 3), ValueError,
                "Expected total_length to be at least the length of the longest sequence in input, but got "
                "total_length=3 and max sequence length being 5");
  EXPECT_THROWN((void)rnn::pad_sequence({}), ValueError, "received an empty list of sequences");
  EXPECT_THROWN((void)rnn::PackedSequence(randn({4, 2}), tensor({2, 3})), ValueError, "must not grow");
  EXPECT_THROWN((void)rnn::PackedSequence(randn({4, 2}), tensor({2, 1})), ShapeError, "does not fit");
  EXPECT_THROWN((void)rnn::PackedSequence().data(), Error, "an empty PackedSequence has no data");
  EXPECT_THROWN((void)rnn::invert_permutation(tensor({0, 2})), IndexError, "no permutation");
}

TEST(Attention, AQueryThatSeesNoKey) {
  manual_seed(9);
  nn::MultiheadAttention mha(4, 2);
  const Tensor q = randn({3, 2, 4});
  const Tensor hidden = zeros({3, 3}, kBool);
  hidden[1].fill_(true);
  const Tensor y = std::get<0>(mha->forward(q, q, q, {}, true, hidden)).detach();
  EXPECT_TRUE(y[1].isnan().all().item<bool>());
  EXPECT_FALSE(y[0].isnan().any().item<bool>());
  EXPECT_FALSE(y[2].isnan().any().item<bool>());
  const Tensor z = std::get<0>(mha->forward(q, q, q, {}, false, hidden)).detach();
  EXPECT_TRUE(z[1].equal(mha->out_proj->bias.detach().expand({2, 4})));
}

TEST(Attention, DropoutScalesTheWeightsItKeeps) {
  manual_seed(10);
  const Tensor q = randn({2, 3, 40, 8});
  const Tensor v = ones({2, 3, 50, 1});
  const Tensor k = randn({2, 3, 50, 8});
  // Of values that are all one, the result is the sum of the weights: 1 on average.
  const Tensor y = F::scaled_dot_product_attention(q, k, v, {}, 0.4);
  EXPECT_NEAR(y.mean().item<double>(), 1.0, 0.05);
  EXPECT_GT(y.std().item<double>(), 0.01);
  nn::MultiheadAttention mha(nn::MultiheadAttentionOptions(8, 2).dropout(0.9));
  const Tensor x = randn({5, 2, 8});
  mha->eval();
  EXPECT_TRUE(std::get<0>(mha(x, x, x)).equal(std::get<0>(mha(x, x, x))));
  mha->train();
  EXPECT_FALSE(std::get<0>(mha(x, x, x)).equal(std::get<0>(mha(x, x, x))));
}

TEST(Attention, WhatDoesNotFitIsRefused) {
  nn::MultiheadAttention m(4, 2);
  const Tensor q = randn({3, 2, 4});
  const Tensor k = randn({5, 2, 4});
  EXPECT_THROWN((void)m(q, k.narrow(0, 0, 4), k), ShapeError, "key shape");
  EXPECT_THROWN((void)m(randn({3, 2, 5}), k, k), ShapeError,
                "was expecting embedding dimension of 4, but got 5");
  EXPECT_THROWN((void)m(q, k, k, Tensor(), true, zeros({3, 4})), ShapeError, "but should be (3, 5)");
  EXPECT_THROWN((void)m(q, k, k, Tensor(), true, zeros({3, 3, 5})), ShapeError, "but should be (4, 3, 5)");
  EXPECT_THROWN((void)m(q, k, k, Tensor(), true, zeros({1, 1, 3, 5})), ShapeError,
                "2-D or 3-D but found 4-D");
  EXPECT_THROWN((void)m(q, k, k, zeros({3, 5})), ShapeError,
                "Expected key_padded_mask.shape[0] to be 2, but got 3");
  EXPECT_THROWN((void)m(q, k, k, zeros({2, 5}, kInt64)), DTypeError, "only bool and floating types");
  EXPECT_THROWN((void)m(q, k[0], k[0]), ShapeError, "expected `key` and `value` to be 3-D");
  EXPECT_THROWN((void)m(randn({1, 3, 2, 4}), k, k), ShapeError, "but received 4-D query tensor");
  EXPECT_THROWN((void)m(q, randn({5, 3, 4}), randn({5, 3, 4})), ShapeError, "batches of 2 and 3");
  EXPECT_THROWN((void)F::scaled_dot_product_attention(randn({3}), randn({3}), randn({3})), ShapeError,
                "at least 2 dimensional");
  EXPECT_THROWN((void)F::scaled_dot_product_attention(randn({2, 3, 4}), randn({2, 5, 3}), randn({2, 5, 4})),
                ShapeError, "vectors of different sizes");
  EXPECT_THROWN((void)F::scaled_dot_product_attention(randn({2, 3, 4}), randn({2, 5, 4}), randn({2, 4, 4})),
                ShapeError, "5 keys, but 4 values");
  EXPECT_THROWN((void)F::scaled_dot_product_attention(q, q, q, zeros({3, 3}), 0, true), ValueError,
                "Explicit attn_mask should not be set when is_causal=True");
  EXPECT_THROWN((void)F::scaled_dot_product_attention(q, q, q.to(kFloat64)), DTypeError, "same dtype");
}

TEST(Transformers, CallHooksReadOptionsAndRefuse) {
  manual_seed(11);
  nn::TransformerEncoderLayer layer(nn::TransformerLayerOptions(4, 2).dim_feedforward(8).dropout(0.0));
  const Tensor x = randn({3, 2, 4});
  const Tensor with_relu = layer(x);
  layer->options.activation(kGELU);
  EXPECT_FALSE(with_relu.equal(layer(x)));
  int calls = 0;
  layer->linear1->register_forward_hook(
      [&](nn::Module&, const std::vector<Tensor>&, const Tensor&) { ++calls; });
  nn::TransformerEncoder stack(layer, 2);
  (void)layer(x);
  EXPECT_EQ(calls, 1);
  nn::Transformer t(nn::TransformerOptions(4, 2, 1, 1).dim_feedforward(8));
  EXPECT_THROWN((void)t(x, randn({3, 1, 4})), ShapeError, "src and tgt should have equal batch size");
  EXPECT_THROWN((void)t(randn({3, 2, 5}), randn({3, 2, 5})), ShapeError,
                "src and tgt should have same feature size as d_model");
  EXPECT_THROWN((void)t(x[0], x), ShapeError, "src and tgt should have 3 dimensions");
  EXPECT_EQ(t(x.select(1, 0), randn({5, 4})).sizes().vec(), (std::vector<std::int64_t>{5, 4}));
  const Tensor mask = nn::TransformerImpl::generate_square_subsequent_mask(3);
  const double none = -INFINITY;
  EXPECT_TRUE(mask.equal(tensor({{0.0, none, none}, {0.0, 0.0, none}, {0.0, 0.0, 0.0}})));
}

/// A stack of a user's own, which says what it was given.
class OwnEncoderImpl : public nn::Cloneable<OwnEncoderImpl> {
 public:
  OwnEncoderImpl() { OwnEncoderImpl::reset(); }
  void reset() override {
    inner = register_module(
        "inner",
        nn::TransformerEncoder(
            nn::TransformerEncoderLayer(nn::TransformerLayerOptions(4, 2).dim_feedforward(8).dropout(0.0)),
            2));
  }
  Tensor forward(const Tensor& src, const Tensor& mask, const Tensor& key_padding_mask) {
    given = {src, mask, key_padding_mask};
    return inner(src, mask, key_padding_mask);
  }
  nn::TransformerEncoder inner{nullptr};
  std::vector<Tensor> given;
};
BALLAST_MODULE(OwnEncoder);

class OwnDecoderImpl : public nn::Cloneable<OwnDecoderImpl> {
 public:
  OwnDecoderImpl() { OwnDecoderImpl::reset(); }
  void reset() override {
    inner = register_module(
        "inner",
        nn::TransformerDecoder(
            nn::TransformerDecoderLayer(nn::TransformerLayerOptions(4, 2).dim_feedforward(8).dropout(0.0)),
            2));
  }
  virtual Tensor forward(const Tensor& tgt, const Tensor& memory, const Tensor& tgt_mask,
                         const Tensor& memory_mask, const Tensor& tgt_key_padding_mask,
                         const Tensor& memory_key_padding_mask) {
    given = {tgt, memory, tgt_mask, memory_mask, tgt_key_padding_mask, memory_key_padding_mask};
    return inner(tgt, memory, tgt_mask, memory_mask, tgt_key_padding_mask, memory_key_padding_mask);
  }
  nn::TransformerDecoder inner{nullptr};
  std::vector<Tensor> given;
};
BALLAST_MODULE(OwnDecoder);

class DoublingDecoderImpl : public OwnDecoderImpl {
 public:
  Tensor forward(const Tensor& tgt, const Tensor& memory, const Tensor& tgt_mask, const Tensor& memory_mask,
                 const Tensor& tgt_key_padding_mask, const Tensor& memory_key_padding_mask) override {
    return OwnDecoderImpl::forward(tgt, memory, tgt_mask, memory_mask, tgt_key_padding_mask,
                                   memory_key_padding_mask) *
           2;
  }
};

/// Inputs of a Transformer of 4 features, with every mask.
struct MaskedInputs {
  Tensor src = randn({5, 2, 4}), tgt = randn({3, 2, 4});
  Tensor src_mask = nn::TransformerImpl::generate_square_subsequent_mask(5);
  Tensor tgt_mask = nn::TransformerImpl::generate_square_subsequent_mask(3);
  Tensor memory_mask = randn({3, 5});
  Tensor src_padding = tensor({{false, false, false, true, true}, {false, false, false, false, true}});
  Tensor tgt_padding = tensor({{false, false, true}, {false, false, false}});
  Tensor memory_padding = tensor({{false, true, false, false, false}, {false, false, false, false, true}});
  Tensor through(nn::Transformer& t) const {
    return t(src, tgt, src_mask, tgt_mask, memory_mask, src_padding, tgt_padding, memory_padding);
  }
};

TEST(Transformers, PartsOfOnesOwnAreGivenTheMasks) {
  manual_seed(12);
  const MaskedInputs in;
  OwnEncoder encoder;
  OwnDecoder decoder;
  nn::Transformer own(
      nn::TransformerOptions(4, 2).custom_encoder(encoder).custom_decoder(decoder).dropout(0.0));
  int calls = 0;
  encoder->register_forward_hook([&](nn::Module&, const std::vector<Tensor>& inputs, const Tensor&) {
    ++calls;
    EXPECT_EQ(inputs.size(), 3U);
  });
  const Tensor y = in.through(own);
  EXPECT_EQ(calls, 1);
  EXPECT_TRUE(encoder->given[1].is_same(in.src_mask));
  EXPECT_TRUE(encoder->given[2].is_same(in.src_padding));
  EXPECT_TRUE(decoder->given[0].is_same(in.tgt));
  const std::vector<Tensor> masks{in.tgt_mask, in.memory_mask, in.tgt_padding, in.memory_padding};
  for (std::size_t i = 0; i < masks.size(); ++i) EXPECT_TRUE(decoder->given[i + 2].is_same(masks[i]));
  // The stacks themselves in their place give the same.
  nn::Transformer plain(nn::TransformerOptions(4, 2)
                            .custom_encoder(encoder->inner)
                            .custom_decoder(decoder->inner)
                            .dropout(0.0));
  own->eval();
  EXPECT_EQ(bytes_of(in.through(plain).detach()), bytes_of(in.through(own).detach()));
  // And so does a copy of the model, with copies of the parts.
  decoder->given.clear();
  const auto copy = std::dynamic_pointer_cast<nn::TransformerImpl>(own->clone());
  nn::Transformer copied(copy);
  EXPECT_EQ(bytes_of(in.through(copied).detach()), bytes_of(in.through(own).detach()));
  EXPECT_EQ(decoder->given.size(), 6U) << "called by the original only";
  // Without masks they are undefined.
  (void)own(in.src, in.tgt);
  EXPECT_FALSE(encoder->given[1].defined() || encoder->given[2].defined());
}

TEST(Transformers, APartIsCalledAsTheClassItWasGivenAs) {
  manual_seed(13);
  const MaskedInputs in;
  const auto doubling = std::make_shared<DoublingDecoderImpl>();
  const OwnDecoder as_base(doubling);
  const OwnEncoder encoder;
  nn::Transformer once(nn::TransformerOptions(4, 2).custom_encoder(encoder).custom_decoder(
      OwnDecoder(std::make_shared<OwnDecoderImpl>())));
  nn::Transformer twice(nn::TransformerOptions(4, 2).custom_encoder(encoder).custom_decoder(as_base));
  {
    const NoGradGuard no_grad;
    const auto from = once->decoder->parameters();
    const auto to = twice->decoder->parameters();
    for (std::size_t i = 0; i < from.size(); ++i) to[i].copy_(from[i]);
  }
  EXPECT_TRUE(in.through(twice).equal(in.through(once) * 2));
  // What takes one tensor only can be an encoder without masks.
  nn::Transformer narrow(
      nn::TransformerOptions(4, 2).custom_encoder(nn::Linear(4, 4)).custom_decoder(as_base));
  EXPECT_EQ(narrow(in.src, in.tgt).sizes().vec(), in.tgt.sizes().vec());
  EXPECT_THROWN((void)narrow(in.src, in.tgt, in.src_mask), NotImplementedError,
                "takes the place of an encoder, but its forward does not take (src, mask, key_padding_mask)");
  nn::Transformer neither(nn::TransformerOptions(4, 2).custom_decoder(nn::Identity()));
  EXPECT_THROWN((void)neither(in.src, in.tgt), NotImplementedError,
                "cannot take the place of a decoder: its forward does not take (tgt, memory, ");
}

TEST(Embeddings, HaveShapesOnMeta) {
  const DefaultDeviceGuard on_meta(kMeta);
  const nn::Embedding limited(nn::EmbeddingOptions(10, 3).max_norm(1.0));
  EXPECT_EQ(limited(empty({2, 5}, kInt64)).shape(), Size({2, 5, 3}));
  for (const auto& mode :
       {nn::EmbeddingBagMode(kSum), nn::EmbeddingBagMode(kMean), nn::EmbeddingBagMode(kMax)}) {
    const nn::EmbeddingBag bag(nn::EmbeddingBagOptions(10, 3).mode(mode).max_norm(1.0));
    EXPECT_EQ(bag(empty({4, 5}, kInt64)).shape(), Size({4, 3}));
    EXPECT_EQ(bag(empty({7}, kInt64), empty({2}, kInt64)).shape(), Size({2, 3}));
  }
  const nn::EmbeddingBag ends(nn::EmbeddingBagOptions(10, 3).include_last_offset(true).mode(kSum));
  EXPECT_EQ(ends(empty({7}, kInt64), empty({3}, kInt64), empty({7})).shape(), Size({2, 3}));
}

TEST(Embeddings, LayersCheckAndLimit) {
  nn::Embedding e(nn::EmbeddingOptions(4, 2).padding_idx(1).max_norm(0.5));
  const Tensor y = e(tensor({0, 1, 3, 0}));
  y.sum().backward();
  EXPECT_TRUE(e->weight.grad()[1].eq(0).all().item<bool>());
  EXPECT_TRUE(e->weight.grad()[0].eq(2).all().item<bool>());
  EXPECT_LE(e->weight.detach()[0].norm().item<double>(), 0.5 + 1e-6);
  EXPECT_THROWN((void)e(tensor({4})), IndexError, "index out of range in self");
  EXPECT_EQ(std::string(e(tensor({0})).grad_fn()->name()), "EmbeddingBackward0");
  EXPECT_THROWN((void)F::embedding(tensor({0}), randn({3, 2}), F::EmbeddingFuncOptions().padding_idx(3)),
                ValueError, "Padding_idx must be within num_embeddings");
  nn::EmbeddingBag bag(4, 2);
  EXPECT_THROWN((void)bag(tensor({1, 2})), ValueError, "offsets has to be a 1D Tensor");
  EXPECT_THROWN((void)bag(tensor({{1, 2}}), tensor({0})), ValueError,
                "If input is 2D, then offsets has to be");
  EXPECT_THROWN((void)bag(tensor({1, 2}), tensor({0}), ones({3})), ShapeError, "it must have the same shape");
  EXPECT_THROWN((void)bag(tensor({1, 2}), tensor({0}), ones({2})), NotImplementedError,
                "per_sample_weights is only supported for mode='kSum' (got mode='kMean')");
  nn::EmbeddingBag largest(nn::EmbeddingBagOptions(4, 2).mode(kMax).scale_grad_by_freq(true));
  EXPECT_THROWN((void)largest(tensor({1, 2}), tensor({0})), ValueError,
                "max mode does not support scaling the gradient by the frequency");
  EXPECT_EQ(std::string(bag(tensor({0}), tensor({0})).grad_fn()->name()), "EmbeddingBagBackward0");
}

}  // namespace
}  // namespace ballast
