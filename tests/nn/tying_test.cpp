// Ties - one layer in two places, one parameter under two names, two views of one memory - under every operation.
#include <functional>
#include <map>
#include <string>
#include <vector>

#include "tests/nn/models.h"
#include <gtest/gtest.h>

#include "ballast/ops/ops.h"

namespace ballast {
namespace {

using Names = std::vector<std::string>;

/// Two parameters that are views of one memory, beside one that is alone.
struct ViewsImpl : nn::Cloneable<ViewsImpl> {
  ViewsImpl() {
    const Tensor flat = arange(12, kFloat32);
    bind_parameter("head", head, Parameter(flat.slice(0, 0, 8).view({2, 4})));
    bind_parameter("tail", tail, Parameter(flat.slice(0, 4, 12).view({4, 2}).t()));
    bind_parameter("alone", alone, ones({3}));
    bind_buffer("window", window, flat.slice(0, 2, 4));
  }
  Tensor head, tail, alone, window;
};
BALLAST_MODULE(Views);

/// Which names of a model are one object, and which lie on one storage: all that ties are.
struct Ties {
  explicit Ties(const nn::Module& m) {
    std::map<const void*, std::string> objects, storages, modules;
    const auto note = [&](const std::string& name, const Tensor& t) {
      same_object.push_back(objects.emplace(t.unsafeGetTensorImpl(), name).first->second);
      same_storage.push_back(storages.emplace(t.storage().id(), name).first->second);
    };
    for (const auto& [name, t] : m.named_parameters({.remove_duplicate = false})) note(name, t);
    for (const auto& [name, t] : m.named_buffers({.remove_duplicate = false})) note(name, t);
    for (const auto& [name, x] : m.named_modules({.remove_duplicate = false})) {
      same_module.push_back(modules.emplace(x.get(), name).first->second);
    }
  }

  Names same_object, same_storage, same_module;  ///< of each name, the first that means the same
};

std::vector<std::pair<std::string, std::shared_ptr<nn::Module>>> tied_models() {
  std::vector<std::pair<std::string, std::shared_ptr<nn::Module>>> out;
  for (const auto& [name, make] : testing::model_table()) out.emplace_back(name, testing::make_model(name));
  out.emplace_back("views", Views().ptr());
  return out;
}

struct Operation {
  std::string name;
  std::function<void(nn::Module&)> run;
};

const std::vector<Operation>& operations() {
  static const std::vector<Operation> table{
      {"to float64", [](nn::Module& m) { m.to(kFloat64); }},
      {"to float16 and back", [](nn::Module& m) { m.to(kFloat16).to(kFloat32); }},
      {"half", [](nn::Module& m) { m.half(); }},
      {"bfloat16", [](nn::Module& m) { m.bfloat16(); }},
      {"double_", [](nn::Module& m) { m.double_(); }},
      {"to meta", [](nn::Module& m) { m.to(kMeta); }},
      {"to meta and to_empty", [](nn::Module& m) { m.to(kMeta).to_empty(kCPU); }},
      {"to_empty", [](nn::Module& m) { m.to_empty(kCPU); }},
      {"to device and type", [](nn::Module& m) { m.to(kCPU, kFloat64); }},
      {"apply", [](nn::Module& m) { m.apply([](nn::Module& x) { x.requires_grad_(false); }); }},
      {"requires_grad_", [](nn::Module& m) { m.requires_grad_(false).requires_grad_(true); }},
      {"zero_grad", [](nn::Module& m) { m.zero_grad(); }},
      {"train and eval", [](nn::Module& m) { m.eval().train(); }},
      {"load of its own state", [](nn::Module& m) { m.load_state_dict(m.state_dict()); }},
      {"load with assign", [](nn::Module& m) { m.load_state_dict(m.state_dict(), {.assign = true}); }},
  };
  return table;
}

TEST(TyingTest, SurvivesEveryOperation) {
  int cases = 0;
  for (const Operation& operation : operations()) {
    for (const auto& [name, model] : tied_models()) {
      SCOPED_TRACE(name + ": " + operation.name);
      // A type shared by all that is on one storage stays; the mixed model's parameters share none.
      const Ties before(*model);
      operation.run(*model);
      EXPECT_EQ(Ties(*model).same_object, before.same_object);
      EXPECT_EQ(Ties(*model).same_storage, before.same_storage);
      EXPECT_EQ(Ties(*model).same_module, before.same_module);
      ++cases;
    }
  }
  std::cout << "[ cases ] " << cases << " operations on models\n";
}

TEST(TyingTest, HandlesFromBeforeAConversionAreTheParametersAfterIt) {
  for (const auto& [name, model] : tied_models()) {
    SCOPED_TRACE(name);
    const auto parameters = model->parameters();
    const auto buffers = model->buffers();
    model->to(kFloat64);
    const auto now = model->parameters();
    ASSERT_EQ(now.size(), parameters.size());
    for (std::size_t i = 0; i < now.size(); ++i) EXPECT_TRUE(now[i].is_same(parameters[i]));
    for (std::size_t i = 0; i < buffers.size(); ++i) EXPECT_TRUE(model->buffers()[i].is_same(buffers[i]));
  }
}

TEST(TyingTest, ConversionConvertsValuesOnceAndKeepsViewsViews) {
  Views m;
  m->half();
  EXPECT_EQ(m->head.dtype(), kFloat16);
  m->head.data()[1][0] = 100;
  EXPECT_EQ(m->tail[0][0].item<float>(), 100);
  m->window.data().fill_(-1);
  EXPECT_EQ(m->head[0][2].item<float>(), -1);
  EXPECT_EQ(m->tail.strides().vec(), (std::vector<std::int64_t>{1, 2}));
  EXPECT_EQ(m->alone.sum().item<float>(), 3);
}

TEST(TyingTest, AssigningOneMemberToAnotherTiesUntilItIsAssignedAnew) {
  testing::TiedEmbedding net;
  EXPECT_EQ(net->parameters().size(), 3u);
  EXPECT_EQ(net->named_parameters({.remove_duplicate = false}).size(), 4u);
  net->embedding->weight.data()[0][0] = 42;
  EXPECT_EQ(net->decoder->weight[0][0].item<float>(), 42);
  net->decoder->weight = Parameter(zeros({10, 6}));
  EXPECT_EQ(net->parameters().size(), 4u);
  EXPECT_TRUE(nn::tied_parameters(*net).empty());
}

TEST(TyingTest, LoadingWritesATiedParameterByEachNameAndTheLastOneWins) {
  testing::TiedEmbedding net;
  StateDict state = net->state_dict();
  state["embedding.weight"] = full({10, 6}, 1.0);
  state["decoder.weight"] = full({10, 6}, 2.0);
  net->load_state_dict(state);
  EXPECT_EQ(net->embedding->weight.sum().item<float>(), 120);
  EXPECT_TRUE(net->embedding->weight.is_same(net->decoder->weight));
}

TEST(TyingTest, LoadWithAssignKeepsTiesWhereTheGivenTensorsAreOneAndNotWhereTheyDiffer) {
  testing::TiedEmbedding source;
  source->embedding->weight.data().fill_(3);
  testing::TiedEmbedding net;
  net->load_state_dict(source->state_dict(), {.assign = true});
  EXPECT_TRUE(net->embedding->weight.is_same(net->decoder->weight));
  EXPECT_EQ(net->decoder->weight.sum().item<float>(), 180);
  EXPECT_EQ(net->decoder->weight.data_ptr(), source->decoder->weight.data_ptr());
  EXPECT_FALSE(net->decoder->weight.is_same(source->decoder->weight));

  StateDict state = source->state_dict();
  state["decoder.weight"] = zeros({10, 6});
  net->load_state_dict(state, {.assign = true});
  EXPECT_FALSE(net->embedding->weight.is_same(net->decoder->weight));
  EXPECT_EQ(net->embedding->weight.sum().item<float>(), 180);
  EXPECT_EQ(net->decoder->weight.sum().item<float>(), 0);
}

TEST(TyingTest, StateDictListsEveryNameOnTheOneMemory) {
  testing::TiedEmbedding net;
  const StateDict state = net->state_dict();
  EXPECT_TRUE(state.contains("embedding.weight"));
  EXPECT_EQ(state["embedding.weight"].storage().id(), state["decoder.weight"].storage().id());
}

TEST(TiedParametersTest, GroupsHaveNamesShapesAndBytes) {
  testing::TiedEmbedding net;
  const auto groups = nn::tied_parameters(*net);
  ASSERT_EQ(groups.size(), 1u);
  EXPECT_EQ(groups[0].names, (Names{"embedding.weight", "decoder.weight"}));
  EXPECT_TRUE(groups[0].same_tensor);
  EXPECT_EQ(groups[0].repr(), "embedding.weight = decoder.weight: [10, 6] float32, 240 bytes");
  const nn::TyingSavings savings = nn::tying_savings(*net);
  EXPECT_EQ(savings.parameters_saved(), 60);
  EXPECT_EQ(savings.bytes_saved(), 240);
  EXPECT_EQ(savings.repr(), "162 parameters listed, 102 held: tying saves 60 parameters, 240 bytes");
}

TEST(TiedParametersTest, OverlappingViewsAreAGroupOfDifferentTensors) {
  Views m;
  const auto groups = nn::tied_parameters(*m);
  ASSERT_EQ(groups.size(), 1u);
  EXPECT_EQ(groups[0].names, (Names{"head", "tail"}));
  EXPECT_FALSE(groups[0].same_tensor);
  EXPECT_EQ(groups[0].numel, 12);
  EXPECT_EQ(groups[0].repr(), "head ~ tail: [2, 4] float32, 48 bytes (different tensors on one memory)");
  EXPECT_EQ(nn::tying_savings(*m).parameters_saved(), 4);
  EXPECT_TRUE(nn::tied_buffers(*m).empty());
}

TEST(TiedParametersTest, NeighboursOnOneStorageAreNotTied) {
  const Tensor flat = zeros({10});
  nn::Module m;
  m.register_parameter("left", Parameter(flat.slice(0, 0, 5)));
  m.register_parameter("right", Parameter(flat.slice(0, 5, 10)));
  m.register_parameter("empty", Parameter(flat.slice(0, 5, 5)));
  m.register_parameter("empty_too", m.parameter("empty"));
  EXPECT_TRUE(nn::tied_parameters(m).empty());
  EXPECT_EQ(nn::tying_savings(m).parameters_saved(), 0);
}

TEST(TiedParametersTest, ColumnsSideBySideAreNotTied) {
  const Tensor fused = zeros({4, 6});
  nn::Module m;
  m.register_parameter("left", Parameter(fused.slice(1, 0, 3)));
  m.register_parameter("right", Parameter(fused.slice(1, 3, 6)));
  m.register_parameter("odd", Parameter(zeros({8}).slice(0, 1, 8, 2)));
  EXPECT_TRUE(nn::tied_parameters(m).empty());
  EXPECT_EQ(nn::tying_savings(m).parameters_held, 28);

  m.register_parameter("middle", Parameter(fused.slice(1, 2, 4)));
  m.register_parameter("corner", Parameter(fused.slice(0, 3).slice(1, 5, 6)));
  m.register_parameter("far", Parameter(fused.slice(1, 0, 1)));
  const auto groups = nn::tied_parameters(m);
  ASSERT_EQ(groups.size(), 1u) << "through the middle all are one";
  EXPECT_EQ(groups[0].names, (Names{"left", "right", "middle", "corner", "far"}));
  EXPECT_EQ(groups[0].numel, 24);
  EXPECT_EQ(nn::tying_savings(m).parameters_saved(), 8 + 1 + 4);
}

TEST(TiedParametersTest, GroupsOnOneStorageAreToldApart) {
  const Tensor fused = zeros({4, 6});
  nn::Module m;
  m.register_parameter("a", Parameter(fused.slice(1, 0, 2)));
  m.register_parameter("b", Parameter(fused.slice(1, 4, 6)));
  m.register_parameter("a_too", Parameter(fused.slice(1, 1, 2)));
  m.register_parameter("b_turned", Parameter(fused.slice(1, 4, 6).t()));
  const auto groups = nn::tied_parameters(m);
  ASSERT_EQ(groups.size(), 2u);
  EXPECT_EQ(groups[0].names, (Names{"a", "a_too"}));
  EXPECT_EQ(groups[1].names, (Names{"b", "b_turned"}));
  EXPECT_EQ(groups[1].numel, 8);
}

TEST(TiedParametersTest, ElementsSeenTwiceByOneViewCountOnce) {
  const Tensor base = zeros({10});
  nn::Module m;
  m.register_parameter("expanded", Parameter(zeros({1}).expand({5})));
  m.register_parameter("windows", Parameter(base.as_strided({4, 4}, {2, 1}, 0)));
  m.register_parameter("rows_apart", Parameter(zeros({100}).as_strided({3, 2}, {40, 5}, 1)));
  EXPECT_TRUE(nn::tied_parameters(m).empty());
  EXPECT_EQ(nn::tying_savings(m).parameters_held, 1 + 10 + 6);
}

TEST(TiedParametersTest, EveryPathOfASharedModuleIsNamed) {
  testing::DeepSharing net;
  std::vector<Names> groups;
  for (const auto& g : nn::tied_parameters(*net)) groups.push_back(g.names);
  EXPECT_EQ(groups, (std::vector<Names>{{"direct", "alias", "first.0.weight", "stack.0.0.weight",
                                         "stack.1.0.0.weight", "by_key.again.weight"},
                                        {"first.0.bias", "stack.0.0.bias", "stack.1.0.0.bias",
                                         "stack.1.1.bias", "by_key.again.bias"},
                                        {"first.1.weight", "stack.0.1.weight", "stack.1.0.1.weight"},
                                        {"first.1.bias", "stack.0.1.bias", "stack.1.0.1.bias"}}));
  const nn::TyingSavings savings = nn::tying_savings(*net);
  std::int64_t listed = 0;
  std::int64_t held = 0;
  for (const auto& [name, p] : net->named_parameters({.remove_duplicate = false})) listed += p.numel();
  for (const Tensor& p : net->parameters()) held += p.numel();
  EXPECT_EQ(savings.parameters_listed, listed);
  EXPECT_EQ(savings.parameters_held, held);
}

TEST(TiedParametersTest, BuffersCountWhenAsked) {
  testing::Buffers net;
  const auto groups = nn::tied_buffers(*net);
  ASSERT_EQ(groups.size(), 1u);
  EXPECT_EQ(groups[0].names, (Names{"steps", "steps_again"}));
  EXPECT_EQ(nn::tying_savings(*net).bytes_saved(), 0);
  EXPECT_EQ(nn::tying_savings(*net, true).bytes_saved(), 8);
}

TEST(TiedParametersTest, OperationsDoNotChangeWhatTyingSaves) {
  for (const auto& [name, model] : tied_models()) {
    SCOPED_TRACE(name);
    const auto before = nn::tying_savings(*model);
    model->to(kFloat64);
    const auto copy = nn::clone(model);
    for (const auto& m : {model, copy}) {
      EXPECT_EQ(nn::tying_savings(*m).parameters_listed, before.parameters_listed);
      EXPECT_EQ(nn::tying_savings(*m).parameters_held, before.parameters_held);
      EXPECT_EQ(nn::tied_parameters(*m).size(), nn::tied_parameters(*model).size());
    }
  }
}

}  // namespace
}  // namespace ballast
