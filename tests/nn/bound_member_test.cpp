// A member of a class bound under more than one name: one handle behind several entries.
#include <gtest/gtest.h>

#include "ballast/nn/nn.h"
#include "ballast/ops/factories.h"

namespace ballast {
namespace {

struct TwoNamesImpl : nn::Cloneable<TwoNamesImpl> {
  Tensor weight, mean;
  nn::Linear layer{nullptr};
  TwoNamesImpl() {
    bind_parameter("weight", weight, ones({3}));
    bind_parameter("alias", weight);
    bind_buffer("mean", mean, zeros({2}));
    bind_buffer("centre", mean);
    bind_module("layer", layer, nn::Linear(2, 3));
    bind_module("again", layer);
  }
};
BALLAST_MODULE(TwoNames);

std::vector<std::string> names(const OrderedDict<std::string, Tensor>& d) { return d.keys(); }
using Names = std::vector<std::string>;

void expect_listed_once(const nn::Module& m) {
  EXPECT_EQ(names(m.named_parameters()), (Names{"weight", "layer.weight", "layer.bias"}));
  EXPECT_EQ(names(m.named_buffers()), Names{"mean"});
  EXPECT_EQ(m.named_modules().keys(), (Names{"", "layer"}));
  EXPECT_EQ(names(m.named_parameters({.remove_duplicate = false})),
            (Names{"weight", "alias", "layer.weight", "layer.bias", "again.weight", "again.bias"}));
  EXPECT_EQ(names(m.named_buffers({.remove_duplicate = false})), (Names{"mean", "centre"}));
  EXPECT_EQ(m.named_modules({.remove_duplicate = false}).keys(), (Names{"", "layer", "again"}));
}

TEST(BoundMember, IsListedOnceUnlessAskedWhenBoundUnderTwoNames) { expect_listed_once(*TwoNames()); }

TEST(BoundMember, OfTwoNamesStaysOneInACopy) {
  const TwoNames original;
  expect_listed_once(*original);
  expect_listed_once(*original->clone());
}

TEST(BoundMember, IsListedOnceWhoeverElseHoldsIt) {
  const TwoNames model;
  const std::vector<Tensor> held = model->parameters();
  const auto layer = model->layer;
  EXPECT_EQ(held.size(), 3U);
  expect_listed_once(*model);
}

TEST(BoundMember, GetsAndGivesOneValueUnderBothNames) {
  TwoNames model;
  StateDict state = model->state_dict();
  EXPECT_EQ(state.size(), 8U);
  for (auto& [name, value] : state) value = full(value.sizes(), 7);
  EXPECT_TRUE(model->load_state_dict(state).empty());
  for (const auto& p : model->parameters()) EXPECT_TRUE(p.eq(full(p.sizes(), 7)).all().item<bool>());
}

}  // namespace
}  // namespace ballast
