// A training step, once warm, takes its memory from what the steps before gave back, and asks the system for none.
#include <functional>
#include <vector>

#include <gtest/gtest.h>
#include <malloc.h>

#include "ballast/core/generator.h"
#include "ballast/core/parallel.h"
#include "ballast/core/sanitizer.h"
#include "ballast/nn/nn.h"
#include "ballast/ops/ops.h"
#include "ballast/optim/optim.h"

namespace ballast {
namespace {

/// Bytes that malloc holds of the system's, in use or not.
std::size_t bytes_from_system() {
  const struct mallinfo2 info = mallinfo2();
  return info.arena + info.hblkhd;
}

class TrainingMemoryTest : public testing::Test {
 protected:
  void SetUp() override {
    if (kUnderSanitizer) GTEST_SKIP() << "skipped: a sanitizer's malloc keeps what is freed for itself";
    set_num_threads(1);
    manual_seed(0);
  }
  ~TrainingMemoryTest() override { set_num_threads(threads_before_); }

  /// Runs `loss` and a step of Adam until memory is warm, and then as often again. What the system gave is looked at within a
  /// step as well, where memory that a step gave back would have to be asked for again.
  void expect_no_growth(const nn::Module& model, const std::function<Tensor()>& loss) {
    optim::Adam adam(model.parameters(), 1e-3);
    std::vector<std::size_t> held;
    constexpr int kWarmUp = 20;
    for (int i = 0; i < 2 * kWarmUp; ++i) {
      if (i == kWarmUp) held.clear();
      adam.zero_grad();
      held.push_back(bytes_from_system());
      {
        const Tensor value = loss();
        held.push_back(bytes_from_system());
        value.backward();
        held.push_back(bytes_from_system());
      }
      adam.step();
      held.push_back(bytes_from_system());
    }
    EXPECT_EQ(held, std::vector(held.size(), held.front()));
  }

 private:
  int threads_before_ = get_num_threads();
};

TEST_F(TrainingMemoryTest, OfALargePerceptron) {
  nn::Sequential net{nn::Linear(512, 2048), nn::ReLU(), nn::Linear(2048, 512), nn::ReLU(),
                     nn::Linear(512, 10)};
  const Tensor x = randn({64, 512});
  const Tensor y = randint(0, 10, {64});
  expect_no_growth(*net, [&] { return nn::functional::cross_entropy(net(x), y); });
}

TEST_F(TrainingMemoryTest, OfAConvolutionalNetwork) {
  nn::Sequential net{nn::Conv2d(nn::Conv2dOptions(1, 8, 5).padding(2)),
                     nn::BatchNorm2d(8),
                     nn::ReLU(),
                     nn::MaxPool2d(2),
                     nn::Conv2d(8, 16, 3),
                     nn::ReLU(),
                     nn::AvgPool2d(2),
                     nn::Flatten(),
                     nn::Linear(16 * 6 * 6, 10)};
  const Tensor x = randn({32, 1, 28, 28});
  const Tensor y = randint(0, 10, {32});
  expect_no_growth(*net, [&] { return nn::functional::cross_entropy(net(x), y); });
}

TEST_F(TrainingMemoryTest, OfAnLstm) {
  nn::LSTM lstm(64, 128);
  const Tensor x = randn({32, 16, 64});
  expect_no_growth(*lstm, [&] { return std::get<0>(lstm(x)).pow(2).mean(); });
}

TEST_F(TrainingMemoryTest, OfATransformer) {
  nn::TransformerEncoderLayer layer(nn::TransformerEncoderLayerOptions(128, 4).dim_feedforward(256));
  const Tensor x = randn({32, 16, 128});
  expect_no_growth(*layer, [&] { return layer(x).pow(2).mean(); });
}

}  // namespace
}  // namespace ballast
