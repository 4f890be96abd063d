// A step asks for no memory once the states are there.
#include <iostream>

#include "tests/optim/counted_memory.h"
#include "tests/optim/make_optimizer.h"
#include <gtest/gtest.h>

namespace ballast::testing {
namespace {

TEST(Allocation, ASecondStepAsksForNoMemory) {
  const Json table = read_json("optim/updates.json");
  int cases = 0;
  for (const Json& c : table["cases"]) {
    const Problem problem(kFloat32);
    const auto optimizer = make_optimizer(c["class"], c["arguments"], {problem.params});
    problem.set_grads(0);
    const long at_first = allocations();
    optimizer->step();
    const long before = allocations();
    optimizer->step();
    optimizer->step();
    EXPECT_EQ(allocations() - before, 0) << c.dump();
    cases += c["class"] == "SGD" || c["class"] == "Adagrad" || before > at_first ? 1 : 0;
  }
  EXPECT_EQ(cases, static_cast<int>(table["cases"].size())) << "nothing was counted in a first step";
  std::cout << "[ cases ] " << cases << " optimisers\n";
}

}  // namespace
}  // namespace ballast::testing
