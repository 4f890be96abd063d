// Modules as text: Python's print(model), whatever holds the module.
#include <memory>
#include <sstream>
#include <string>

#include <gtest/gtest.h>

#include "ballast/nn/nn.h"

namespace ballast {
namespace {

struct TwoLinesImpl : nn::Cloneable<TwoLinesImpl> {
  TwoLinesImpl() {
    bind_module("fc", fc, nn::Linear(1, 1));
    register_module("hole", nullptr);
  }
  std::string extra_repr() const override { return "first=1\nsecond=2"; }
  nn::Linear fc{nullptr};
};
BALLAST_MODULE(TwoLines);

struct OneLineImpl : nn::Cloneable<OneLineImpl> {
  std::string extra_repr() const override { return text; }
  std::string text = "one";
};
BALLAST_MODULE(OneLine);

OneLine with_text(const std::string& text) {
  OneLine m;
  m->text = text;
  return m;
}

template <class T>
struct OfImpl : nn::Cloneable<OfImpl<T>> {};

template <class T>
std::string streamed(const T& value) {
  std::ostringstream out;
  out << value;
  return out.str();
}

TEST(PrintingTest, ExtraTextStandsBeforeTheChildren) {
  EXPECT_EQ(TwoLines()->repr(),
            "TwoLines(\n"
            "  first=1\n"
            "  second=2\n"
            "  (fc): Linear(in_features=1, out_features=1, bias=True)\n"
            "  (hole): None\n"
            ")");
  EXPECT_EQ(OneLine()->repr(), "OneLine(one)");
  EXPECT_EQ(with_text("")->repr(), "OneLine()");
  EXPECT_EQ(with_text("only=1\n")->repr(), "OneLine(\n  only=1\n  \n)");
  EXPECT_EQ(with_text("\n\nx")->repr(), "OneLine(\n  \n  \n  x\n)");
  OneLine parent;
  parent->register_module("a", with_text("b"));
  EXPECT_EQ(parent->repr(), "OneLine(\n  one\n  (a): OneLine(b)\n)");
}

TEST(PrintingTest, NestedLinesAreIndented) {
  EXPECT_EQ((nn::Sequential { with_text("x\ny"), OneLine() } -> repr()),
            "Sequential(\n"
            "  (0): OneLine(\n"
            "    x\n"
            "    y\n"
            "  )\n"
            "  (1): OneLine(one)\n"
            ")");
}

TEST(PrintingTest, BlankLinesBecomeEmptyWhereTheyAreIndented) {
  EXPECT_EQ((nn::ModuleDict {
              { "k", with_text("only=1\n") }
            } -> repr()),
            "ModuleDict(\n"
            "  (k): OneLine(\n"
            "    only=1\n"
            "\n"
            "  )\n"
            ")");
}

TEST(PrintingTest, EveryHandlePrintsTheModule) {
  const OneLine holder;
  const std::shared_ptr<OneLineImpl> shared = holder.ptr();
  const std::shared_ptr<nn::Module> base = shared;
  const nn::Module& module = *holder;
  const std::string text = "OneLine(one)";
  EXPECT_EQ(streamed(holder), text);
  EXPECT_EQ(streamed(shared), text);
  EXPECT_EQ(streamed(base), text);
  EXPECT_EQ(streamed(module), text);
  EXPECT_EQ(streamed(*holder), text);
  EXPECT_EQ(fmt::format("{} {} {} {}", holder, shared, base, *holder),
            text + " " + text + " " + text + " " + text);
  EXPECT_EQ(fmt::format("[{:>14}]", holder), "[  OneLine(one)]");
  EXPECT_EQ(streamed(OneLine(nullptr)), "None");
  EXPECT_EQ(streamed(std::shared_ptr<OneLineImpl>()), "None");
  EXPECT_EQ(fmt::format("{}", std::shared_ptr<nn::Module>()), "None");
}

TEST(PrintingTest, NameIsTheClassUnlessGiven) {
  struct LocalImpl : nn::Cloneable<LocalImpl> {};
  struct Plain : nn::Cloneable<Plain> {};
  struct RenamedImpl : nn::Cloneable<RenamedImpl> {
    std::string class_name() const override { return "Other"; }
  };
  struct GivenImpl : nn::Cloneable<GivenImpl> {
    GivenImpl() : Cloneable(std::string("given")) {}
  };
  EXPECT_EQ(nn::Linear(1, 1)->name(), "ballast::nn::LinearImpl");
  EXPECT_EQ(nn::Linear(1, 1)->class_name(), "Linear");
  EXPECT_EQ(LocalImpl().class_name(), "Local");
  EXPECT_EQ(Plain().class_name(), "Plain");
  EXPECT_EQ(RenamedImpl().repr(), "Other()");
  EXPECT_EQ(GivenImpl().name(), "given");
  EXPECT_EQ(GivenImpl().class_name(), "Given");
  EXPECT_EQ(OfImpl<int>().class_name(), "OfImpl<int>");
  EXPECT_EQ(nn::Module("net").name(), "net");
  EXPECT_EQ(nn::Module().repr(), "Module()");
}

}  // namespace
}  // namespace ballast
