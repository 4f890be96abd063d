// What the golden cases do not show of losses and distances: layers, errors, warnings, other types.
#include <cmath>
#include <cstdio>
#include <limits>

#include "tests/nn/function_cases.h"
#include "tests/nn/warning_log.h"
#include "tests/support/thrown.h"
#include <gtest/gtest.h>

#include "ballast/autograd/autograd.h"
#include "ballast/core/parallel.h"
#include "ballast/nn/functional.h"
#include "ballast/nn/layers/layers.h"
#include "ballast/ops/ops.h"

namespace ballast {
namespace {

namespace F = nn::functional;
using testing::bytes_of;
using testing::Json;
using testing::tensor_of;
using testing::text_of;
using testing::WarningLog;

Tensor classes(const std::vector<std::int64_t>& values) {
  Tensor t = empty({static_cast<std::int64_t>(values.size())}, kInt64);
  std::copy(values.begin(), values.end(), t.data_ptr<std::int64_t>());
  return t;
}

TEST(LossLayers, ComputeWhatTheirFunctionsCompute) {
  manual_seed(1);
  const Tensor x = randn({5, 4});
  const Tensor y = randn({5, 4});
  const Tensor p = rand({5, 4});
  const Tensor q = rand({5, 4});
  const Tensor t = classes({0, 3, 1, 1, 2});
  const Tensor w = rand({4});
  const Tensor signs = randn({5, 4}).sign();
  std::size_t checked = 0;
  const auto same = [&](const Tensor& of_layer, const Tensor& want) {
    EXPECT_EQ(bytes_of(of_layer), bytes_of(want)) << checked;
    ++checked;
  };
  same(nn::L1Loss()(x, y), l1_loss(x, y));
  same(nn::L1Loss(kNone)(x, y), l1_loss(x, y, Reduction::kEach));
  same(nn::MSELoss(kSum)(x, y), mse_loss(x, y, Reduction::kTotal));
  same(nn::SmoothL1Loss(nn::SmoothL1LossOptions().beta(0.5))(x, y),
       smooth_l1_loss(x, y, Reduction::kAverage, 0.5));
  same(nn::HuberLoss(nn::HuberLossOptions().delta(0.5))(x, y), huber_loss(x, y, Reduction::kAverage, 0.5));
  same(nn::BCELoss(nn::BCELossOptions().weight(w))(p, q), binary_cross_entropy(p, q, w));
  same(nn::BCEWithLogitsLoss(nn::BCEWithLogitsLossOptions().weight(w).pos_weight(w))(x, q),
       binary_cross_entropy_with_logits(x, q, w, w));
  same(nn::KLDivLoss(nn::KLDivLossOptions().reduction(kBatchMean))(x, q),
       F::kl_div(x, q, F::KLDivFuncOptions().reduction(kSum)).div(5));
  same(nn::HingeEmbeddingLoss()(x, signs), F::hinge_embedding_loss(x, signs));
  same(nn::SoftMarginLoss()(x, signs), soft_margin_loss(x, signs));
  same(nn::MultiLabelSoftMarginLoss(nn::MultiLabelSoftMarginLossOptions().weight(w))(x, q),
       F::multilabel_soft_margin_loss(x, q, F::MultilabelSoftMarginLossFuncOptions().weight(w)));
  same(nn::MultiMarginLoss(nn::MultiMarginLossOptions().p(2).weight(w))(x, t),
       multi_margin_loss(x, t, 2, 1, w));
  const Tensor many = classes({0, 3, -1, 0, 1, -1, 0, 0, -1, 0, 0, 0, 3, 2, 1, 0, 2, -1, 1, 1}).view({5, 4});
  same(nn::MultiLabelMarginLoss()(x, many), multilabel_margin_loss(x, many));
  const Tensor alike = classes({1, -1, 1, 1, -1});
  same(nn::CosineEmbeddingLoss()(x, y, alike), F::cosine_embedding_loss(x, y, alike));
  same(nn::MarginRankingLoss()(x, y, signs), F::margin_ranking_loss(x, y, signs));
  same(nn::PoissonNLLLoss()(x, q), F::poisson_nll_loss(x, q));
  same(nn::GaussianNLLLoss()(x, y, q), F::gaussian_nll_loss(x, y, q));
  same(nn::TripletMarginLoss()(x, y, p), F::triplet_margin_loss(x, y, p));
  same(nn::TripletMarginWithDistanceLoss()(x, y, p), F::triplet_margin_loss(x, y, p));
  const auto manhattan = [](const Tensor& a, const Tensor& b) { return pairwise_distance(a, b, 1); };
  same(nn::TripletMarginWithDistanceLoss(
           nn::TripletMarginWithDistanceLossOptions().distance_function(manhattan))(x, y, p),
       F::triplet_margin_loss(x, y, p, F::TripletMarginLossFuncOptions().p(1)));
  same(nn::NLLLoss(nn::NLLLossOptions().weight(w).ignore_index(1))(x, t),
       nll_loss(x, t, w, Reduction::kAverage, 1));
  same(nn::CrossEntropyLoss(nn::CrossEntropyLossOptions().weight(w).label_smoothing(0.1))(x, t),
       cross_entropy(x, t, w, Reduction::kAverage, -100, 0.1));
  nn::LinearCrossEntropyLoss fused(4, 6);
  same(fused(x, t), cross_entropy(fused->linear(x), t));
  same(nn::CosineSimilarity()(x, y), cosine_similarity(x, y));
  same(nn::PairwiseDistance(1, 1e-3, true)(x, y), pairwise_distance(x, y, 1, 1e-3, true));
  const Tensor log_p = randn({6, 2, 4}).log_softmax(2);
  const Tensor labels = classes({1, 2, 3, 1}).view({2, 2});
  const Tensor want = ctc_loss(log_p, labels, IntArrayRef({6, 5}), IntArrayRef({2, 1}));
  same(nn::CTCLoss()(log_p, labels, classes({6, 5}), classes({2, 1})), want);
  same(nn::CTCLoss()->forward(log_p, labels, IntArrayRef({6, 5}), IntArrayRef({2, 1})), want);
  std::printf("%zu layers checked\n", checked);
}

TEST(LossLayers, WeightsAreThoseTheLayerHasNow) {
  nn::CrossEntropyLoss loss(nn::CrossEntropyLossOptions().weight(ones({3})));
  loss->weight.fill_(2);
  loss->to(kFloat64);
  const Tensor x = randn({4, 3}, kFloat64);
  const Tensor t = classes({0, 1, 2, 1});
  EXPECT_TRUE(allclose(loss(x, t), cross_entropy(x, t)));
  EXPECT_EQ(loss->weight[0].item<double>(), 2);
}

TEST(AdaptiveSoftmax, ValuesAndGradientsAreThoseOfPyTorch) {
  std::size_t compared = 0;
  for (const Json& c : testing::read_json_lines("functions/adaptive_softmax.jsonl")) {
    nn::AdaptiveLogSoftmaxWithLoss layer(
        nn::AdaptiveLogSoftmaxWithLossOptions(c["in_features"].get<std::int64_t>(),
                                              c["n_classes"].get<std::int64_t>(),
                                              c["cutoffs"].get<std::vector<std::int64_t>>())
            .div_value(c["div_value"].get<double>())
            .head_bias(c["head_bias"].get<bool>()));
    layer->to(kFloat64);
    StateDict state;
    for (const auto& [name, p] : c["parameters"].items()) state.insert(name, tensor_of(p));
    layer->load_state_dict(state);
    const Tensor x = tensor_of(c["x"]).requires_grad_();
    const Tensor y = tensor_of(c["y"]);
    const nn::ASMoutput out = layer->forward(x, y);
    const auto close = [&](const Tensor& got, const Json& want) {
      EXPECT_TRUE(allclose(got.detach(), tensor_of(want), 1e-11, 1e-12)) << compared;
      ++compared;
    };
    close(out.output, c["output"]);
    close(out.loss, c["loss"]);
    EXPECT_DOUBLE_EQ(out.loss, out.loss.item<double>());
    close(layer->log_prob(x), c["log_prob"]);
    EXPECT_TRUE(equal(layer->predict(x), tensor_of(c["predict"])));
    std::vector<Tensor> wanted{x};
    for (const auto& p : layer->parameters()) wanted.push_back(p);
    const auto grads = autograd::grad({out.loss}, wanted);
    for (std::size_t i = 0; i < grads.size(); ++i) close(grads[i], c["grads"][i]);
    // One sample alone, and classes that are not there.
    EXPECT_TRUE(allclose(layer->forward(x[2], y[2]).output, out.output[2]));
    EXPECT_EQ(text_of<IndexError>([&] { static_cast<void>(layer->forward(x, y.mul(0).sub(1))); }),
              "target values should be in [0, n_classes - 1], but values in range [-1, -1] were found. ");
  }
  std::printf("%zu tensors compared\n", compared);
}

TEST(LossErrors, OfClasses) {
  const Tensor x = randn({2, 4});
  const Tensor t = classes({0, 1});
  for (const bool logits : {false, true}) {
    const auto loss = [&](const Tensor& a, const Tensor& b, const Tensor& w = {}) {
      return logits ? cross_entropy(a, b, w) : nll_loss(a, b, w);
    };
    EXPECT_EQ(text_of<IndexError>([&] { loss(x, classes({0, 7})); }), "Target 7 is out of bounds.");
    EXPECT_EQ(text_of<IndexError>([&] { loss(x, classes({0, -1})); }), "Target -1 is out of bounds.");
    EXPECT_EQ(text_of<ShapeError>([&] {
                loss(x, classes({0, 1, 2}));
              }),
              "Expected input batch_size (2) to match target batch_size (3).");
    EXPECT_EQ(
        text_of<ShapeError>([&] { loss(x, t, ones({3})); }),
        "weight tensor should be defined either for all 4 classes or no classes but got weight tensor of "
        "shape: [3]");
    EXPECT_EQ(text_of<DTypeError>([&] { loss(x, t.to(kFloat32)); }),
              "expected target dtype to be Long or Byte, but got Float");
    EXPECT_EQ(text_of<ShapeError>([&] {
                loss(randn({2, 3, 4}), zeros({2, 5}, kInt64));
              }),
              "Expected target size [2, 4], got [2, 5]");
    EXPECT_EQ(text_of<ShapeError>([&] { loss(x[0], t); }),
              "For 1D input, 1D target must have size 1, but got target size: 2");
    EXPECT_TRUE(std::isnan(loss(x, classes({-100, -100})).item<double>()));
    EXPECT_TRUE(std::isnan(loss(empty({0, 4}), classes({})).item<double>()));
    Tensor leaf = randn({2, 4}).requires_grad_();
    loss(leaf, classes({-100, -100})).backward();
    EXPECT_EQ(leaf.grad().abs().sum().item<double>(), 0);
  }
  EXPECT_EQ(text_of<ValueError>(
                [&] { static_cast<void>(cross_entropy(x, t, {}, Reduction::kAverage, -100, 1.5)); }),
            "label_smoothing must be between 0.0 and 1.0. Got: 1.5");
  EXPECT_EQ(text_of<DTypeError>([&] { static_cast<void>(cross_entropy(x, x.to(kInt64))); }),
            "Expected floating point type for target with class probabilities, got Long");
  EXPECT_EQ(text_of<ValueError>([&] {
              static_cast<void>(F::cross_entropy(x, t, F::CrossEntropyFuncOptions().reduction("foo")));
            }),
            "foo is not a valid value for reduction");
  EXPECT_EQ(text_of<IndexError>([&] {
              static_cast<void>(multi_margin_loss(x, classes({0, 9})));
            }),
            "target out of range");
  EXPECT_EQ(
      text_of<ShapeError>([&] {
        static_cast<void>(multi_margin_loss(x, classes({0, 1, 2})));
      }),
      "multi_margin_loss: target tensor should be 1-D with size equal to the number of input samples (batch "
      "size). Expected target size [2], but got [3]. Input has shape [2, 4].");
  EXPECT_EQ(text_of<IndexError>([&] {
              static_cast<void>(multilabel_margin_loss(x, full({2, 4}, 7, kInt64)));
            }),
            "argument #2 'target' is out of range");
  EXPECT_EQ(text_of<IndexError>([&] {
              static_cast<void>(multilabel_margin_loss(x, full({2, 4}, -2, kInt64)));
            }),
            "argument #2 'target' is out of range");
}

TEST(LossErrors, OfShapesAndValues) {
  const Tensor x = rand({2, 4});
  const Tensor y = rand({2, 3});
  EXPECT_EQ(
      text_of<ShapeError>([&] { static_cast<void>(F::binary_cross_entropy(x, y)); }),
      "Using a target size (torch.Size([2, 3])) that is different to the input size (torch.Size([2, 4])) is "
      "deprecated. Please ensure they have the same size.");
  EXPECT_EQ(text_of<ShapeError>([&] { static_cast<void>(F::binary_cross_entropy_with_logits(x, y)); }),
            "Target size (torch.Size([2, 3])) must be the same as input size (torch.Size([2, 4]))");
  EXPECT_EQ(text_of<ValueError>([&] { static_cast<void>(binary_cross_entropy(x + 1, x)); }),
            "all elements of input should be between 0 and 1");
  EXPECT_EQ(text_of<ValueError>([&] { static_cast<void>(smooth_l1_loss(x, x, Reduction::kAverage, -1)); }),
            "smooth_l1_loss does not support negative values for beta.");
  EXPECT_EQ(text_of<ValueError>([&] { static_cast<void>(huber_loss(x, x, Reduction::kAverage, 0)); }),
            "huber_loss does not support non-positive values for delta.");
  EXPECT_EQ(text_of<NotImplementedError>([] { static_cast<void>(mse_loss(classes({1}), classes({2}))); }),
            "\"mse_cpu\" not implemented for 'Long'");
  EXPECT_EQ(text_of<ValueError>([&] { static_cast<void>(F::gaussian_nll_loss(x, x, x.neg())); }),
            "var has negative entry/entries");
  EXPECT_EQ(text_of<ShapeError>([&] { static_cast<void>(F::gaussian_nll_loss(x, x, y)); }),
            "var is of incorrect size");
  EXPECT_EQ(
      text_of<ShapeError>([&] { static_cast<void>(F::triplet_margin_loss(x, x[0], x)); }),
      "The anchor, positive, and negative tensors are expected to have the same number of dimensions, but "
      "got: anchor 2D, positive 1D, and negative 2D inputs");
  EXPECT_EQ(text_of<ShapeError>([&] {
              static_cast<void>(F::cosine_embedding_loss(x, x, ones({2, 4})));
            }),
            "0D or 1D target tensor expected, multi-target not supported");
  EXPECT_EQ(text_of<ShapeError>([&] { static_cast<void>(F::cosine_embedding_loss(x, x[0], ones({2}))); }),
            "1D target tensor expects 2D input tensors, but found inputs with sizes [2, 4] and [4].");
}

TEST(LossErrors, OfCtc) {
  const Tensor p = randn({50, 3, 15}).log_softmax(2);
  const Tensor t = randint(1, 15, {3, 30});
  const Tensor in = full({3}, 50, kInt64);
  const Tensor of = full({3}, 30, kInt64);
  EXPECT_EQ(text_of<DTypeError>([&] { static_cast<void>(F::ctc_loss(p, t, in.to(kFloat32), of)); }),
            "input_lengths must be integral");
  EXPECT_EQ(text_of<DTypeError>([&] { static_cast<void>(F::ctc_loss(p, t, in, of.to(kFloat32))); }),
            "target_lengths must be integral");
  EXPECT_EQ(
      text_of<ShapeError>([&] { static_cast<void>(F::ctc_loss(p, t.narrow(1, 0, 29), in, of)); }),
      "Expected tensor to have size at least 30 at dimension 1, but got size 29 for argument #2 'targets' "
      "(while checking arguments for ctc_loss_allocate_outputs)");
  EXPECT_EQ(text_of<ValueError>([&] { static_cast<void>(F::ctc_loss(p, t, in.add(1), of)); }),
            "Expected input_lengths to have value at most 50, but got value 51 (while checking arguments for "
            "ctc_loss_allocate_outputs)");
  EXPECT_EQ(text_of<ValueError>(
                [&] { static_cast<void>(F::ctc_loss(p, t, in, of, F::CTCLossFuncOptions().blank(15))); }),
            "blank must be in label range");
  EXPECT_EQ(text_of<ShapeError>([&] { static_cast<void>(F::ctc_loss(p, t, in.narrow(0, 0, 2), of)); }),
            "input_lengths must be of size batch_size");
  // PyTorch reads outside its memory here.
  EXPECT_EQ(text_of<IndexError>([&] { static_cast<void>(F::ctc_loss(p, t.mul(0).add(100), in, of)); }),
            "ctc_loss: target 0 of sample 0 is 100, but there are 15 classes");
  Tensor x = randn({4, 1, 3}, kFloat64).requires_grad_();
  const Tensor loss =
      F::ctc_loss(x.log_softmax(2), classes({1, 2}).view({1, 2}), IntArrayRef({4}), IntArrayRef({2}));
  const auto g = autograd::grad({loss}, {x}, {}, true, true);
  EXPECT_EQ(text_of<NotImplementedError>([&] { static_cast<void>(autograd::grad({g[0].sum()}, {x})); }),
            "the derivative for '_ctc_loss_backward' is not implemented");
}

TEST(LossWarnings, DifferentShapesAndTheMeanOfDivergences) {
  WarningLog log;
  const Tensor x = randn({3, 1});
  const Tensor y = randn({3});
  static_cast<void>(nn::MSELoss()(x, y));
  static_cast<void>(F::l1_loss(x, y));
  static_cast<void>(F::smooth_l1_loss(x, y, kMean, 0.5));
  static_cast<void>(F::huber_loss(x, y));
  static_cast<void>(F::kl_div(x, x));
  ASSERT_EQ(log.texts.size(), 5U);
  for (std::size_t i = 0; i < 4; ++i) {
    EXPECT_EQ(
        log.texts[i],
        "Using a target size (torch.Size([3])) that is different to the input size (torch.Size([3, 1])). "
        "This will likely lead to incorrect results due to broadcasting. Please ensure they have the same "
        "size.");
  }
  EXPECT_EQ(log.texts[4].find("reduction: 'mean' divides the total loss by both the batch size"), 0U);
}

TEST(LossTypes, SixteenBitFloatsAreComputedInFloat) {
  const Tensor x = randn({6, 5}).to(kBFloat16);
  const Tensor y = randn({6, 5}).to(kBFloat16);
  const Tensor t = classes({0, 4, 2, 1, 1, 3});
  EXPECT_EQ(bytes_of(mse_loss(x, y)), bytes_of(mse_loss(x.to(kFloat32), y.to(kFloat32)).to(kBFloat16)));
  EXPECT_EQ(bytes_of(cross_entropy(x, t)), bytes_of(cross_entropy(x.to(kFloat32), t).to(kBFloat16)));
  EXPECT_EQ(
      bytes_of(binary_cross_entropy_with_logits(x, y.sigmoid())),
      bytes_of(binary_cross_entropy_with_logits(x.to(kFloat32), y.sigmoid().to(kFloat32)).to(kBFloat16)));
  EXPECT_EQ(mse_loss(x, y.to(kFloat64)).dtype(), kFloat64);
}

TEST(LossThreads, MegabytesOfLogitsGiveTheSameOnAnyNumber) {
  const Tensor x = randn({1100, 1000}).requires_grad_();
  const Tensor t = randint(0, 1000, {1100});
  const auto both = [&] {
    const Tensor loss = cross_entropy(x, t);
    return bytes_of(loss) + bytes_of(autograd::grad({loss}, {x})[0]);
  };
  const int threads = get_num_threads();
  set_num_threads(1);
  const std::string one = both();
  set_num_threads(4);
  EXPECT_EQ(one == both(), true);
  set_num_threads(threads);
}

TEST(OneHot, MarksClassesAndChecksThem) {
  const Tensor h = F::one_hot(classes({2, 0}), 4);
  EXPECT_EQ(h.sizes(), IntArrayRef({2, 4}));
  EXPECT_EQ(bytes_of(h), bytes_of(classes({0, 0, 1, 0, 1, 0, 0, 0})));
  EXPECT_EQ(F::one_hot(classes({2, 0})).sizes(), IntArrayRef({2, 3}));
  EXPECT_EQ(F::one_hot(classes({}), 3).sizes(), IntArrayRef({0, 3}));
  EXPECT_EQ(text_of<IndexError>([] {
              static_cast<void>(F::one_hot(classes({1, 2}), 2));
            }),
            "Class values must be smaller than num_classes.");
  EXPECT_EQ(text_of<IndexError>([] { static_cast<void>(F::one_hot(classes({-1}))); }),
            "Class values must be non-negative.");
  EXPECT_EQ(text_of<DTypeError>([] { static_cast<void>(F::one_hot(ones({1}))); }),
            "one_hot is only applicable to index tensor of type LongTensor.");
  EXPECT_EQ(text_of<ValueError>([] { static_cast<void>(F::one_hot(classes({}))); }),
            "Can not infer total number of classes from empty tensor.");
}

}  // namespace
}  // namespace ballast
