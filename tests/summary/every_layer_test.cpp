// Every layer of the library with many options: what its summary says in memory and on meta is the same, and is right.
#include <set>

#include "tests/nn/layer_table.h"
#include <gtest/gtest.h>

#include "ballast/nn/nn.h"
#include "ballast/ops/ops.h"
#include "ballast/summary/summary.h"

namespace ballast {
namespace {

struct Input {
  std::vector<std::vector<std::int64_t>> sizes;
  std::vector<DType> dtypes;
};

/// Shapes that layers of the table may take, the likeliest first.
const std::vector<Input>& inputs() {
  static const std::vector<Input> all = [] {
    std::vector<Input> out;
    for (const std::int64_t channels : {2, 3, 4, 6, 8, 16, 20, 5, 10, 1, 0, 32, 512}) {
      for (const auto& size : std::vector<std::vector<std::int64_t>>{{2, channels, 9},
                                                                     {2, channels, 9, 9},
                                                                     {2, channels, 9, 9, 9},
                                                                     {5, 2, channels},
                                                                     {2, channels}}) {
        out.push_back({{size}, {}});
        out.push_back({{size, size}, {}});
        out.push_back({{size, size, size}, {}});
      }
    }
    out.push_back({{{2, 5}}, {kInt64}});
    out.push_back({{{2, 2}, {2, 3}}, {}});
    out.push_back({{{2, 4}, {2}}, {kFloat32, kInt64}});
    out.push_back({{{5, 2, 8}, {7, 2, 3}, {7, 2, 5}}, {}});
    return out;
  }();
  return all;
}

template <class Holder>
bool call_as(const std::shared_ptr<nn::Module>& module, const std::vector<Tensor>& inputs) {
  const auto m = std::dynamic_pointer_cast<typename Holder::ContainedType>(module);
  if (m == nullptr) return false;
  detail::call_with_tensors(Holder(m), inputs);
  return true;
}

/// Of a layer known as a Module: those that do not give one tensor for one are called as what they are.
ModelSummary summary_with(const std::shared_ptr<nn::Module>& module, const Input& input) {
  return summary(*module,
                 {.input_sizes = input.sizes,
                  .dtypes = input.dtypes,
                  .forward = [&module](const std::vector<Tensor>& x) {
                    const bool called =
                        call_as<nn::RNN>(module, x) || call_as<nn::LSTM>(module, x) ||
                        call_as<nn::GRU>(module, x) || call_as<nn::LSTMCell>(module, x) ||
                        call_as<nn::MultiheadAttention>(module, x) || call_as<nn::Bilinear>(module, x) ||
                        call_as<nn::TransformerDecoderLayer>(module, x) ||
                        call_as<nn::TransformerDecoder>(module, x) || call_as<nn::Transformer>(module, x) ||
                        call_as<nn::CosineSimilarity>(module, x) ||
                        call_as<nn::PairwiseDistance>(module, x) || call_as<nn::MSELoss>(module, x) ||
                        call_as<nn::L1Loss>(module, x) || call_as<nn::CrossEntropyLoss>(module, x);
                    if (!called) detail::call_with_tensors(nn::ModuleHolder<nn::Module>(module), x);
                  }});
}

TEST(EveryLayer, IsOnMetaWhatItIsInMemory) {
  std::size_t compared = 0;
  std::set<std::string> run, not_run;
  for (const auto& [text, make] : testing::layer_table()) {
    SCOPED_TRACE(text);
    const auto in_memory = make();
    std::shared_ptr<nn::Module> on_meta;
    {
      const DefaultDeviceGuard guard(kMeta);
      on_meta = make();
    }
    EXPECT_EQ(summary(in_memory).text(), summary(on_meta).text());
    bool ran = false;
    for (std::size_t i = 0; i < inputs().size() && !ran; ++i) {
      ModelSummary s;
      try {
        s = summary_with(in_memory, inputs()[i]);
      } catch (const Error&) {
        continue;  // another shape
      }
      ran = true;
      EXPECT_EQ(s.text(), summary_with(on_meta, inputs()[i]).text());
      EXPECT_TRUE(s.layers[0].mult_adds_known);
      EXPECT_TRUE(s.layers[0].output_sizes.has_value());
      ++compared;
    }
    (ran ? run : not_run).insert(in_memory->class_name());
  }
  EXPECT_GT(compared, 100U);
  for (const std::string& name : run) not_run.erase(name);
  // Those take targets and places that no shape gives, or one shape only.
  for (const std::string& name : not_run) {
    EXPECT_TRUE(name.ends_with("Loss") || name.starts_with("MaxUnpool") || name == "Fold" ||
                name == "AdaptiveLogSoftmaxWithLoss" || name == "FractionalMaxPool2d")
        << name;
  }
}

}  // namespace
}  // namespace ballast
