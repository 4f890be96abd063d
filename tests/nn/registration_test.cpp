// Registering, replacing and removing parameters, buffers and children.
#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "tests/nn/warning_log.h"
#include "tests/support/thrown.h"
#include <gtest/gtest.h>

#include "ballast/nn/nn.h"
#include "ballast/ops/factories.h"

namespace ballast {
namespace {

using testing::text_of;
using Names = std::vector<std::string>;

/// Every kind of entry, bound to members and held by the module itself.
struct MixedImpl : nn::Cloneable<MixedImpl> {
  MixedImpl() {
    bind_parameter("bound", bound, ones({2}));
    register_parameter("held", zeros({3}));
    bind_buffer("count", count, zeros({1}));
    register_buffer("mask", ones({4}));
    bind_module("fc", fc, nn::Linear(2, 2));
    register_module("act", nn::ReLU());
  }
  Tensor bound, count;
  nn::Linear fc{nullptr};
};
BALLAST_MODULE(Mixed);

TEST(RegistrationTest, NameIsNotEmptyHasNoDotAndIsFree) {
  const auto each_way = [](const std::string& name) {
    Mixed m;
    Names texts;
    texts.push_back(text_of<KeyError>([&] { m->register_parameter(name, ones({1})); }));
    texts.push_back(text_of<KeyError>([&] { m->bind_parameter(name, m->bound, ones({1})); }));
    texts.push_back(text_of<KeyError>([&] { m->register_buffer(name, ones({1})); }));
    texts.push_back(text_of<KeyError>([&] { m->bind_buffer(name, m->count, ones({1})); }));
    texts.push_back(text_of<KeyError>([&] { m->register_module(name, nn::ReLU()); }));
    texts.push_back(text_of<KeyError>([&] { m->bind_module(name, m->fc, nn::Linear(1, 1)); }));
    EXPECT_EQ(m->named_parameters().keys(), Mixed()->named_parameters().keys());
    return texts;
  };
  const std::string none = "nothing was thrown";
  EXPECT_EQ(each_way(""),
            (Names{"parameter name can't be empty string \"\"", "parameter name can't be empty string \"\"",
                   "buffer name can't be empty string \"\"", "buffer name can't be empty string \"\"",
                   "module name can't be empty string \"\"", "module name can't be empty string \"\""}));
  EXPECT_EQ(
      each_way("a.b"),
      (Names{"parameter name can't contain \".\"", "parameter name can't contain \".\"",
             "buffer name can't contain \".\"", "buffer name can't contain \".\"",
             "module name can't contain \".\", got: a.b", "module name can't contain \".\", got: a.b"}));
  const std::string held = "attribute 'held' already exists";
  EXPECT_EQ(text_of<KeyError>([] { Mixed()->register_buffer("held", ones({1})); }), held);
  EXPECT_EQ(text_of<KeyError>([] { Mixed()->register_module("held", nn::ReLU()); }), held);
  EXPECT_EQ(text_of<KeyError>([] { Mixed()->register_parameter("mask", ones({1})); }),
            "attribute 'mask' already exists");
  EXPECT_EQ(text_of<KeyError>([] { Mixed()->register_parameter("fc", ones({1})); }),
            "attribute 'fc' already exists");
  EXPECT_EQ(text_of<KeyError>([] { Mixed()->register_buffer("act", ones({1})); }),
            "attribute 'act' already exists");
}

TEST(RegistrationTest, SameNameAgainReplacesInItsPlace) {
  Mixed m;
  const Tensor given = Parameter(full({2}, 7.0));
  EXPECT_TRUE(m->register_parameter("bound", given).is_same(given));
  EXPECT_TRUE(m->bound.is_same(given));
  m->register_parameter("held", full({1}, 3.0));
  m->register_buffer("count", full({1}, 5.0));
  const nn::Linear other(2, 5);
  m->register_module("fc", other);
  m->register_module("act", nn::Tanh());
  EXPECT_EQ(m->named_parameters().keys(), (Names{"bound", "held", "fc.weight", "fc.bias"}));
  EXPECT_EQ(m->named_children().keys(), (Names{"fc", "act"}));
  EXPECT_EQ(m->count.item<double>(), 5);
  EXPECT_TRUE(m->fc == other);
  EXPECT_EQ(m->child("act")->class_name(), "Tanh");
}

TEST(RegistrationTest, AssigningToABoundMemberChangesTheTree) {
  Mixed m;
  m->bound = Parameter(full({9}, 1.0));
  m->fc = nn::Linear(2, 7);
  EXPECT_EQ(m->parameter("bound").numel(), 9);
  EXPECT_EQ(m->get_parameter("fc.weight").size(0), 7);
  m->bound = Tensor();
  m->fc = nullptr;
  EXPECT_EQ(m->named_parameters().keys(), (Names{"held"}));
  EXPECT_EQ(m->named_children().keys(), (Names{"act"}));
  EXPECT_TRUE(m->has_parameter("bound"));
  EXPECT_TRUE(m->has_child("fc"));
  EXPECT_EQ(m->repr(), "Mixed(\n  (fc): None\n  (act): ReLU()\n)");
}

TEST(RegistrationTest, RemovingEmptiesTheMemberAndFreesTheName) {
  Mixed m;
  m->unregister_parameter("bound");
  m->unregister_parameter("held");
  m->unregister_buffer("count");
  m->unregister_buffer("mask");
  m->unregister_module("fc");
  m->unregister_module("act");
  EXPECT_TRUE(m->state_dict().empty());
  EXPECT_EQ(m->repr(), "Mixed()");
  EXPECT_FALSE(m->bound.defined());
  EXPECT_FALSE(m->count.defined());
  EXPECT_TRUE(m->fc.is_empty());
  m->register_buffer("held", ones({1}));
  m->bound = ones({1});
  EXPECT_TRUE(m->named_parameters().empty());
  EXPECT_EQ(m->named_buffers().keys(), (Names{"held"}));

  EXPECT_EQ(text_of<KeyError>([&] { m->unregister_parameter("held"); }),
            "'Mixed' object has no attribute 'held'");
  EXPECT_EQ(text_of<KeyError>([&] { m->unregister_buffer("x"); }), "'Mixed' object has no attribute 'x'");
  EXPECT_EQ(text_of<KeyError>([&] { m->unregister_module("fc"); }), "No Module with name `fc` is registered");
}

TEST(RegistrationTest, NameRegisteredAgainIsItsMemberAgain) {
  Mixed m;
  for (int i = 0; i < 3; ++i) {
    m->unregister_parameter("bound");
    m->unregister_buffer("count");
    m->unregister_module("fc");
    m->register_buffer("bound", full({3}, 2.0), false);
    m->register_parameter("count", full({1}, 4.0));
    m->register_module("fc", nn::Linear(2, 5));
    EXPECT_EQ(m->bound.sum().item<float>(), 6);
    EXPECT_EQ(m->count.item<float>(), 4);
    EXPECT_EQ(m->fc->weight.size(0), 5);
    EXPECT_EQ(m->state_dict().keys(), (Names{"held", "count", "mask", "fc.weight", "fc.bias"}));
    const Mixed copy = nn::clone(m);
    EXPECT_TRUE(copy->parameter("count").is_same(copy->count));
    m->unregister_buffer("bound");
    m->unregister_parameter("count");
    m->register_parameter("bound", ones({2}));
    m->register_buffer("count", zeros({1}));
  }
}

TEST(RegistrationTest, MemberThatHasAnotherNameNowIsLeftToIt) {
  Mixed m;
  m->unregister_parameter("bound");
  m->bind_parameter("renamed", m->bound, full({2}, 3.0));
  m->register_parameter("bound", zeros({9}));
  EXPECT_EQ(m->bound.sum().item<float>(), 6);
  EXPECT_EQ(m->parameter("bound").numel(), 9);
  m->unregister_module("fc");
  m->register_module("fc", nn::Tanh());
  EXPECT_TRUE(m->fc.is_empty()) << "a Tanh is no Linear";
  EXPECT_EQ(m->child("fc")->class_name(), "Tanh");
}

TEST(RegistrationTest, ReplacingNeedsSomethingToReplace) {
  Mixed m;
  m->replace_module("act", nn::Tanh());
  EXPECT_EQ(m->child("act")->class_name(), "Tanh");
  EXPECT_EQ(text_of<KeyError>([&] { m->replace_module("acts", nn::Tanh()); }),
            "Submodule 'acts' is not defined");
}

TEST(RegistrationTest, PlainTensorBecomesAParameterAndAParameterKeepsItsFlag) {
  nn::Module m;
  const Tensor plain = ones({2});
  EXPECT_TRUE(m.register_parameter("plain", plain).is_same(plain));
  EXPECT_TRUE(plain.is_parameter());
  EXPECT_TRUE(plain.requires_grad());
  EXPECT_FALSE(m.register_parameter("frozen", Parameter(ones({2}), false)).requires_grad());
  EXPECT_FALSE(m.register_parameter("asked", ones({2}), false).requires_grad());
  EXPECT_TRUE(m.register_parameter("thawed", Parameter(ones({2}), false), true).requires_grad());
  EXPECT_EQ(m.register_parameter("ids", ones({2}, kInt64), false).dtype(), kInt64);
  EXPECT_EQ(text_of<DTypeError>([&] { m.register_parameter("more_ids", ones({2}, kInt64)); }),
            "Only Tensors of floating point and complex dtype can require gradients");
  EXPECT_FALSE(m.has_parameter("more_ids"));
}

TEST(RegistrationTest, AbsentParameterIsRegisteredAndNotListed) {
  nn::Module m;
  const testing::WarningLog log;
  m.register_parameter("silent", Tensor());
  m.register_parameter("asked_not_to", Tensor(), false);
  EXPECT_TRUE(log.texts.empty());
  m.register_parameter("loud", Tensor(), true);
  EXPECT_EQ(log.texts, (Names{"An undefined tensor cannot require grad. Ignoring the `requires_grad=true` "
                              "function parameter."}));
  EXPECT_TRUE(m.has_parameter("silent"));
  EXPECT_FALSE(m.parameter("silent").defined());
  EXPECT_TRUE(m.parameters().empty());
  EXPECT_TRUE(m.state_dict().empty());
  m.register_parameter("silent", ones({1}));
  EXPECT_EQ(m.named_parameters().keys(), (Names{"silent"}));
}

TEST(RegistrationTest, OnlyAMemberOfTheObjectCanBeBound) {
  nn::Module m;
  const auto elsewhere = std::make_unique<std::array<std::byte, 1 << 26>>();
  auto& far = *new (elsewhere->data() + elsewhere->size() / 2) Tensor;
  const std::string text = text_of<ValueError>([&] { m.bind_parameter("far", far, ones({1})); });
  EXPECT_NE(text.find("cannot bind 'far': it is not a data member of this Module"), std::string::npos)
      << text;
  EXPECT_FALSE(m.has_parameter("far"));
}

TEST(RegistrationTest, ModuleIsNotItsOwnChild) {
  Mixed m;
  EXPECT_EQ(text_of<ValueError>([&] { m->register_module("self", m); }),
            "a module cannot be its own child ('self')");
}

TEST(RegistrationTest, BoundHolderTakesOnlyItsClass) {
  Mixed m;
  const std::string text = text_of<ValueError>([&] { m->register_module("fc", nn::ReLU()); });
  EXPECT_EQ(text,
            "cannot put a ReLU in the place of 'fc' of Mixed: the member bound there is of another class");
  EXPECT_EQ(m->fc->repr(), nn::Linear(2, 2)->repr());
  m->register_module("fc", nn::NonDynamicallyQuantizableLinear(2, 3));
  EXPECT_EQ(m->fc->weight.size(0), 3);
  m->register_module("act", nn::Linear(1, 1));
  m->register_module("fc", nullptr);
  EXPECT_TRUE(m->fc.is_empty());
}

TEST(RegistrationTest, ManyEntriesAreFoundByNameInOrder) {
  nn::Module m;
  constexpr int kMany = 500;
  for (int i = 0; i < kMany; ++i) {
    m.register_parameter("p" + std::to_string(i), full({1}, i, kFloat32));
    m.register_buffer("b" + std::to_string(i), full({1}, i, kFloat32), i % 2 == 0);
    m.register_module("m" + std::to_string(i), nn::ReLU());
  }
  for (int i = 0; i < kMany; i += 3) {
    m.unregister_parameter("p" + std::to_string(i));
    m.unregister_module("m" + std::to_string(i));
  }
  m.register_parameter("p0", full({1}, -1.0));
  for (int i = 1; i < kMany; ++i) {
    const std::string n = std::to_string(i);
    ASSERT_EQ(m.has_parameter("p" + n), i % 3 != 0) << n;
    ASSERT_EQ(m.has_child("m" + n), i % 3 != 0) << n;
    ASSERT_EQ(m.buffer("b" + n).item<int>(), i);
    if (i % 3 != 0) {
      ASSERT_EQ(m.parameter("p" + n).item<int>(), i);
    }
  }
  EXPECT_EQ(m.named_parameters().back().key(), "p0");
  EXPECT_EQ(m.state_dict().size(), m.parameters().size() + kMany / 2);
}

TEST(SetSubmoduleTest, PutsAModuleAtAPath) {
  nn::Sequential net{nn::Sequential{nn::Linear(2, 2), nn::ReLU()}, Mixed()};
  net->set_submodule("0.1", nn::Tanh().ptr());
  net->set_submodule("0.2", nn::GELU().ptr());
  net->set_submodule("1.fc", nn::Linear(2, 9).ptr(), true);
  EXPECT_EQ(net->get_submodule("0.1")->class_name(), "Tanh");
  EXPECT_EQ(net->get_submodule("0")->named_children().keys(), (Names{"0", "1", "2"}));
  EXPECT_EQ(net[1]->as<Mixed>()->fc->weight.size(0), 9);
}

TEST(SetSubmoduleTest, WrongPathsAreNamed) {
  nn::Sequential net{nn::Linear(2, 2), Mixed()};
  const auto put = [&](const std::string& path, bool strict = false) {
    return [&net, path, strict] { net->set_submodule(path, nn::ReLU().ptr(), strict); };
  };
  EXPECT_EQ(text_of<ValueError>(put("")), "Cannot set the submodule without a target name!");
  EXPECT_EQ(text_of<KeyError>(put("7.x")), "Sequential has no attribute `7`");
  EXPECT_EQ(text_of<KeyError>(put("0.weight.x")), "`weight` is not an nn.Module");
  EXPECT_EQ(text_of<KeyError>(put("0.weight")), "`weight` is not an nn.Module");
  EXPECT_EQ(text_of<KeyError>(put("0.scale", true)), "Linear has no attribute `scale`");
  EXPECT_NE(text_of<ValueError>(put("1.fc")).find("cannot put a ReLU in the place of 'fc'"),
            std::string::npos);
}

}  // namespace
}  // namespace ballast
