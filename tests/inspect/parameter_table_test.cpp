// The table of parameters of a state dict. (Of a model: tests/summary.)
#include "ballast/inspect/parameter_table.h"

#include <sstream>

#include <gtest/gtest.h>

namespace ballast {
namespace {

Tensor meta(IntArrayRef sizes) { return empty(sizes, TensorOptions().device(kMeta)); }

TEST(ParameterTable, SumsUpWhatRequiresGradAndWhatDoesNot) {
  StateDict state;
  state.insert("weight", Parameter(meta({1024, 1024})));
  state.insert("running_mean", meta({7}));
  const ParameterTable table = analyze_model_parameters(state);
  ASSERT_EQ(table.rows.size(), 2U);
  EXPECT_TRUE(table.rows[0].trainable);
  EXPECT_FALSE(table.rows[1].trainable);
  EXPECT_EQ(table.total, 1024U * 1024U + 7U);
  EXPECT_EQ(table.trainable, 1024U * 1024U);
  EXPECT_EQ(table.non_trainable(), 7U);
}

TEST(ParameterTable, ListsWhatIsSharedOnce) {
  const Tensor shared = meta({4, 6});
  StateDict state;
  state.insert("encoder", shared);
  state.insert("the same object", shared);
  state.insert("the same elements", shared.detach());
  state.insert("other elements", shared.alias({2, 6}, {6, 1}, 12));
  state.insert("turned", shared.alias({6, 4}, {1, 6}, 0));
  state.insert("another", meta({4, 6}));
  state.insert("absent", Tensor());
  std::vector<std::string> names;
  for (const auto& row : analyze_model_parameters(state).rows) names.push_back(row.name);
  EXPECT_EQ(names, (std::vector<std::string>{"encoder", "other elements", "turned", "another"}));
}

TEST(ParameterTable, TextShowsLongNamesWholeAndNothingThatMovesACursor) {
  StateDict state;
  state.insert("a\x1b[2J", meta({}));
  state.insert("größe", Parameter(meta({2, 3})));
  std::ostringstream os;
  os << analyze_model_parameters(state);
  EXPECT_EQ(os.str(), R"(==================================================
Model Parameter Analysis
==================================================
a\x1b[2J             | Shape: torch.Size([])       | Params:        1 | Trainable: False
größe                | Shape: torch.Size([2, 3])   | Params:        6 | Trainable: True
==================================================
Total parameters: 7
Trainable parameters: 6
Non-trainable parameters: 1
==================================================
)");
  EXPECT_EQ(os.str(), fmt::format("{}", analyze_model_parameters(state)));
}

TEST(ParameterTable, SumsStopAtTheLargestNumber) {
  ParameterTable table;
  for (int i = 0; i < 5; ++i)
    table.add("huge", empty({std::int64_t{1} << 62}, TensorOptions(kInt8).device(kMeta)));
  EXPECT_EQ(table.total, ~std::uint64_t{0});
}

}  // namespace
}  // namespace ballast
