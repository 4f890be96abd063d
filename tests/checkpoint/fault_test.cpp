// Every call to the system that saving makes fails in turn, in every way it can: the old file stays whole, or the new one is.
#include <cerrno>
#include <csignal>
#include <iostream>
#include <map>
#include <optional>

#include "tests/checkpoint/craft.h"
#include "tests/checkpoint/fault_shim.h"
#include "tests/support/golden.h"
#include <gtest/gtest.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "ballast/checkpoint/load.h"
#include "ballast/checkpoint/save.h"

namespace ballast::testing {
namespace {

using faults::Action;

/// A large tensor, which is written from where it is, and small ones, which are gathered; all filled with one letter.
StateDict dict_of(char letter) {
  StateDict d;
  constexpr std::int64_t kLarge = (std::int64_t{5} << 18) + 1;
  d.insert("large", tensor_of_bytes(std::string(kLarge, letter), kUInt8, {kLarge}));
  for (int i = 0; i < 10; ++i)
    d.insert(fmt::format("small.{}", i), tensor_of_bytes(std::string(100, letter), kUInt8, {100}));
  return d;
}

/// The letter of a whole file; nothing if there is no file; a failure if it is anything else.
std::optional<char> letter_in(const std::filesystem::path& path) {
  if (!std::filesystem::exists(path)) return {};
  const StateDict d = load(path, {.verify = checkpoint::Verify::kAll});
  const char letter = bytes_of(d["small.0"])[0];
  const StateDict expected = dict_of(letter);
  EXPECT_EQ(d.keys(), expected.keys());
  for (const auto& [name, t] : expected) EXPECT_EQ(bytes_of(d[name]), bytes_of(t)) << name;
  return letter;
}

std::size_t files_in(const std::filesystem::path& folder) {
  return static_cast<std::size_t>(std::distance(std::filesystem::directory_iterator(folder), {}));
}

struct Attempt {
  faults::Outcome outcome;
  std::optional<int> error;  ///< errno of the IoError
  std::string text;
};

Attempt attempt(const StateDict& dict, const std::filesystem::path& path, bool fsync,
                const faults::Plan& plan) {
  Attempt a;
  faults::arm(plan);
  try {
    save(dict, path, {.fsync = fsync});
  } catch (const IoError& e) {
    a.error = e.error_number();
    a.text = e.what();
    EXPECT_EQ(e.file(), path.string());
  }
  a.outcome = faults::disarm();
  return a;
}

/// What saving may do without: taking over permissions, looking for leftovers, locks, and closing what is flushed already.
bool may_be_done_without(const std::string& call, int error) {
  if (call == "fallocate") return error == EOPNOTSUPP;
  return call == "openat" || call == "open" || call == "flock" || call == "fchmod" || call == "fchown" ||
         call == "close" || call == "fstat";
}

class Faults : public ::testing::TestWithParam<std::tuple<bool, bool>> {
 protected:
  /// With an old file of letter 'a', or without one.
  void begin_with(bool old, bool fsync) {
    std::filesystem::remove(path_);
    if (old) save(dict_of('a'), path_, {.fsync = fsync});
  }
  const TemporaryFolder folder_;
  const std::filesystem::path path_ = folder_.path() / "model.pth";
};

TEST_P(Faults, EveryCallFailsInTurnAndNothingIsLost) {
  const auto [old, fsync] = GetParam();
  const StateDict dict = dict_of('b');
  int failures = 0;
  int tolerated = 0;
  std::map<std::string, int> met;
  for (const int error : {EIO, ENOSPC, EDQUOT, EOPNOTSUPP}) {
    for (int n = 1;; ++n) {
      SCOPED_TRACE(fmt::format("call {} fails with errno {}", n, error));
      begin_with(old, fsync);
      const Attempt a = attempt(dict, path_, fsync, {.at = n, .action = Action::kFail, .error = error});
      if (a.outcome.hit.empty()) {
        EXPECT_FALSE(a.error) << a.text;
        break;
      }
      SCOPED_TRACE(a.outcome.hit);
      ++met[a.outcome.hit];
      EXPECT_EQ(files_in(folder_.path()), letter_in(path_) ? 1u : 0u) << "a temporary is left";
      if (!a.error) {
        EXPECT_TRUE(may_be_done_without(a.outcome.hit, error));
        EXPECT_EQ(letter_in(path_), 'b');
        ++tolerated;
        continue;
      }
      ++failures;
      EXPECT_EQ(*a.error, error) << a.text;
      const bool is_folders_flush =
          a.outcome.hit == "fsync" && a.text.find("the folder") != std::string::npos;
      EXPECT_EQ(letter_in(path_), is_folders_flush ? std::optional('b')
                                  : old            ? std::optional('a')
                                                   : std::nullopt)
          << a.text;
      save(dict, path_, {.fsync = fsync});  // and the next one works
      EXPECT_EQ(letter_in(path_), 'b');
    }
  }
  for (const std::string call : {"write", "renameat", "fallocate", "ftruncate"})
    EXPECT_GE(met[call], 4) << call;
  EXPECT_EQ(met["fsync"], fsync ? 8 : 0);
  std::cout << "[ cases ] " << failures << " failures that saving reports, " << tolerated
            << " that it can do without\n";
}

TEST_P(Faults, InterruptedAndShortCallsAreContinued) {
  const auto [old, fsync] = GetParam();
  const StateDict dict = dict_of('b');
  int cases = 0;
  for (const Action action : {Action::kRepeat, Action::kShort}) {
    for (int n = 1;; ++n) {
      begin_with(old, fsync);
      const Attempt a = attempt(dict, path_, fsync, {.at = n, .action = action});
      if (a.outcome.hit.empty()) break;
      // Looking at a file, and changing its owner, are never interrupted.
      if (action == Action::kRepeat && (a.outcome.hit == "stat" || a.outcome.hit == "fstat")) continue;
      SCOPED_TRACE(fmt::format("call {}, {}", n, a.outcome.hit));
      EXPECT_FALSE(a.error) << a.text;
      EXPECT_EQ(letter_in(path_), 'b');
      EXPECT_EQ(files_in(folder_.path()), 1u);
      ++cases;
    }
  }
  std::cout << "[ cases ] " << cases << " interruptions and short writes\n";
  EXPECT_GT(cases, 20);
}

TEST_P(Faults, KilledAtEveryCallTheFileIsTheOldOneOrTheNew) {
  const auto [old, fsync] = GetParam();
  const StateDict dict = dict_of('b');
  int old_ones = 0;
  int new_ones = 0;
  int left = 0;
  for (int n = 1;; ++n) {
    SCOPED_TRACE(fmt::format("killed at call {}", n));
    begin_with(old, fsync);
    const pid_t child = ::fork();
    if (child == 0) {
      attempt(dict, path_, fsync, {.at = n, .action = Action::kKill});
      ::_exit(0);
    }
    int status = 0;
    ASSERT_EQ(::waitpid(child, &status, 0), child);
    const auto letter = letter_in(path_);
    if (WIFEXITED(status)) {
      EXPECT_EQ(WEXITSTATUS(status), 0);
      EXPECT_EQ(letter, 'b');
      break;
    }
    ASSERT_TRUE(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
    if (letter == 'b') {
      ++new_ones;
    } else {
      EXPECT_EQ(letter, old ? std::optional('a') : std::nullopt);
      ++old_ones;
    }
    left += files_in(folder_.path()) > (letter ? 1u : 0u) ? 1 : 0;
    save(dict, path_, {.fsync = fsync});  // removes what the killed process left
    EXPECT_EQ(files_in(folder_.path()), 1u);
    EXPECT_EQ(letter_in(path_), 'b');
  }
  std::cout << "[ cases ] killed at each call: " << old_ones << " times the old file, " << new_ones
            << " times the new one; " << left << " leftovers removed\n";
  EXPECT_GT(old_ones, 0);
  EXPECT_GT(new_ones, 0);
  EXPECT_GT(left, 0);
}

INSTANTIATE_TEST_SUITE_P(Checkpoint, Faults, ::testing::Combine(::testing::Bool(), ::testing::Bool()),
                         [](const auto& params) {
                           return std::string(std::get<0>(params.param) ? "OverAnOldFile" : "New") +
                                  (std::get<1>(params.param) ? "Flushed" : "NotFlushed");
                         });

TEST(FullDisk, IsFoundBeforeAnythingIsWritten) {
  const TemporaryFolder folder;
  const auto path = folder.path() / "model.pth";
  save(dict_of('a'), path);
  const Attempt a = attempt(dict_of('b'), path, true,
                            {.at = 1, .action = Action::kFail, .error = ENOSPC, .only = "fallocate"});
  EXPECT_EQ(a.error, ENOSPC);
  EXPECT_NE(a.text.find("No space left on device"), std::string::npos) << a.text;
  EXPECT_EQ(std::count(a.outcome.calls.begin(), a.outcome.calls.end(), "write"), 0);
  EXPECT_EQ(letter_in(path), 'a');
}

TEST(FullDisk, IsFoundByAnyWriteWhereRoomCannotBeReserved) {
  const TemporaryFolder folder;
  const auto path = folder.path() / "model.pth";
  save(dict_of('a'), path);
  int writes = 0;
  for (;; ++writes) {
    const Attempt a = attempt(dict_of('b'), path, true,
                              {.at = writes + 1, .action = Action::kFail, .error = ENOSPC, .only = "write"});
    if (a.outcome.hit.empty()) break;
    EXPECT_EQ(a.error, ENOSPC);
    EXPECT_EQ(letter_in(path), 'a');
    EXPECT_EQ(files_in(folder.path()), 1u);
  }
  EXPECT_GE(writes, 3);
}

}  // namespace
}  // namespace ballast::testing
