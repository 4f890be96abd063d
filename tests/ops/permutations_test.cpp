#include <gtest/gtest.h>

#include "ballast/ops/random.h"
#include "ballast/ops/random_permutation.h"

namespace ballast {
namespace {

TEST(Permutations, AreThoseOfRandperm) {
  for (const std::int64_t n : {0, 1, 2, 3, 10, 623, 624, 625, 1024, 70'000}) {
    Generator ours(n + 1);
    const Generator theirs = ours.clone();
    Permutations permutations(n);
    for (int round = 0; round < 3; ++round) {
      const auto order = permutations.next(ours.state().engine);
      const Tensor expected = randperm(n, theirs);
      ASSERT_EQ(static_cast<std::int64_t>(order.size()), n);
      for (std::int64_t i = 0; i < n; ++i) {
        ASSERT_EQ(order[static_cast<std::size_t>(i)], expected.data_ptr<std::int64_t>()[i]) << n << ", " << i;
      }
      ASSERT_EQ(ours.random(), theirs.random());
    }
  }
}

TEST(Permutations, HaveALimit) {
  EXPECT_THROW(Permutations(-1), ValueError);
  EXPECT_THROW(Permutations(Permutations::kMost + 1), ValueError);
}

}  // namespace
}  // namespace ballast
