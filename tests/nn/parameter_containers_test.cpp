// ParameterList and ParameterDict, and all parameters as one vector.
#include <map>
#include <string>
#include <vector>

#include "tests/nn/models.h"
#include "tests/support/golden.h"
#include "tests/support/thrown.h"
#include <gtest/gtest.h>

#include "ballast/ops/ops.h"

namespace ballast {
namespace {

using testing::bytes_of;
using testing::text_of;
using Names = std::vector<std::string>;

TEST(ParameterListTest, MakesParametersAndKeepsTheFlagsOfThoseThatAre) {
  const Tensor plain = zeros({2, 3});
  const nn::ParameterList list(plain, Parameter(zeros({}, kFloat64), false));
  EXPECT_TRUE(list[0].is_same(plain));
  EXPECT_TRUE(plain.is_parameter() && plain.requires_grad());
  EXPECT_FALSE(list[-1].requires_grad());
  EXPECT_EQ(list->named_parameters().keys(), (Names{"0", "1"}));
  EXPECT_EQ(text_of<DTypeError>([] { nn::ParameterList(zeros({2}, kInt64)); }),
            "Only Tensors of floating point and complex dtype can require gradients");
}

TEST(ParameterListTest, GrowsAndShrinksByPosition) {
  nn::ParameterList list;
  list->append(full({1}, 0.0));
  list->extend(std::vector<Tensor>{full({1}, 1.0), full({1}, 2.0)});
  *list += *nn::ParameterList(full({1}, 3.0));
  *list += *list;
  EXPECT_EQ(list->size(), 8u);
  EXPECT_TRUE(list[4].is_same(list[0]));
  EXPECT_EQ(list->pop(1).item<float>(), 1);
  EXPECT_EQ(list->pop().item<float>(), 3);
  list->set(0, full({1}, 9.0));
  std::string values;
  for (const Tensor& p : *list) values += std::to_string(p.item<int>());
  EXPECT_EQ(values, "923012");
  EXPECT_EQ(list->state_dict().keys(), (Names{"0", "1", "2", "3", "4", "5"}));
  EXPECT_EQ(list->slice(-2)[0].item<int>(), 1);
  EXPECT_TRUE(list->slice(1, 2)[0].is_same(list[1]));
  for (const std::int64_t wrong : {6, -7}) {
    const std::string text = "index " + std::to_string(wrong) + " is out of range";
    EXPECT_EQ(text_of<IndexError>([&] { std::ignore = list[wrong]; }), text);
    EXPECT_EQ(text_of<IndexError>([&] { list->set(wrong, zeros({1})); }), text);
    EXPECT_EQ(text_of<IndexError>([&] { std::ignore = list->pop(wrong); }), text);
  }
}

TEST(ParameterListTest, PrintsAsPython) {
  EXPECT_EQ(nn::ParameterList()->repr(), "ParameterList()");
  EXPECT_EQ(nn::ParameterList(zeros({2, 3}))->repr(),
            "ParameterList(  (0): Parameter containing: [torch.float32 of size 2x3])");
  EXPECT_EQ(
      nn::ParameterList(zeros({2}), zeros({}), zeros({0, 2}, kMeta), zeros({1}, kFloat8_e4m3fn))->repr(),
      "ParameterList(\n"
      "    (0): Parameter containing: [torch.float32 of size 2]\n"
      "    (1): Parameter containing: [torch.float32 of size ]\n"
      "    (2): Parameter containing: [torch.float32 of size 0x2]\n"
      "    (3): Parameter containing: [torch.float8_e4m3fn of size 1]\n"
      ")");
}

TEST(ParameterDictTest, KeepsOrderAndReplacesInPlace) {
  nn::ParameterDict dict{{"b", zeros({2})}, {"a", ones({1})}};
  dict->insert("c", zeros({3}));
  dict->update({{"b", ones({4})}, {"d", zeros({1})}});
  EXPECT_EQ(dict->keys(), (Names{"b", "a", "c", "d"}));
  EXPECT_EQ(dict["b"].numel(), 4);
  EXPECT_TRUE(dict->get("zz", Tensor()).defined() == false);
  EXPECT_EQ(dict->pop("a").numel(), 1);
  EXPECT_FALSE(dict->contains("a"));
  EXPECT_EQ(text_of<KeyError>([&] { std::ignore = dict["a"]; }),
            "'ParameterDict' object has no attribute 'a'");
  EXPECT_EQ(text_of<KeyError>([&] { std::ignore = dict->pop("a"); }),
            "'ParameterDict' object has no attribute 'a'");
  dict->update(*nn::ParameterDict{{"e", zeros({1})}});
  std::string keys;
  for (const auto& [key, p] : *dict) keys += key + std::to_string(p.numel());
  EXPECT_EQ(keys, "b4c3d1e1");
  EXPECT_EQ(nn::ParameterDict(std::map<std::string, Tensor>{{"z", zeros({1})}, {"a", ones({1})}})->keys(),
            (Names{"a", "z"}));
  dict->clear();
  EXPECT_TRUE(dict->empty());
}

TEST(ParameterDictTest, PrintsAsPython) {
  EXPECT_EQ(nn::ParameterDict()->repr(), "ParameterDict()");
  EXPECT_EQ((nn::ParameterDict {
              { "x", zeros({2}, kMeta) }
            } -> repr()),
            "ParameterDict(  (x): Parameter containing: [torch.meta.FloatTensor of size 2])");
  const Tensor frozen = Parameter(zeros({1}, kFloat8_e5m2), false);
  EXPECT_EQ((nn::ParameterDict {
              {"b", zeros({2})}, {"a", zeros({2, 2}, kComplex64)}, { "c", frozen }
            } -> repr()),
            "ParameterDict(\n"
            "    (b): Parameter containing: [torch.FloatTensor of size 2]\n"
            "    (a): Parameter containing: [torch.ComplexFloatTensor of size 2x2]\n"
            "    (c): Parameter containing: [torch.Float8_e5m2Tensor of size 1]\n"
            ")");
}

TEST(ParametersToVectorTest, RoundTripKeepsEveryValue) {
  int cases = 0;
  for (const auto& [name, make] : testing::model_table()) {
    if (name == "mixed_types") continue;
    SCOPED_TRACE(name);
    const auto model = testing::make_model(name);
    const auto parameters = model->parameters();
    std::string before;
    std::int64_t numel = 0;
    for (const Tensor& p : parameters) {
      before += bytes_of(p);
      numel += p.numel();
    }
    const Tensor vector = nn::utils::parameters_to_vector(parameters);
    EXPECT_EQ(vector.sizes().vec(), (std::vector<std::int64_t>{numel}));
    EXPECT_EQ(bytes_of(vector), before);
    nn::utils::vector_to_parameters(vector.mul(2), parameters);
    for (std::size_t i = 0; i < parameters.size(); ++i) {
      EXPECT_TRUE(model->parameters()[i].is_same(parameters[i]));
      EXPECT_TRUE(parameters[i].is_parameter());
    }
    nn::utils::vector_to_parameters(vector, parameters);
    std::string after;
    for (const Tensor& p : model->parameters()) after += bytes_of(p);
    EXPECT_EQ(after, before);
    ++cases;
  }
  std::cout << "[ cases ] " << cases << " models\n";
}

TEST(ParametersToVectorTest, ParametersBecomeViewsOfTheVectorAndTiesStay) {
  testing::TiedEmbedding net;
  const Tensor vector = nn::utils::parameters_to_vector(net->parameters());
  nn::utils::vector_to_parameters(vector, net->parameters());
  vector.fill_(3);
  EXPECT_EQ(net->hidden->bias.sum().item<float>(), 18);
  EXPECT_EQ(net->decoder->weight.sum().item<float>(), 180);
  EXPECT_TRUE(net->decoder->weight.is_same(net->embedding->weight));
  EXPECT_EQ(nn::tied_parameters(*net).size(), 1u) << "neighbours in one vector are not tied";
}

TEST(ParametersToVectorTest, TypesPromoteAndStridesAreFollowed) {
  const Tensor turned = arange(6, kFloat32).view({2, 3}).t();
  const Tensor vector = nn::utils::parameters_to_vector({turned, ones({2}, kFloat64), ones({1}, kInt64)});
  EXPECT_TRUE(vector.equal(tensor({0.0, 3.0, 1.0, 4.0, 2.0, 5.0, 1.0, 1.0, 1.0}, kFloat64)));
}

TEST(ParametersToVectorTest, WhatDoesNotFitIsRefusedBeforeAnythingChanges) {
  nn::Linear fc(2, 2);
  const std::string before = bytes_of(fc->weight);
  using nn::utils::vector_to_parameters;
  EXPECT_EQ(text_of<ShapeError>([&] { vector_to_parameters(zeros({5}), fc->parameters()); }),
            "shape '[2]' is invalid for input of size 1");
  EXPECT_NE(text_of<ShapeError>([&] {
              vector_to_parameters(zeros({2, 3}), fc->parameters());
            }).find("one dimension"),
            std::string::npos);
  EXPECT_EQ(text_of<DTypeError>([&] { vector_to_parameters(zeros({6}, kInt64), fc->parameters()); }),
            "data set to a tensor that requires gradients must be floating point or complex dtype");
  EXPECT_EQ(text_of<DeviceError>([&] {
              std::ignore = nn::utils::parameters_to_vector({fc->weight, zeros({1}, kMeta)});
            }),
            "Found two parameters on different devices, this is currently not supported.");
  EXPECT_EQ(bytes_of(fc->weight), before);
  vector_to_parameters(ones({9}), fc->parameters());
  EXPECT_EQ(fc->bias.sum().item<float>(), 2) << "elements left over are not used";
}

}  // namespace
}  // namespace ballast
