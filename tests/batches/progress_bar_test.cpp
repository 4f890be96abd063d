// What a progress bar writes, by a clock of the test's own.
#include "ballast/data/progress_bar.h"

#include <sstream>
#include <string>

#include <gtest/gtest.h>

namespace ballast::testing {
namespace {

using std::chrono::milliseconds;

struct Clock {
  std::chrono::steady_clock::time_point now;
  [[nodiscard]] data::ProgressBarOptions options(bool terminal) {
    return {
        .label = "epoch 1", .terminal = terminal, .width = 4, .interval = milliseconds(1000), .now = [this] {
          return now;
        }};
  }
};

TEST(ProgressBar, DrawsOneLineOverAndOverOnATerminal) {
  Clock clock;
  std::ostringstream out;
  {
    data::ProgressBar bar(out, 8, clock.options(true));
    for (int i = 0; i < 8; ++i) {
      clock.now += milliseconds(500);
      bar.step(static_cast<double>(8 - i));
    }
  }
  EXPECT_EQ(out.str(),
            "\repoch 1   25% [#...] 2/8  loss 7.5  2.0/s  0:03 left"
            "\repoch 1   50% [##..] 4/8  loss 5.5  2.0/s  0:02 left"
            "\repoch 1   75% [###.] 6/8  loss 3.5  2.0/s  0:01 left"
            "\repoch 1  100% [####] 8/8  loss 1.5  2.0/s  0:04     \n");
}

TEST(ProgressBar, WritesPlainLinesElsewhere) {
  Clock clock;
  std::ostringstream out;
  data::ProgressBar bar(out, 4, clock.options(false));
  clock.now += milliseconds(2000);
  bar.step(0.125);
  clock.now += milliseconds(10);
  bar.step(std::nullopt, 2);
  clock.now += milliseconds(1990);
  bar.step();
  bar.finish();
  bar.finish();
  EXPECT_EQ(out.str(),
            "epoch 1   25% 1/4  loss 0.125  0.5/s  0:06 left\n"
            "epoch 1  100% 4/4  loss 0.125  1.0/s  0:04\n");
}

TEST(ProgressBar, AnUnknownTotalHasNoPercentage) {
  Clock clock;
  std::ostringstream out;
  data::ProgressBar bar(out, 0, clock.options(true));
  bar.step(std::nullopt, 3);
  clock.now += milliseconds(3725000);
  bar.step();
  bar.finish();
  EXPECT_EQ(out.str(), "\repoch 1  4  0.0/s  1:02:05\n");
}

}  // namespace
}  // namespace ballast::testing
