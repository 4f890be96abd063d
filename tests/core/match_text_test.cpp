// The report as people read it.
#include <sstream>
#include <string>

#include "tests/core/match_names.h"
#include <fmt/format.h>
#include <gtest/gtest.h>

namespace ballast {
namespace {

using testing::named;
using testing::stack;

TEST(MatchTextTest, StreamsAndFormatsAsItsText) {
  const MatchReport report = match(stack(1), stack(2));
  std::ostringstream out;
  out << report;
  EXPECT_EQ(out.str(), report.text());
  EXPECT_EQ(fmt::format("{}", report), report.text());
}

}  // namespace
}  // namespace ballast
