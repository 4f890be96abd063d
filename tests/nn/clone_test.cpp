// Deep copies: new tensors, new modules, the same ties.
#include <map>
#include <memory>
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

/// Tensors and modules kept in every way a class may keep them.
struct KeeperImpl : nn::Cloneable<KeeperImpl> {
  KeeperImpl() {
    bind_parameter("weight", weight, ones({4}));
    bind_module("fc", fc, nn::Linear(2, 2));
    register_module("held", nn::Linear(2, 3));
    also_fc = fc;
    aside = nn::Linear(3, 3);
    loose = zeros({2});
    loose_view = loose.slice(0, 1, 2);
    several = {weight, loose, fc->bias};
    note = "kept";
  }
  Tensor weight, loose, loose_view;
  nn::Linear fc{nullptr}, also_fc{nullptr}, aside{nullptr};
  std::vector<Tensor> several;
  std::string note;
};
BALLAST_MODULE(Keeper);

TEST(CloneTest, CopiesEveryModelWithItsTiesAndSharesNoMemory) {
  for (const auto& [name, make] : testing::model_table()) {
    SCOPED_TRACE(name);
    const auto model = testing::make_model(name);
    model->eval();
    const std::string next = bytes_of(get_rng_state());
    const auto copy = model->clone();
    EXPECT_EQ(bytes_of(get_rng_state()), next) << "a copy drew random numbers";
    EXPECT_EQ(copy->repr(), model->repr());
    EXPECT_FALSE(copy->is_training());

    std::map<const void*, const void*> twin;
    const auto expect_twins = [&](const auto& ours, const auto& theirs) {
      ASSERT_EQ(ours.keys(), theirs.keys());
      for (std::size_t i = 0; i < ours.size(); ++i) {
        const Tensor& a = ours[i].value();
        const Tensor& b = theirs[i].value();
        EXPECT_EQ(twin.emplace(a.unsafeGetTensorImpl(), b.unsafeGetTensorImpl()).first->second,
                  b.unsafeGetTensorImpl());
        EXPECT_NE(a.storage().id(), b.storage().id());
        EXPECT_EQ(bytes_of(a), bytes_of(b));
        EXPECT_EQ(a.strides().vec(), b.strides().vec());
        EXPECT_EQ(a.requires_grad(), b.requires_grad());
        EXPECT_EQ(a.is_parameter(), b.is_parameter());
      }
    };
    expect_twins(model->named_parameters({.remove_duplicate = false}),
                 copy->named_parameters({.remove_duplicate = false}));
    expect_twins(model->named_buffers({.remove_duplicate = false}),
                 copy->named_buffers({.remove_duplicate = false}));
    for (const auto& [path, m] : model->named_modules({.remove_duplicate = false})) {
      EXPECT_EQ(twin.emplace(m.get(), copy->get_submodule(path).get()).first->second,
                copy->get_submodule(path).get());
      EXPECT_NE(m, copy->get_submodule(path));
    }
  }
}

TEST(CloneTest, MembersOfTheCopyAreTheCopys) {
  const Keeper original;
  const Keeper copy = nn::clone(original);
  EXPECT_EQ(copy->note, "kept");
  EXPECT_TRUE(copy->also_fc == copy->fc);
  EXPECT_FALSE(copy->fc == original->fc);
  EXPECT_FALSE(copy->aside == original->aside);
  EXPECT_TRUE(copy->several[0].is_same(copy->weight));
  EXPECT_TRUE(copy->several[1].is_same(copy->loose));
  EXPECT_TRUE(copy->several[2].is_same(copy->fc->bias));
  EXPECT_TRUE(copy->weight.is_same(copy->parameter("weight")));
  copy->loose.fill_(5);
  EXPECT_EQ(original->loose.sum().item<float>(), 0);
  EXPECT_EQ(copy->loose_view.sum().item<float>(), 5) << "a view of one memory is a view of one memory";
  copy->weight = Parameter(zeros({1}));
  EXPECT_EQ(copy->parameter("weight").numel(), 1);
  EXPECT_EQ(original->parameter("weight").numel(), 4);
}

TEST(CloneTest, ParametersStayViewsOfAMemberThatHoldsThemAll) {
  struct FlatImpl : nn::Cloneable<FlatImpl> {
    explicit FlatImpl(const Tensor& memory) : flat(memory) {
      bind_parameter("left", left, Parameter(flat.slice(0, 1, 3)));
      bind_parameter("right", right, Parameter(flat.slice(0, 3, 6)));
    }
    Tensor left, right;  // copied before what they are parts of
    Tensor flat;
  };
  BALLAST_MODULE(Flat);
  std::vector<float> lent(8, 2);
  for (const Tensor& memory : {zeros({8}), from_blob(lent.data(), {8})}) {
    const Flat original(memory);
    const Flat copy = nn::clone(original);
    copy->left.data().fill_(1);
    copy->right.data().fill_(4);
    EXPECT_NE(copy->left.storage().id(), original->left.storage().id());
    EXPECT_EQ(copy->flat[1].item<float>(), 1);
    EXPECT_EQ(copy->flat[5].item<float>(), 4);
    EXPECT_EQ(original->flat[1].item<float>(), memory[0].item<float>());
  }
}

TEST(CloneTest, PartOfALargeMemoryIsCopiedAlone) {
  const Tensor large = arange(1 << 20, kFloat32);
  nn::Sequential net;
  net->register_parameter("middle", Parameter(large.slice(0, 1000, 1100)));
  net->register_parameter("bits", Parameter(large.slice(0, 1040, 1050)));
  net->register_buffer("nothing", large.slice(0, 5000, 5000));
  const auto copy = nn::clone(net);
  EXPECT_LE(copy->parameter("middle").storage().nbytes(), 100 * sizeof(float) + 64);
  EXPECT_EQ(bytes_of(copy->parameter("middle")), bytes_of(net->parameter("middle")));
  EXPECT_EQ(copy->parameter("bits").data_ptr<float>() - copy->parameter("middle").data_ptr<float>(), 40);
  EXPECT_EQ(copy->buffer("nothing").numel(), 0);
}

TEST(CloneTest, CopyOfACopyAndOfAPart) {
  const Keeper original;
  const Keeper second = nn::clone(nn::clone(original));
  EXPECT_EQ(second->named_parameters().keys(), original->named_parameters().keys());
  const auto part = nn::clone(original->fc);
  EXPECT_EQ(bytes_of(part->weight), bytes_of(original->fc->weight));
  const std::shared_ptr<nn::Module> unnamed = original->clone(Device(kMeta));
  EXPECT_TRUE(unnamed->parameters()[0].is_meta());
  EXPECT_FALSE(original->weight.is_meta());
}

TEST(CloneTest, CopyOutlivesTheOriginal) {
  Keeper copy{nullptr};
  {
    const Keeper original;
    copy = nn::clone(original);
  }
  copy->fc->weight.data().fill_(1);
  EXPECT_EQ(copy->also_fc->weight.sum().item<float>(), 4);
}

TEST(CloneTest, ModuleThatIsNotCloneableSaysSo) {
  struct BareImpl : nn::Module {};
  const std::string text = text_of<NotImplementedError>([] { std::ignore = BareImpl().clone(); });
  EXPECT_NE(text.find("clone() has not been implemented for "), std::string::npos) << text;
  EXPECT_NE(text.find("BareImpl"), std::string::npos) << text;

  struct DerivedImpl : KeeperImpl {};  // KeeperImpl's copy would lose what DerivedImpl adds
  nn::Sequential net(std::make_shared<DerivedImpl>());
  EXPECT_NE(text_of<NotImplementedError>([&] { std::ignore = net->clone(); }).find("DerivedImpl"),
            std::string::npos);
}

TEST(CloneTest, AfterAFailedCopyTensorsAreCopiedAsHandlesAgain) {
  struct BareImpl : nn::Module {};
  nn::Sequential net{nn::Linear(2, 2), std::make_shared<BareImpl>()};
  EXPECT_THROW(std::ignore = net->clone(), NotImplementedError);
  const Tensor t = ones({2});
  const Tensor same = t;  // NOLINT(*-unnecessary-copy-*)
  EXPECT_TRUE(same.is_same(t));
}

TEST(CloneTest, CopyConstructorMayCloneAnotherModel) {
  struct InnerImpl : nn::Cloneable<InnerImpl> {
    InnerImpl() { bind_module("fc", fc, nn::Linear(1, 1)); }
    InnerImpl(const InnerImpl& o) : Cloneable(o), fc(o.fc), teacher(nn::clone(o.fc)) {}
    nn::Linear fc{nullptr}, teacher{nullptr};
  };
  BALLAST_MODULE(Inner);
  const Inner original;
  const Inner copy = nn::clone(original);
  EXPECT_FALSE(copy->teacher == copy->fc);
  EXPECT_EQ(bytes_of(copy->teacher->weight), bytes_of(original->fc->weight));
}

TEST(CloneTest, HandlesCopiedOnInACopyConstructorAreTheCopys) {
  struct AgainImpl : nn::Cloneable<AgainImpl> {
    AgainImpl() {
      bind_parameter("weight", weight, ones({2}));
      bind_module("fc", fc, nn::Linear(1, 1));
    }
    AgainImpl(const AgainImpl& o) : Cloneable(o), weight(o.weight), fc(o.fc) {
      bind_parameter("weight", weight, weight);
      bind_parameter("tied", tied, weight);
      bind_module("fc_too", fc_too, fc);
    }
    Tensor weight, tied;
    nn::Linear fc{nullptr}, fc_too{nullptr};
  };
  BALLAST_MODULE(Again);
  const Again original;
  const Again copy = nn::clone(original);
  EXPECT_TRUE(copy->tied.is_same(copy->weight));
  EXPECT_TRUE(copy->fc_too == copy->fc);
  EXPECT_FALSE(copy->fc == original->fc);
  EXPECT_FALSE(copy->weight.is_same(original->weight));
}

TEST(CloneTest, TreeThatContainsItselfIsRefused) {
  nn::Sequential outer;
  nn::Sequential inner;
  outer->push_back(inner);
  inner->push_back(outer);
  EXPECT_NE(text_of([&] { std::ignore = outer->clone(); }).find("contains itself"), std::string::npos);
  inner->erase(0);
}

TEST(CloneTest, NonContiguousAndExpandedParametersKeepTheirStrides) {
  nn::Sequential net;
  net->register_parameter("turned", Parameter(arange(6, kFloat32).view({2, 3}).t()));
  net->register_parameter("expanded", Parameter(full({1}, 4.0).expand({3})));
  net->register_parameter("empty", Parameter(empty({0, 3})));
  net->register_parameter("scalar", Parameter(tensor(2.0)));
  const auto copy = nn::clone(net);
  for (const auto& [name, p] : net->named_parameters()) {
    EXPECT_EQ(copy->parameter(name).strides().vec(), p.strides().vec()) << name;
    EXPECT_EQ(bytes_of(copy->parameter(name)), bytes_of(p)) << name;
  }
}

}  // namespace
}  // namespace ballast
