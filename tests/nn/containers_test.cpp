// Sequential, ModuleList and ModuleDict: positions, slices, and changes, as in Python.
#include <memory>
#include <string>
#include <vector>

#include "tests/support/thrown.h"
#include <gtest/gtest.h>

#include "ballast/nn/nn.h"
#include "ballast/ops/ops.h"

namespace ballast {
namespace {

using testing::text_of;
using Names = std::vector<std::string>;

/// `0=Linear 1=ReLU`: the children by name.
std::string shown(const nn::Module& m) {
  std::string out;
  for (const auto& e : m.child_entries()) {
    const auto& child = m.slot(e).module_ptr();
    out += (out.empty() ? "" : " ") + e.name + "=" + (child ? child->class_name() : "None");
  }
  return out;
}

template <class Holder>
class SequenceTest : public ::testing::Test {
 protected:
  Holder made{nn::Linear(1, 1), nn::ReLU(), nn::Tanh(), nn::Sigmoid()};
};
using Sequences = ::testing::Types<nn::Sequential, nn::ModuleList>;
TYPED_TEST_SUITE(SequenceTest, Sequences);

TYPED_TEST(SequenceTest, IsReachedByPositionFromBothEnds) {
  TypeParam& list = this->made;
  EXPECT_EQ(list->size(), 4u);
  for (std::int64_t i = 0; i < 4; ++i) {
    EXPECT_EQ(list[i], list[i - 4]);
    EXPECT_EQ(list[i], list->child(std::to_string(i)));
    EXPECT_EQ(list[i], list->ptr(i));
  }
  EXPECT_EQ(list->template at<nn::Linear>(0).weight.numel(), 1);
  EXPECT_EQ(list->template ptr<nn::Linear>(-4), list[0]);
  for (const std::int64_t wrong : {4, -5, 99}) {
    EXPECT_EQ(text_of<IndexError>([&] { std::ignore = list[wrong]; }),
              "index " + std::to_string(wrong) + " is out of range");
  }
  EXPECT_EQ(text_of<ValueError>([&] { std::ignore = list->template at<nn::Tanh>(1); }),
            "module 1 of " + list->class_name() + " is a ReLU, not a Tanh");
}

TYPED_TEST(SequenceTest, IsWalkedInOrder) {
  std::string classes;
  for (const auto& m : *this->made) classes += m->class_name() + " ";
  EXPECT_EQ(classes, "Linear ReLU Tanh Sigmoid ");
  EXPECT_EQ(this->made->end() - this->made->begin(), 4);
}

TYPED_TEST(SequenceTest, GrowsAtTheEndAndInTheMiddle) {
  TypeParam& list = this->made;
  list->push_back(nn::GELU());
  list->append(nn::SELU());
  EXPECT_EQ(shown(*list), "0=Linear 1=ReLU 2=Tanh 3=Sigmoid 4=GELU 5=SELU");
  list->insert(1, nn::Mish());
  list->insert(7, nn::ELU());
  list->insert(-1, nn::CELU());
  list->insert(0, nn::SiLU());
  EXPECT_EQ(shown(*list), "0=SiLU 1=Linear 2=Mish 3=ReLU 4=Tanh 5=Sigmoid 6=GELU 7=SELU 8=CELU 9=ELU");
  EXPECT_EQ(text_of<IndexError>([&] { list->insert(11, nn::ReLU()); }), "Index out of range: 11");
  EXPECT_EQ(text_of<IndexError>([&] { list->insert(-11, nn::ReLU()); }), "Index out of range: -11");
}

TYPED_TEST(SequenceTest, TakesOverTheModulesOfAnother) {
  TypeParam& list = this->made;
  const nn::ModuleList more{nn::GELU(), nn::SELU()};
  list->extend(*more);
  list->extend(std::vector<nn::ReLU>{nn::ReLU()});
  EXPECT_EQ(list[4], more[0]);
  EXPECT_EQ(shown(*list), "0=Linear 1=ReLU 2=Tanh 3=Sigmoid 4=GELU 5=SELU 6=ReLU");
  list->extend(*list);
  EXPECT_EQ(list->size(), 14u);
  EXPECT_EQ(list[7], list[0]);
  EXPECT_EQ(list->modules().size(), 8u);
}

TYPED_TEST(SequenceTest, ShrinksAndCountsAnew) {
  TypeParam& list = this->made;
  const auto second = list[1];
  EXPECT_EQ(list->pop(1), second);
  EXPECT_EQ(shown(*list), "0=Linear 1=Tanh 2=Sigmoid");
  list->erase(-1);
  EXPECT_EQ(shown(*list), "0=Linear 1=Tanh");
  list->set(-1, nn::GELU());
  list->set(0, nn::Linear(5, 5));
  EXPECT_EQ(shown(*list), "0=Linear 1=GELU");
  EXPECT_EQ(text_of<IndexError>([&] { std::ignore = list->pop(2); }), "index 2 is out of range");
  EXPECT_EQ(text_of<IndexError>([&] { list->set(-3, nn::ReLU()); }), "index -3 is out of range");
  list->erase(0);
  list->erase(0);
  EXPECT_TRUE(list->is_empty());
  EXPECT_EQ(list->repr(), list->class_name() + "()");
}

TYPED_TEST(SequenceTest, SliceHoldsTheSameModules) {
  TypeParam& list = this->made;
  EXPECT_EQ(list->slice(1, 3)[0], list[1]);
  const auto sizes = [&](nn::SliceBound a, nn::SliceBound b, std::int64_t step = 1) {
    return list->slice(a, b, step)->size();
  };
  EXPECT_EQ(sizes({}, {}), 4u);
  EXPECT_EQ(sizes(1, {}), 3u);
  EXPECT_EQ(sizes({}, -1), 3u);
  EXPECT_EQ(sizes(-2, {}), 2u);
  EXPECT_EQ(sizes(3, 1), 0u);
  EXPECT_EQ(sizes(9, 99), 0u);
  EXPECT_EQ(sizes({}, {}, 2), 2u);
  EXPECT_EQ(list->slice({}, {}, -1)[0], list[-1]);
  EXPECT_EQ(sizes({}, {}, std::numeric_limits<std::int64_t>::max()), 1u);
  EXPECT_EQ(sizes({}, {}, std::numeric_limits<std::int64_t>::min()), 1u);
  EXPECT_EQ(sizes(std::numeric_limits<std::int64_t>::min(), std::numeric_limits<std::int64_t>::max()), 4u);
  EXPECT_EQ(text_of<ValueError>([&] { std::ignore = list->slice({}, {}, 0); }), "slice step cannot be zero");
}

TYPED_TEST(SequenceTest, HoldsAbsentModulesAndEveryFormOfAModule) {
  TypeParam list;
  list->push_back(nn::ReLU());
  list->push_back(std::make_shared<nn::TanhImpl>());
  list->push_back(nn::SigmoidImpl());
  list->push_back(nn::Linear(nullptr));
  list->push_back(nn::ModuleHolder<nn::Module>(nn::GELU().ptr()));
  EXPECT_EQ(shown(*list), "0=ReLU 1=Tanh 2=Sigmoid 3=None 4=GELU");
  EXPECT_EQ(list->children().size(), 4u);
  EXPECT_EQ(list[3], nullptr);
}

TEST(SequentialTest, SliceKeepsNamesAndModuleListCountsAnew) {
  nn::Sequential named{{"a", nn::Linear(1, 1)}, {"b", nn::ReLU()}, {"c", nn::Tanh()}};
  EXPECT_EQ(shown(*named->slice(1)), "b=ReLU c=Tanh");
  EXPECT_EQ(shown(*named->slice({}, {}, -1)), "c=Tanh b=ReLU a=Linear");
  nn::ModuleList list{nn::Linear(1, 1), nn::ReLU(), nn::Tanh()};
  EXPECT_EQ(shown(*list->slice(1)), "0=ReLU 1=Tanh");
}

TEST(SequentialTest, NamesMixWithPositions) {
  nn::Sequential net;
  net->push_back(nn::ReLU());
  net->push_back("mid", nn::Tanh());
  net->push_back(nn::GELU());
  EXPECT_EQ(shown(*net), "0=ReLU mid=Tanh 2=GELU");
  net->push_back("mid", nn::SELU());
  EXPECT_EQ(shown(*net), "0=ReLU mid=SELU 2=GELU");
  net->insert(1, nn::ELU());
  EXPECT_EQ(shown(*net), "0=ReLU 1=ELU mid=SELU 3=GELU");
  net->erase(0);
  EXPECT_EQ(shown(*net), "0=ELU 1=SELU 2=GELU") << "Python names all by position then";
  nn::Sequential odd{{"1", nn::ReLU()}, {"x", nn::Tanh()}};
  EXPECT_EQ(text_of<KeyError>([&] { odd->insert(1, nn::GELU()); }),
            "cannot insert at 1: the name '1' is another module's");
  EXPECT_EQ(shown(*odd), "1=ReLU x=Tanh");
}

TEST(SequentialTest, NestsAndRunsInOrder) {
  nn::Linear a(2, 2);
  nn::Linear b(2, 3);
  nn::Sequential net{nn::Sequential{a, nn::ReLU()}, nn::Sequential{nn::Sequential{b}, nn::Identity()}};
  const Tensor x = tensor({{1.0, -2.0}});
  EXPECT_TRUE(net(x).equal(b(a(x).relu())));
  EXPECT_EQ(net->named_parameters().keys(), (Names{"0.0.weight", "0.0.bias", "1.0.0.weight", "1.0.0.bias"}));
  EXPECT_TRUE(nn::Sequential()(x).is_same(x));
}

TEST(SequentialTest, ModuleGivenByValueIsCopiedOnce) {
  static int copies = 0;
  struct CountedImpl : nn::Cloneable<CountedImpl> {
    CountedImpl() = default;
    CountedImpl(const CountedImpl& o) : Cloneable(o) { ++copies; }
    Tensor forward(const Tensor& x) { return x.add(1); }
  };
  const CountedImpl counted;
  nn::Sequential net(counted, CountedImpl());
  EXPECT_EQ(copies, 2);
  EXPECT_EQ(net(zeros({1})).item<float>(), 2);
}

TEST(SequentialTest, HolderIsAHandleToTheOneSequential) {
  nn::Sequential net{nn::ReLU()};
  nn::Sequential same(net);
  same->push_back(nn::Tanh());
  EXPECT_EQ(net->size(), 2u);
  const nn::Sequential one{nn::Sequential{nn::ReLU()}};
  EXPECT_EQ(shown(*one), "0=ReLU") << "braces around one Sequential are a copy of the handle";
  nn::Sequential wrapped;
  wrapped->push_back(one);
  EXPECT_EQ(shown(*wrapped), "0=Sequential");
}

TEST(ModuleListTest, RunsOfEqualTextsArePrintedOnce) {
  nn::ModuleList list{nn::Linear(1, 1), nn::Linear(1, 1),           nn::ReLU(),
                      nn::Linear(1, 1), nn::Sequential{nn::ReLU()}, nn::Sequential{nn::ReLU()}};
  EXPECT_EQ(list->repr(),
            "ModuleList(\n"
            "  (0-1): 2 x Linear(in_features=1, out_features=1, bias=True)\n"
            "  (2): ReLU()\n"
            "  (3): Linear(in_features=1, out_features=1, bias=True)\n"
            "  (4-5): 2 x Sequential(\n"
            "    (0): ReLU()\n"
            "  )\n"
            ")");
  EXPECT_EQ(text_of<NotImplementedError>([&] { std::ignore = (*list.module_ptr())(zeros({1})); }),
            "Module [ModuleList] is missing the required \"forward\" function");
}

TEST(ModuleDictTest, KeepsTheOrderOfInsertion) {
  nn::ModuleDict dict{{"b", nn::Linear(1, 1)}, {"a", nn::ReLU()}};
  EXPECT_EQ(dict->keys(), (Names{"b", "a"}));
  dict->insert("c", nn::Tanh());
  dict->insert("b", nn::GELU());
  EXPECT_EQ(shown(*dict), "b=GELU a=ReLU c=Tanh");
  dict->update({{"a", nn::SELU()}, {"d", nn::Mish()}});
  const nn::ModuleDict other{{"e", nn::ELU()}};
  dict->update(*other);
  dict->update(*dict);
  EXPECT_EQ(shown(*dict), "b=GELU a=SELU c=Tanh d=Mish e=ELU");
  EXPECT_EQ(dict["e"], other["e"]);
  EXPECT_EQ(dict->size(), 5u);
  EXPECT_EQ(dict->values().size(), 5u);
  EXPECT_EQ(dict->items()[1].first, "a");
  std::string classes;
  for (const auto& [key, module] : *dict) classes += key + module->class_name() + " ";
  EXPECT_EQ(classes, "bGELU aSELU cTanh dMish eELU ");
}

TEST(ModuleDictTest, GivesUpWhatIsTakenOut) {
  nn::ModuleDict dict{{"b", nn::Linear(1, 1)}, {"a", nn::ReLU()}};
  const auto linear = dict["b"];
  EXPECT_EQ(dict->pop("b"), linear);
  EXPECT_FALSE(dict->contains("b"));
  EXPECT_EQ(dict->at<nn::ReLU>("a").class_name(), "ReLU");
  EXPECT_EQ(text_of<KeyError>([&] { std::ignore = dict["b"]; }), "Key 'b' is not defined");
  EXPECT_EQ(text_of<KeyError>([&] { std::ignore = dict->pop("b"); }), "Key 'b' is not defined");
  EXPECT_EQ(text_of<ValueError>([&] { std::ignore = dict->at<nn::Tanh>("a"); }),
            "module 'a' of ModuleDict is a ReLU, not a Tanh");
  EXPECT_EQ(text_of<KeyError>([&] { dict->insert("a.b", nn::ReLU()); }),
            "module name can't contain \".\", got: a.b");
  dict->clear();
  EXPECT_TRUE(dict->empty());
}

}  // namespace
}  // namespace ballast
