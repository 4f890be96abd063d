#include "ballast/inspect/layer_moves.h"

#include <limits>

#include "tests/inspect/samples.h"
#include <gtest/gtest.h>

namespace ballast {
namespace {

using inspect::LayerMove;
using testing::vector_of;

StateDict dict(std::initializer_list<std::pair<std::string, Tensor>> items) {
  StateDict out;
  for (const auto& [name, t] : items) out.insert(name, t);
  return out;
}

TEST(LayerMoves, TakeTheTensorsOfALayerAsOneVector) {
  const StateDict a = dict({{"body.0.weight", vector_of({3, 0})},
                            {"body.0.bias", vector_of({4})},
                            {"body.1.weight", vector_of({1, 1})},
                            {"scale", vector_of({2})}});
  const StateDict b = dict({{"body.0.weight", vector_of({3, 3})},
                            {"body.0.bias", vector_of({8})},
                            {"body.1.weight", vector_of({1, 1})},
                            {"scale", vector_of({1})}});
  const inspect::Comparison c = inspect::compare(a, b);
  const std::vector<LayerMove> layers = inspect::layer_moves(c);
  ASSERT_EQ(layers.size(), 3u);
  EXPECT_EQ(layers[0].layer, "body.0");
  EXPECT_EQ(layers[0].tensors, 2);
  EXPECT_EQ(layers[0].changed, 2);
  EXPECT_EQ(layers[0].values, 3);
  EXPECT_EQ(layers[0].values_changed, 2);
  EXPECT_EQ(layers[0].outside, 2);
  EXPECT_EQ(layers[0].max_abs, 4);
  EXPECT_DOUBLE_EQ(layers[0].difference_norm, 5);  // of (0, 3, 4)
  EXPECT_DOUBLE_EQ(layers[0].a_norm, 5);           // of (3, 0, 4)
  EXPECT_DOUBLE_EQ(layers[0].relative, 1);
  EXPECT_EQ(layers[1].layer, "");
  EXPECT_DOUBLE_EQ(layers[1].relative, 0.5);
  EXPECT_EQ(layers[2].layer, "body.1");
  EXPECT_EQ(layers[2].changed, 0);
  EXPECT_EQ(layers[2].relative, 0);

  const std::vector<LayerMove> joined = inspect::layer_moves(c, 1);
  ASSERT_EQ(joined.size(), 2u);
  EXPECT_EQ(joined[0].layer, "body");
  EXPECT_EQ(joined[0].tensors, 3);
  const std::vector<LayerMove> one = inspect::layer_moves(c, 0);
  ASSERT_EQ(one.size(), 1u);
  EXPECT_EQ(one[0].layer, "");
  EXPECT_EQ(one[0].values, 6);
}

TEST(LayerMoves, PutWhatCameFromNothingAndWhatIsBrokenFirst) {
  const double inf = std::numeric_limits<double>::infinity();
  const StateDict a = dict({{"x.w", vector_of({1})}, {"y.w", vector_of({0})}, {"z.w", vector_of({1})}});
  const StateDict b = dict({{"x.w", vector_of({9})}, {"y.w", vector_of({1})}, {"z.w", vector_of({inf})}});
  const std::vector<LayerMove> layers = inspect::layer_moves(inspect::compare(a, b));
  ASSERT_EQ(layers.size(), 3u);
  EXPECT_EQ(layers[0].layer, "z");
  EXPECT_EQ(layers[0].not_finite, 1);
  EXPECT_EQ(layers[1].layer, "y");
  EXPECT_EQ(layers[1].relative, inf);
  EXPECT_EQ(layers[2].layer, "x");
}

}  // namespace
}  // namespace ballast
