// Loading beyond the golden file: shapes, types, meta tensors, versions, extra state, and all or nothing.
#include <complex>
#include <string>
#include <vector>

#include "tests/nn/models.h"
#include "tests/nn/warning_log.h"
#include "tests/support/golden.h"
#include "tests/support/mapped_pages.h"
#include "tests/support/thrown.h"
#include <gtest/gtest.h>

#include "ballast/core/lost_pages.h"
#include "ballast/ops/ops.h"

namespace ballast {
namespace {

using testing::bytes_of;
using testing::text_of;
using testing::WarningLog;
using Names = std::vector<std::string>;

StateDict only(const std::string& name, const Tensor& value) { return StateDict{{name, value}}; }

std::shared_ptr<nn::Module> with_buffer(const Tensor& value) {
  auto m = std::make_shared<nn::Module>();
  m->register_buffer("b", value);
  return m;
}

TEST(LoadStateDictTest, OnlyOneElementOfOneDimensionFitsNone) {
  const auto m = with_buffer(tensor(1.0));
  m->load_state_dict(only("b", tensor({5.0})));
  EXPECT_EQ(m->buffer("b").item<float>(), 5);
  EXPECT_EQ(m->buffer("b").dim(), 0);
  const std::vector<std::vector<std::int64_t>> wrong{{2}, {0}, {1, 1}};
  for (const auto& shape : wrong) {
    const std::string size = "torch.Size([" + fmt::format("{}", fmt::join(shape, ", ")) + "])";
    EXPECT_EQ(
        text_of([&] { m->load_state_dict(only("b", zeros(shape))); }),
        "Error(s) in loading state_dict for Module:\n\tsize mismatch for b: copying a param with shape " +
            size + " from checkpoint, the shape in current model is torch.Size([]).");
  }
  const auto one = with_buffer(tensor({1.0}));
  EXPECT_NE(text_of([&] { one->load_state_dict(only("b", tensor(5.0))); }).find("size mismatch for b"),
            std::string::npos);
}

TEST(LoadStateDictTest, ValuesAreConvertedToTheTypeOfTheEntry) {
  using Complex = std::complex<float>;
  struct Row {
    Tensor into, given, expected;
  };
  const std::vector<Row> rows{
      {zeros({2}), tensor({1.5, -2.0}, kFloat64), tensor({1.5, -2.0}, kFloat32)},
      {zeros({2}), tensor({true, false}), tensor({1.0, 0.0}, kFloat32)},
      {zeros({2}, kFloat16), tensor({70000.0, 1.00048828125}),
       tensor({std::numeric_limits<double>::infinity(), 1.0}, kFloat16)},
      {zeros({2}, kInt8), tensor({300.0, -1.7}), tensor({44, -1}, kInt8)},
      {zeros({2}, kBool), tensor({0.5, 0.0}), tensor({true, false})},
      {zeros({2}, kComplex64), tensor({1.0, 2.0}), tensor({Complex(1, 0), Complex(2, 0)})},
  };
  for (const Row& row : rows) {
    SCOPED_TRACE(std::string(dtype_name(row.given.dtype())) + " into " +
                 std::string(dtype_name(row.into.dtype())));
    const auto m = with_buffer(row.into);
    const WarningLog log;
    m->load_state_dict(only("b", row.given));
    EXPECT_TRUE(log.texts.empty());
    EXPECT_TRUE(m->buffer("b").is_same(row.into));
    EXPECT_EQ(bytes_of(row.into), bytes_of(row.expected));
  }
  const auto m = with_buffer(zeros({1}));
  const WarningLog log;
  m->load_state_dict(only("b", tensor({Complex(3, 4)})));
  EXPECT_EQ(m->buffer("b").item<float>(), 3);
  EXPECT_EQ(log.texts, (Names{"Casting complex values to real discards the imaginary part"}));
}

TEST(LoadStateDictTest, GivenTensorsMayBeViewsOfAnyKind) {
  nn::Linear fc(3, 2);
  const Tensor turned = arange(6, kFloat32).view({3, 2}).t();
  fc->load_state_dict(StateDict{{"weight", turned}, {"bias", full({1}, 7.0).expand({2})}});
  EXPECT_TRUE(fc->weight.equal(turned));
  EXPECT_EQ(fc->bias.sum().item<float>(), 14);
  EXPECT_TRUE(fc->weight.is_contiguous());
}

TEST(LoadStateDictTest, ValuesThatWouldBeOverwrittenWhileTheyAreReadAreRefused) {
  nn::Linear fc(2, 2);
  const Tensor before = fc->weight.detach().clone();
  StateDict state{{"weight", fc->weight.detach().t()}, {"bias", fc->bias.detach()}};
  const std::string text = text_of([&] { fc->load_state_dict(state); });
  EXPECT_NE(
      text.find("an exception occurred : ('unsupported operation: some elements of the input tensor and the "
                "written-to tensor refer to a single memory location."),
      std::string::npos)
      << text;
  EXPECT_TRUE(fc->weight.equal(before));
  state["weight"] = before.t();
  fc->load_state_dict(state);
  EXPECT_TRUE(fc->weight.equal(before.t()));
}

TEST(LoadStateDictTest, EntryOnOneElementSeenTwiceIsRefused) {
  const auto m = with_buffer(zeros({1}).expand({2}));
  const std::string text = text_of([&] { m->load_state_dict(only("b", ones({2}))); });
  EXPECT_NE(
      text.find("unsupported operation: more than one element of the written-to tensor refers to a single "
                "memory location."),
      std::string::npos)
      << text;
}

TEST(LoadStateDictTest, MetaEntriesTakeNothingAndSayWhatToDo) {
  nn::Linear fc(2, 2);
  fc->to(kMeta);
  const WarningLog log;
  EXPECT_TRUE(fc->load_state_dict(nn::Linear(2, 2)->state_dict()).empty());
  ASSERT_EQ(log.texts.size(), 2u);
  EXPECT_EQ(
      log.texts[0],
      "for weight: copying from a non-meta parameter in the checkpoint to a meta parameter in the current "
      "model, which is a no-op. (Did you mean to pass `assign=True` to assign items in the state dictionary "
      "to their corresponding key in the module instead of copying them in place?)");
  EXPECT_TRUE(fc->weight.is_meta());
  fc->load_state_dict(nn::Linear(2, 2)->state_dict(), {.assign = true});
  EXPECT_TRUE(fc->weight.is_cpu());
  EXPECT_TRUE(fc->weight.requires_grad());
  EXPECT_TRUE(fc->weight.is_parameter());
}

TEST(LoadStateDictTest, ValuesOfMetaTensorsCannotBeCopied) {
  nn::Linear empty_one(2, 2);
  empty_one->to(kMeta);
  nn::Linear fc(2, 2);
  const std::string where =
      "whose dimensions in the model are {0} and whose dimensions in the checkpoint are {0}, an exception "
      "occurred : ('Cannot copy out of meta tensor; no data!',).";
  EXPECT_EQ(text_of([&] { fc->load_state_dict(empty_one->state_dict()); }),
            "Error(s) in loading state_dict for Linear:\n\tWhile copying the parameter named \"weight\", " +
                fmt::format(fmt::runtime(where), "torch.Size([2, 2])") +
                "\n\tWhile copying the parameter named \"bias\", " +
                fmt::format(fmt::runtime(where), "torch.Size([2])"));
  fc->load_state_dict(empty_one->state_dict(), {.assign = true});
  EXPECT_TRUE(fc->weight.is_meta());
}

TEST(LoadStateDictTest, AssignTakesTheTensorsOverWithTheModulesFlags) {
  nn::Linear fc(2, 2);
  fc->bias.requires_grad_(false);
  const Tensor weight = ones({2, 2}, kFloat64);
  const Tensor bias = Parameter(ones({2}, kFloat16));
  fc->load_state_dict(StateDict{{"weight", weight}, {"bias", bias}}, {.assign = true});
  EXPECT_EQ(fc->weight.dtype(), kFloat64);
  EXPECT_EQ(fc->weight.data_ptr(), weight.data_ptr());
  EXPECT_TRUE(fc->weight.is_parameter() && fc->weight.requires_grad());
  EXPECT_FALSE(weight.is_parameter()) << "the caller's tensor stays what it was";
  EXPECT_TRUE(fc->bias.is_same(bias)) << "a Parameter is taken over itself";
  EXPECT_FALSE(bias.requires_grad());
}

TEST(LoadStateDictTest, AssignedIntegersFitOnlyWhereNoGradientIsAsked) {
  nn::Linear fc(2, 2);
  const StateDict state{{"weight", ones({2, 2}, kInt32)}, {"bias", zeros({2})}};
  EXPECT_NE(text_of([&] {
              fc->load_state_dict(state, {.assign = true});
            }).find("('Only Tensors of floating point and complex dtype can require gradients',)"),
            std::string::npos);
  EXPECT_EQ(fc->weight.dtype(), kFloat32);
  fc->weight.requires_grad_(false);
  fc->load_state_dict(state, {.assign = true});
  EXPECT_EQ(fc->weight.dtype(), kInt32);
}

TEST(LoadStateDictTest, VersionIsThatOfTheModulesPathInTheMetadata) {
  struct AgedImpl : nn::Cloneable<AgedImpl> {
    std::int64_t version() const override { return 3; }
    void before_load(nn::LoadContext& c) override { seen.push_back(c.version()); }
    std::vector<std::optional<std::int64_t>> seen;
  };
  BALLAST_MODULE(Aged);
  Aged inner;
  nn::Sequential net{inner};
  StateDict state = net->state_dict();
  EXPECT_EQ(state.metadata, (std::vector<StateDict::ModuleMetadata>{{"", 1}, {"0", 3}}));
  net->load_state_dict(state);
  state.metadata[1].version = 2;
  net->load_state_dict(state);
  state.metadata.pop_back();
  net->load_state_dict(state);
  net->load_state_dict(StateDict());
  EXPECT_EQ(inner->seen, (std::vector<std::optional<std::int64_t>>{3, 2, std::nullopt, std::nullopt}));
}

TEST(LoadStateDictTest, MetadataGrowsInADictionaryThatIsGiven) {
  nn::Linear fc(1, 1);
  StateDict state = nn::Sequential { nn::ReLU() } -> state_dict();
  EXPECT_EQ(&fc->state_dict(state, "fc."), &state);
  EXPECT_EQ(state.keys(), (Names{"fc.weight", "fc.bias"}));
  EXPECT_EQ(state.metadata, (std::vector<StateDict::ModuleMetadata>{{"", 1}, {"0", 1}, {"fc", 1}}));
  state["fc.bias"] = zeros({9});
  fc->state_dict(state, "fc.");
  EXPECT_EQ(state.size(), 2u);
  EXPECT_EQ(state["fc.bias"].numel(), 1);
  StateDict bare;
  fc->state_dict(bare, "p");
  EXPECT_EQ(bare.keys(), (Names{"pweight", "pbias"}));
  EXPECT_FALSE(bare.has_metadata);
}

struct CounterImpl : nn::Cloneable<CounterImpl> {
  CounterImpl() { bind_module("fc", fc, nn::Linear(1, 1)); }
  Tensor get_extra_state() const override { return tensor(steps, kInt64); }
  void set_extra_state(const Tensor& state) override { steps = state.item<std::int64_t>(); }
  std::int64_t steps = 3;
  nn::Linear fc{nullptr};
};
BALLAST_MODULE(Counter);

TEST(LoadStateDictTest, ExtraStateIsAnEntryOfTheModulesThatHaveOne) {
  Counter counter;
  nn::Sequential net{counter, nn::Linear(1, 1)};
  StateDict state = net->state_dict();
  EXPECT_EQ(state.keys(), (Names{"0._extra_state", "0.fc.weight", "0.fc.bias", "1.weight", "1.bias"}));
  state["0._extra_state"] = tensor(9, kInt64);
  net->load_state_dict(state);
  EXPECT_EQ(counter->steps, 9);
  state.erase("0._extra_state");
  state.insert("1._extra_state", tensor(1));
  EXPECT_EQ(
      text_of([&] { net->load_state_dict(state); }),
      "Error(s) in loading state_dict for Sequential:\n\tMissing key(s) in state_dict: \"0._extra_state\". "
      "\n\tUnexpected key(s) in state_dict: \"1._extra_state\". ");
  state.insert("0._extra_state", tensor(1, kInt64));
  EXPECT_THROW(net->load_state_dict(state), Error);
  EXPECT_EQ(counter->steps, 9) << "extra state is as atomic as the rest";
}

TEST(LoadStateDictTest, RefusedLoadLeavesTensorsTypesAndIdentitiesAlone) {
  for (const bool assign : {false, true}) {
    testing::LSTMLanguageModel net;
    StateDict state = testing::LSTMLanguageModel()->state_dict();
    for (auto& item : state) item.value() = item.value().to(kFloat64);
    state["decoder.bias"] = zeros({3});
    const auto before = net->named_parameters();
    std::vector<std::string> bytes;
    for (const auto& [name, p] : before) bytes.push_back(bytes_of(p));
    EXPECT_THROW(net->load_state_dict(state, {.strict = false, .assign = assign}), Error);
    const auto after = net->named_parameters();
    for (std::size_t i = 0; i < before.size(); ++i) {
      EXPECT_TRUE(after[i].value().is_same(before[i].value()));
      EXPECT_EQ(bytes_of(after[i].value()), bytes[i]);
    }
  }
}

TEST(LoadStateDictTest, EveryModelTakesItsTwinsStateWholeAndInParts) {
  for (const auto& [name, make] : testing::model_table()) {
    SCOPED_TRACE(name);
    const auto source = testing::make_model(name, 1);
    const auto model = testing::make_model(name, 2);
    const StateDict state = source->state_dict();
    EXPECT_EQ(model->load_state_dict(state).repr(), "<All keys matched successfully>");
    for (const auto& [path, value] : model->state_dict())
      EXPECT_EQ(bytes_of(value), bytes_of(state[path])) << path;

    const auto partial = testing::make_model(name, 3);
    for (const auto& [path, value] : state) {
      StateDict part = only(path, value);
      part.metadata = state.metadata;
      part.has_metadata = true;
      const nn::IncompatibleKeys keys = partial->load_state_dict(part, {.strict = false});
      EXPECT_EQ(keys.missing_keys.size(), state.size() - 1);
      EXPECT_TRUE(keys.unexpected_keys.empty());
    }
    for (const auto& [path, value] : partial->state_dict())
      EXPECT_EQ(bytes_of(value), bytes_of(state[path])) << path;
  }
}

TEST(LoadStateDictTest, ValuesOfAFileThatIsCutShortAreAnError) {
  catch_lost_pages();
  for (const bool atomic : {true, false}) {
    const testing::MappedPages file(4);
    const WatchedMapping watched(file.data(), file.size(), "cut.pth");
    const auto n = static_cast<std::int64_t>(file.size());
    const Tensor mapped = tensor_on(
        Storage::mapped(const_cast<std::byte*>(file.data()), file.size(), nullptr), kUInt8, {n}, {1}, 0);
    const auto m = with_buffer(zeros({n}, kUInt8));
    m->load_state_dict(only("b", mapped), {.atomic = atomic});
    file.cut(1);
    EXPECT_THROWN(m->load_state_dict(only("b", mapped), {.atomic = atomic}), FormatError, "cut.pth");
  }
}

}  // namespace
}  // namespace ballast
