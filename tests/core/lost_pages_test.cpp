// Mapped files that are cut short under our feet.
#include "ballast/core/lost_pages.h"

#include <algorithm>
#include <csignal>
#include <thread>
#include <vector>

#include "tests/support/mapped_pages.h"
#include "tests/support/thrown.h"
#include <gtest/gtest.h>
#include <unistd.h>

#include "ballast/core/error.h"
#include "ballast/core/sanitizer.h"

namespace ballast {
namespace {

using testing::MappedPages;

TEST(LostPages, ReadAsZerosAndAreCounted) {
  catch_lost_pages();
  catch_lost_pages();  // once is enough, twice does no harm
  const MappedPages file(5);
  const WatchedMapping watched(file.data(), file.size(), "five.pth");
  const std::uint64_t before = lost_pages();
  const LostPageCheck check;
  EXPECT_EQ(file.at(4), 0x55);
  file.cut(2);
  EXPECT_EQ(file.at(1), 0x55);
  EXPECT_NO_THROW(check.check());
  EXPECT_EQ(file.at(2), 0);
  EXPECT_EQ(file.at(4), 0);
  EXPECT_EQ(file.at(4), 0);
  EXPECT_EQ(lost_pages(), before + 2);
  const std::string text = testing::text_of([&] { check.check(); });
  EXPECT_NE(text.find("five.pth"), std::string::npos) << text;
  EXPECT_NE(text.find("cut short"), std::string::npos) << text;
  EXPECT_NO_THROW(LostPageCheck().check());
}

TEST(LostPages, AFileThatIsClosedIsStillNamed) {
  catch_lost_pages();
  const LostPageCheck check;
  {
    const MappedPages file(2);
    const WatchedMapping watched(file.data(), file.size(), "closed.pth");
    file.cut(0);
    EXPECT_EQ(file.at(1), 0);
  }
  const std::string text = testing::text_of([&] { check.check(); });
  EXPECT_NE(text.find("closed.pth"), std::string::npos) << text;
}

TEST(LostPages, ThreadsMapCutAndReadAtOnce) {
  catch_lost_pages();
  std::vector<std::thread> threads;
  std::vector<int> wrong(4);
  for (int& mine : wrong) {
    threads.emplace_back([&mine] {
      for (int i = 0; i < 50; ++i) {
        const MappedPages file(8);
        const WatchedMapping watched(file.data(), file.size(), "threads.pth");
        file.cut(4);
        for (std::size_t page = 0; page < 8; ++page) mine += file.at(page) != (page < 4 ? 0x55 : 0);
      }
    });
  }
  for (std::thread& t : threads) t.join();
  EXPECT_EQ(std::ranges::count(wrong, 0), 4);
}

void exit_with_7(int /*signal*/) { ::_exit(7); }

// In processes of their own, so that nothing was caught before.
TEST(LostPagesDeathTest, NothingIsCaughtUnlessAskedFor) {
  if (kUnderSanitizer) GTEST_SKIP() << "the sanitizer has a handler of its own";
  GTEST_FLAG_SET(death_test_style, "threadsafe");
  EXPECT_EXIT(
      {
        const MappedPages file(2);
        const WatchedMapping watched(file.data(), file.size(), "two.pth");
        file.cut(1);
        (void)file.at(1);
        ::_exit(0);
      },
      ::testing::KilledBySignal(SIGBUS), "");
}

TEST(LostPagesDeathTest, AddressesOfOthersGoToTheHandlerThatWasThere) {
  if (kUnderSanitizer) GTEST_SKIP() << "the sanitizer has a handler of its own";
  GTEST_FLAG_SET(death_test_style, "threadsafe");
  EXPECT_EXIT(
      {
        std::signal(SIGBUS, exit_with_7);
        catch_lost_pages();
        const MappedPages file(2);
        file.cut(1);
        (void)file.at(1);
        ::_exit(0);
      },
      ::testing::ExitedWithCode(7), "");
  EXPECT_EXIT(
      {
        catch_lost_pages();
        const MappedPages file(2);
        file.cut(1);
        (void)file.at(1);
        ::_exit(0);
      },
      ::testing::KilledBySignal(SIGBUS), "");
}

}  // namespace
}  // namespace ballast
