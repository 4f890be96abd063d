// A process that saves over one file again and again is killed at random moments: the file is always whole, and is the one that
// was saved last or the one that was being saved.
#include <chrono>
#include <csignal>
#include <iostream>
#include <random>
#include <thread>

#include "tests/checkpoint/craft.h"
#include "tests/support/golden.h"
#include <fmt/format.h>
#include <gtest/gtest.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "ballast/checkpoint/load.h"
#include "ballast/checkpoint/save.h"

namespace ballast::testing {
namespace {

using checkpoint::Verify;

constexpr int kKills = 200;

/// Every byte of every tensor depends on the version, and on the place.
std::string bytes_for(std::uint64_t version, std::uint64_t tensor, std::size_t n) {
  std::mt19937_64 words(version * 1000 + tensor);
  std::string bytes(n, '\0');
  for (std::size_t i = 0; i + sizeof(std::uint64_t) <= n; i += sizeof(std::uint64_t)) {
    const std::uint64_t word = words();
    std::memcpy(bytes.data() + i, &word, sizeof word);
  }
  return bytes;
}

StateDict dict_of(std::uint64_t version) {
  StateDict d;
  d.insert("version",
           tensor_of_bytes(std::string(reinterpret_cast<const char*>(&version), sizeof version), kInt64, {}));
  constexpr std::int64_t kLarge = std::int64_t{1} << 18;
  constexpr std::int64_t kSmall = 96;
  for (std::uint64_t i = 0; i < 4; ++i)
    d.insert(fmt::format("large.{}", i), tensor_of_bytes(bytes_for(version, i, kLarge), kUInt8, {kLarge}));
  // How many there are depends on the version too, so that old and new files differ in size.
  for (std::uint64_t i = 0; i < 20 + version % 7; ++i)
    d.insert(fmt::format("small.{}", i),
             tensor_of_bytes(bytes_for(version, 100 + i, kSmall), kUInt8, {kSmall}));
  return d;
}

/// The version of a file, all of whose bytes are that version's.
std::uint64_t version_in(const std::filesystem::path& path) {
  const auto c = load(path, {.mmap = false, .verify = Verify::kAll});
  EXPECT_TRUE(c.fully_verified());
  const StateDict d = c.state_dict();
  std::uint64_t version = 0;
  const std::string bytes = bytes_of(d["version"]);
  std::memcpy(&version, bytes.data(), sizeof version);
  const StateDict expected = dict_of(version);
  EXPECT_EQ(d.keys(), expected.keys());
  for (const auto& [name, t] : expected)
    EXPECT_EQ(bytes_of(d[name]), bytes_of(t)) << name << " of " << version;
  return version;
}

/// What the child has begun and finished; in memory shared with it.
struct Progress {
  std::atomic<std::uint64_t> begun{0}, finished{0};
};

[[noreturn]] void save_for_ever(const std::filesystem::path& path, std::uint64_t version,
                                Progress& progress) {
  for (;; ++version) {
    const StateDict d = dict_of(version);
    progress.begun.store(version);
    save(d, path, {.fsync = version % 4 == 0});
    progress.finished.store(version);
  }
}

TEST(Crash, TheFileIsAlwaysTheOldOneOrTheNewOneWhole) {
  const TemporaryFolder folder;
  const auto path = folder.path() / "model.pth";
  void* shared = ::mmap(nullptr, sizeof(Progress), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  ASSERT_NE(shared, MAP_FAILED);
  auto& progress = *new (shared) Progress;

  save(dict_of(1), path);
  std::uint64_t last = 1;
  int while_saving = 0;
  int new_ones = 0;
  std::size_t leftovers = 0;
  std::mt19937 random(20260);
  for (int kill = 0; kill < kKills; ++kill) {
    SCOPED_TRACE(fmt::format("kill {} of {}", kill + 1, kKills));
    progress.begun.store(last);
    progress.finished.store(last);
    const pid_t child = ::fork();
    if (child == 0) save_for_ever(path, last + 1, progress);
    ASSERT_GT(child, 0);
    // From before the first save to amid a later one.
    constexpr int kLongestWait = 25'000;
    std::this_thread::sleep_for(std::chrono::microseconds(random() % kLongestWait));
    ::kill(child, SIGKILL);
    int status = 0;
    ASSERT_EQ(::waitpid(child, &status, 0), child);
    ASSERT_TRUE(WIFSIGNALED(status)) << "saving failed by itself";

    const std::uint64_t begun = progress.begun.load();
    const std::uint64_t finished = progress.finished.load();
    const std::uint64_t now = version_in(path);
    EXPECT_TRUE(now == finished || now == begun) << now << ", saved " << finished << ", begun " << begun;
    if (begun != finished) {
      ++while_saving;
      new_ones += now == begun ? 1 : 0;
    }
    leftovers +=
        static_cast<std::size_t>(std::distance(std::filesystem::directory_iterator(folder.path()), {})) - 1;
    last = now;
    ASSERT_FALSE(HasFailure());
  }
  save(dict_of(last + 1), path);
  EXPECT_EQ(version_in(path), last + 1);
  EXPECT_EQ(std::distance(std::filesystem::directory_iterator(folder.path()), {}), 1) << "leftovers stay";
  std::cout << "[ cases ] " << kKills << " kills, " << while_saving << " of them while saving: " << new_ones
            << " times the new file was in place; " << leftovers << " leftovers met; " << last
            << " files saved\n";
  // Else the moments were not where it hurts.
  EXPECT_GT(while_saving, kKills / 10);
  EXPECT_GT(leftovers, 0u);
  ::munmap(shared, sizeof(Progress));
}

}  // namespace
}  // namespace ballast::testing
