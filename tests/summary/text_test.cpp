// The tables, byte for byte.
#include <fstream>
#include <sstream>

#include "tests/summary/models.h"
#include "tests/support/golden.h"
#include <gtest/gtest.h>

#include "ballast/summary/analyze_model_parameters.h"
#include "ballast/summary/summary.h"

namespace ballast {
namespace {

TEST(AnalyzeModelParameters, PrintsWhatTheSeedPrints) {
  std::string printed;
  printed += analyze_model_parameters(nn::Sequential{nn::Linear(4, 8), nn::ReLU(), nn::Linear(8, 1)}).text();
  const nn::Linear shared(8, 8);
  printed += analyze_model_parameters(nn::Sequential{nn::Linear(4, 8), nn::ReLU(), shared, nn::ReLU(), shared,
                                                     nn::ReLU(), nn::Linear(8, 1)})
                 .text();
  nn::Sequential big;
  big->add_module("a_rather_long_name_of_a_layer", nn::Conv2d(64, 128, 3));
  big->add_module("norm", nn::BatchNorm2d(128));
  big->add_module("fc", nn::Linear(1024, 1000));
  big[0]->requires_grad_(false);
  big[1]->requires_grad_(false);
  printed += analyze_model_parameters(*big).text();
  printed += analyze_model_parameters(nn::ReLU().ptr()).text();
  EXPECT_EQ(printed, testing::read_file(testing::data_path("walkthrough/13_analyze.txt")));
}

TEST(AnalyzeModelParameters, SaysOfAStateDictWhatItSaysOfTheModel) {
  const nn::Sequential net = testing::tied_net();
  const ParameterTable of_model = analyze_model_parameters(net);
  const ParameterTable of_state = analyze_model_parameters(net->state_dict({.keep_vars = true}));
  EXPECT_EQ(of_state.trainable, of_model.total);
  EXPECT_EQ(of_state.non_trainable(), 17U);  // the buffers
  EXPECT_EQ(analyze_model_parameters(net->state_dict()).trainable, 0U);
}

TEST(SummaryText, WithoutAnInput) {
  EXPECT_EQ(summary(testing::tied_net()).text(),
            R"(==============================================================
Layer (name: class)              Own params  Params  Trainable
==============================================================
Sequential                               --     137  True
├─ 0: Linear                             40      40  True
├─ 1: ReLU                               --      --  --
├─ 2: Linear                             72      72  True
├─ 3: ReLU                               --      --  --
├─ 4: Linear (shared with 2)             --      --  --
├─ 5: Sequential                         --      88  True
│  ├─ 0: Linear (shared with 2)          --      --  --
│  └─ 1: BatchNorm1d                     16      16  True
└─ 6: Linear                              9       9  True
==============================================================
Total params: 137
Trainable params: 137
Non-trainable params: 0
Buffers: 17
Params and buffers: 620 B (float32 612 B, int64 8 B)
==============================================================
)");
}

TEST(SummaryText, WithAnInput) {
  const ModelSummary s = summary(testing::LanguageModel(), {.input_size = {2, 5}, .dtypes = {kInt64}});
  EXPECT_EQ(
      s.text(),
      R"(================================================================================================================
Layer (name: class)                                       Output shape  Own params  Params  Trainable  Mult-adds
================================================================================================================
LanguageModel                                             [2, 5, 11]            --     749  True           7,490
├─ embedding: Embedding                                   [2, 5, 6]             66      66  True              --
├─ rnn: LSTM                                              [2, 5, 6]            672     672  True           6,720
└─ decoder: Linear (weight shared with embedding.weight)  [2, 5, 11]            77      77  True             770
================================================================================================================
Total params: 749
Trainable params: 749
Non-trainable params: 0
Params and buffers: 2.93 KiB (float32 2.93 KiB)
----------------------------------------------------------------------------------------------------------------
Mult-adds: 7,490
Input: 80 B
Activations: 920 B forward, 1.80 KiB with their gradients
Total: 4.80 KiB
================================================================================================================
)");
  std::ostringstream os;
  os << s;
  EXPECT_EQ(os.str(), fmt::format("{}", s));
}

TEST(SummaryText, ToADepthWithColumnsOfOnesChoice) {
  const ModelSummary s = testing::summary_of(
      "frozen", {.input_size = {2, 3, 6, 6},
                 .depth = 1,
                 .columns = {SummaryColumn::kInputShape, SummaryColumn::kShare, SummaryColumn::kTrainable,
                             SummaryColumn::kBuffers, SummaryColumn::kBytes, SummaryColumn::kActivations,
                             SummaryColumn::kExtra}});
  EXPECT_EQ(
      s.text(),
      R"(====================================================================================================================================================================
Layer (name: class)  Input shape   Params %  Trainable  Buffers     Bytes  Activations  Details
====================================================================================================================================================================
Sequential           [2, 3, 6, 6]   100.00%  Partial         13  2.23 KiB     2.29 KiB
├─ 0: Conv2d         [2, 3, 6, 6]    10.77%  Partial         --     240 B        768 B  3, 6, kernel_size=(3, 3), stride=(1, 1), groups=3
├─ 1: BatchNorm2d    [2, 6, 4, 4]     2.15%  False           13     104 B        768 B  6, eps=1e-05, momentum=0.1, affine=True, bias=True, track_running_stats=True
├─ 2: ReLU           [2, 6, 4, 4]        --  --              --        --        768 B
├─ 3: Flatten        [2, 6, 4, 4]        --  --              --        --           --  start_dim=1, end_dim=-1
└─ 4: Linear         [2, 96]         87.07%  True            --  1.89 KiB         40 B  in_features=96, out_features=5, bias=True
====================================================================================================================================================================
Total params: 557
Trainable params: 491
Non-trainable params: 66
Buffers: 13
Params and buffers: 2.23 KiB (float32 2.22 KiB, int64 8 B)
--------------------------------------------------------------------------------------------------------------------------------------------------------------------
Mult-adds: 3,274
Input: 864 B
Activations: 2.29 KiB forward, 4.58 KiB with their gradients
Total: 7.65 KiB
====================================================================================================================================================================
)");
  EXPECT_EQ(testing::summary_of("encoder", {.depth = 0}).text(),
            R"(==================================================
Layer (name: class)  Own params  Params  Trainable
==================================================
TransformerEncoder           --   4,480  True
==================================================
Total params: 4,480
Trainable params: 4,480
Non-trainable params: 0
Params and buffers: 17.5 KiB (float32 17.5 KiB)
==================================================
)");
}

TEST(SummaryText, OfAModelWithoutParameters) {
  EXPECT_EQ(summary(nn::ReLU()).text(), R"(==================================================
Layer (name: class)  Own params  Params  Trainable
==================================================
ReLU                         --      --  --
==================================================
Total params: 0
Trainable params: 0
Non-trainable params: 0
Params and buffers: 0 B
==================================================
)");
}

}  // namespace
}  // namespace ballast
