// Changing a whole tree: types, devices, modes, flags, gradients.
#include <string>
#include <vector>

#include "tests/nn/models.h"
#include "tests/nn/warning_log.h"
#include "tests/support/golden.h"
#include "tests/support/thrown.h"
#include <gtest/gtest.h>

#include "ballast/autograd/autograd.h"
#include "ballast/ops/ops.h"

namespace ballast {
namespace {

using testing::bytes_of;
using testing::text_of;
using Names = std::vector<std::string>;

Names types_of(const nn::Module& m) {
  Names out;
  for (const auto& [name, t] : m.state_dict()) out.emplace_back(dtype_name(t.dtype()));
  return out;
}

TEST(ConversionTest, OnlyFloatingPointAndComplexTensorsAreCast) {
  const auto mixed = [] { return testing::make_model("mixed_types"); };
  const auto expect_types = [&](const std::string& real, const std::string& complex, const nn::Module& m) {
    Names types = types_of(m);
    EXPECT_EQ(types[0], complex);  // the model's own parameter comes first
    EXPECT_EQ(types[1], "bool");
    EXPECT_EQ(types[2], "int32");
    for (std::size_t i = 3; i < types.size(); ++i) EXPECT_EQ(types[i], real);
  };
  expect_types("float32", "complex64", mixed()->float_());
  expect_types("float64", "complex64", mixed()->double_());
  expect_types("float16", "complex64", mixed()->half());
  expect_types("bfloat16", "complex64", mixed()->bfloat16());
  expect_types("float64", "float64", mixed()->to(kFloat64));
  expect_types("complex128", "complex128", mixed()->to(kComplex128));
  expect_types("float16", "float16", mixed()->to(kCPU, kFloat16));
}

TEST(ConversionTest, LosingImaginaryPartsIsSaidOnce) {
  const auto model = testing::make_model("mixed_types");
  const testing::WarningLog log;
  model->double_().to(kComplex64);
  EXPECT_TRUE(log.texts.empty());
  model->to(kFloat32);
  EXPECT_EQ(log.texts, (Names{"Casting complex values to real discards the imaginary part"}));
}

TEST(ConversionTest, ValuesAreRoundedAsTensorsAre) {
  const auto model = testing::make_model("lenet");
  const StateDict before = nn::clone(model)->state_dict();
  model->bfloat16();
  for (const auto& [name, value] : model->state_dict()) {
    EXPECT_EQ(bytes_of(value), bytes_of(before[name].to(kBFloat16))) << name;
  }
}

TEST(ConversionTest, OtherTypesAreRefused) {
  for (const DType dtype : {kInt64, kBool, kUInt8}) {
    nn::Linear fc(2, 2);
    const std::string text =
        "nn.Module.to only accepts floating point or complex dtypes, but got desired dtype=torch." +
        std::string(dtype_name(dtype));
    EXPECT_EQ(text_of<DTypeError>([&] { fc->to(dtype); }), text);
    EXPECT_EQ(text_of<DTypeError>([&] { fc->to(kMeta, dtype); }), text);
    EXPECT_TRUE(fc->weight.is_cpu() && fc->weight.dtype() == kFloat32);
  }
}

TEST(ConversionTest, FlagsAndStridesAreKept) {
  nn::Module m;
  m.register_parameter("turned", Parameter(arange(6, kFloat32).view({2, 3}).t(), false));
  m.register_parameter("every_other", Parameter(arange(8, kFloat32).slice(0, 0, 8, 2)));
  m.register_buffer("plain", ones({2}));
  m.to(kFloat64);
  EXPECT_FALSE(m.parameter("turned").requires_grad());
  EXPECT_TRUE(m.parameter("turned").is_parameter());
  EXPECT_EQ(m.parameter("turned").strides().vec(), (std::vector<std::int64_t>{1, 3}));
  EXPECT_TRUE(m.parameter("every_other").requires_grad());
  EXPECT_TRUE(m.parameter("every_other").equal(tensor({0.0, 2.0, 4.0, 6.0}, kFloat64)));
  EXPECT_EQ(m.parameter("every_other").storage().nbytes(), 32u) << "a lone view leaves its gaps behind";
  EXPECT_FALSE(m.buffer("plain").is_parameter());
}

TEST(ConversionTest, NothingIsCopiedWhereNothingChanges) {
  nn::Linear fc(2, 2);
  const void* before = fc->weight.data_ptr();
  fc->to(kFloat32).to(kCPU).float_();
  EXPECT_EQ(fc->weight.data_ptr(), before);
}

TEST(ConversionTest, GradientsThatAreThereAreConvertedToo) {
  nn::Linear fc(2, 2);
  fc->register_buffer("count", ones({1}));
  fc->forward(ones({3, 2})).sum().backward();
  fc->bias.mutable_grad() = {};
  const Tensor held = fc->weight.grad();
  fc->to(kFloat64);
  EXPECT_TRUE(held.is_same(fc->weight.grad())) << "who holds the gradient sees it converted";
  EXPECT_TRUE(held.equal(full({2, 2}, 3, kFloat64)));
  EXPECT_FALSE(fc->bias.grad().defined());
  // It goes on growing in the new type.
  fc->forward(ones({3, 2}, kFloat64)).sum().backward();
  EXPECT_TRUE(held.equal(full({2, 2}, 6, kFloat64)));
  EXPECT_TRUE(fc->bias.grad().equal(full({2}, 3, kFloat64)));
  fc->half();
  EXPECT_EQ(fc->bias.grad().dtype(), kFloat16);
  fc->to(kMeta);
  EXPECT_TRUE(fc->weight.grad().is_meta());
  fc->to_empty(kCPU);
  EXPECT_TRUE(fc->weight.grad().is_cpu());
}

TEST(ConversionTest, AGradientIsCastByItsOwnType) {
  // As in PyTorch: float_() and its like leave complex ones alone, whatever the parameter is.
  nn::Module m;
  m.register_parameter("z", Parameter(ones({2}, kComplex64)));
  m.register_parameter("tied", m.parameter("z"));
  m.parameter("z").mutable_grad() = ones({2}, kComplex64);
  m.double_();
  EXPECT_EQ(m.parameter("z").grad().dtype(), kComplex64);
  m.to(kComplex128);
  EXPECT_EQ(m.parameter("z").grad().dtype(), kComplex128);
  EXPECT_TRUE(m.parameter("tied").grad().equal(ones({2}, kComplex128)));
}

TEST(ConversionTest, AGradientThatNeedsGradKeepsItsHistory) {
  nn::Linear fc(2, 2);
  const Tensor x = ones({1, 2}).requires_grad_();
  fc->forward(x).pow(2).sum().backward({}, true, true);
  fc->to(kFloat64);
  EXPECT_EQ(fc->weight.grad().dtype(), kFloat64);
  EXPECT_TRUE(fc->weight.grad().requires_grad());
  EXPECT_TRUE(fc->weight.grad().grad_fn());
  // A gradient with a history leads back to its parameter: what is a ring nobody frees, as in PyTorch.
  fc->zero_grad();
  x.mutable_grad() = Tensor();
}

TEST(ConversionTest, MetaHasNoValuesToBringBack) {
  nn::BatchNorm1d norm(3);
  norm->to(kMeta);
  EXPECT_TRUE(norm->num_batches_tracked.is_meta());
  EXPECT_EQ(norm->num_batches_tracked.dtype(), kInt64);
  const std::string text = text_of<NotImplementedError>([&] { norm->to(kCPU); });
  EXPECT_NE(text.find("Cannot copy out of meta tensor; no data! Please use torch.nn.Module.to_empty()"),
            std::string::npos)
      << text;
  EXPECT_TRUE(norm->weight.is_meta());
  norm->half();
  EXPECT_EQ(norm->weight.dtype(), kFloat16);
  norm->to_empty(kCPU);
  EXPECT_TRUE(norm->weight.is_cpu());
  EXPECT_EQ(norm->weight.dtype(), kFloat16);
  EXPECT_TRUE(norm->weight.is_parameter() && norm->weight.requires_grad());
  norm->reset_parameters();
  EXPECT_EQ(norm->weight.sum().item<float>(), 3);
}

TEST(ModeTest, IsSetOnTheWholeTree) {
  const auto model = testing::make_model("small_resnet");
  EXPECT_TRUE(model->is_training());
  EXPECT_EQ(&model->eval(), model.get());
  for (const auto& m : model->modules()) EXPECT_FALSE(m->is_training());
  model->get_submodule("layer2")->train();
  EXPECT_FALSE(model->is_training());
  EXPECT_TRUE(model->get_submodule("layer2.0.bn1")->is_training());
  EXPECT_FALSE(model->get_submodule("layer1.0.bn1")->is_training());
}

TEST(ModeTest, ModuleMayKeepAPartInOneMode) {
  struct FrozenNormImpl : nn::Cloneable<FrozenNormImpl, nn::BatchNorm1dImpl> {
    using Cloneable::Cloneable;
    void set_training(bool /*on*/) override { Cloneable::set_training(false); }
  };
  BALLAST_MODULE(FrozenNorm);
  nn::Sequential net{FrozenNorm(2), nn::BatchNorm1d(2)};
  net->train();
  EXPECT_FALSE(net[0]->is_training());
  EXPECT_TRUE(net[1]->is_training());
}

TEST(FlagTest, RequiresGradIsSetOnEveryParameterAndNoBuffer) {
  testing::Buffers model;
  EXPECT_FALSE(model->frozen.requires_grad());
  model->requires_grad_();
  for (const Tensor& p : model->parameters()) EXPECT_TRUE(p.requires_grad());
  for (const Tensor& b : model->buffers()) EXPECT_FALSE(b.requires_grad());
  model->bn->requires_grad_(false);
  EXPECT_TRUE(model->gain.requires_grad());
  EXPECT_FALSE(model->bn->weight.requires_grad());
  nn::Module ids;
  ids.register_parameter("ids", zeros({2}, kInt64), false);
  ids.requires_grad_(false);
  EXPECT_EQ(text_of<DTypeError>([&] { ids.requires_grad_(); }),
            "Only Tensors of floating point and complex dtype can require gradients");
}

TEST(FlagTest, ZeroGradTakesModulesWithoutGradients) {
  const auto model = testing::make_model("buffers");
  model->zero_grad();
  model->zero_grad(false);
  EXPECT_FALSE(model->parameters()[0].grad().defined());
}

TEST(ApplyTest, TakesEveryFormOfAFunction) {
  nn::Sequential net{nn::Linear(1, 1), nn::Sequential{nn::ReLU(), nn::Tanh()}};
  std::string log;
  net->apply([&](nn::Module& m) { log += m.class_name() + " "; });
  EXPECT_EQ(log, "Linear ReLU Tanh Sequential Sequential ");
  log.clear();
  net->apply([&](const std::shared_ptr<nn::Module>& m) { log += std::to_string(m->children().size()); });
  EXPECT_EQ(log, "00022");
  log.clear();
  net->apply([&](const std::string& path, nn::Module&) { log += "'" + path + "' "; }, "net");
  EXPECT_EQ(log, "'net.0' 'net.1.0' 'net.1.1' 'net.1' 'net' ");
  log.clear();
  std::as_const(*net).apply([&](const std::string& path, const std::shared_ptr<nn::Module>& m) {
    log += path + m->class_name() + " ";
  });
  EXPECT_EQ(log, "0Linear 1.0ReLU 1.1Tanh 1Sequential Sequential ");
  EXPECT_EQ(&net->apply([](nn::Module&) {}), net.get());
}

TEST(ApplyTest, PassesOverAChildItsParentHadAndOnlyThere) {
  nn::Linear shared(1, 1);
  nn::ReLU act;
  nn::Sequential inner{act};
  nn::Sequential net{shared, inner, inner, act, shared, nn::Sequential{shared, act}};
  std::string log;
  net->apply([&](const std::string& path, nn::Module&) { log += "'" + path + "' "; });
  EXPECT_EQ(log, "'0' '1.0' '1' '3' '5.0' '5.1' '5' '' ");
}

TEST(ApplyTest, FunctionMayReplaceTheChildrenOfWhatItIsGiven) {
  nn::Sequential net{nn::Sequential{nn::ReLU()}, nn::ReLU()};
  net->apply([](nn::Module& m) {
    auto* list = m.as<nn::Sequential>();
    for (std::size_t i = 0; list != nullptr && i < list->size(); ++i) {
      if ((*list)[static_cast<std::int64_t>(i)]->as<nn::ReLU>() != nullptr)
        list->set(static_cast<std::int64_t>(i), nn::GELU());
    }
  });
  EXPECT_EQ(net->repr(),
            "Sequential(\n  (0): Sequential(\n    (0): GELU(approximate='none')\n  )\n  (1): "
            "GELU(approximate='none')\n)");
}

}  // namespace
}  // namespace ballast
