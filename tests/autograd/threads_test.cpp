// Several threads, each with a backward pass of its own, over shared parameters.
#include <thread>

#include <gtest/gtest.h>

#include "ballast/autograd/autograd.h"
#include "ballast/ops/ops.h"

namespace ballast {
namespace {

TEST(Threads, NoGradientIsLost) {
  constexpr int kThreads = 4;
  constexpr int kPasses = 200;
  const Tensor w = ones({8, 8}, kFloat64).requires_grad_();
  const Tensor x = ones({2, 8}, kFloat64);
  std::vector<std::thread> threads;
  for (int i = 0; i < kThreads; ++i) {
    threads.emplace_back([&] {
      for (int p = 0; p < kPasses; ++p) x.matmul(w.t()).sum().backward();
    });
  }
  for (std::thread& t : threads) t.join();
  EXPECT_TRUE(w.grad().equal(full({8, 8}, 2.0 * kThreads * kPasses, kFloat64)));
}

TEST(Threads, OneGraphMayBePassedBySeveralAtOnce) {
  const Tensor w = ones({4}, kFloat64).requires_grad_();
  const Tensor shared = (w * 2).exp();
  std::vector<std::thread> threads;
  for (int i = 0; i < 4; ++i) {
    threads.emplace_back([&] {
      for (int p = 0; p < 100; ++p) (shared * 3).sum().backward({}, true);
    });
  }
  for (std::thread& t : threads) t.join();
  EXPECT_TRUE(w.grad().allclose(full({4}, 400 * 6 * std::exp(2.0), kFloat64)));
}

TEST(Threads, ALeafMayEndWhileAnotherThreadAddsToIt) {
  for (int round = 0; round < 200; ++round) {
    Tensor w = ones({4}, kFloat64).requires_grad_();
    const Tensor y = (w * w).sum();
    std::thread other([&] { y.backward(); });
    w = {};
    other.join();
  }
}

}  // namespace
}  // namespace ballast
