#include "ballast/checkpoint/bytes/atomic_file.h"

#include <csignal>
#include <fstream>
#include <iostream>
#include <random>
#include <thread>

#include "tests/checkpoint/craft.h"
#include "tests/support/golden.h"
#include "tests/support/thrown.h"
#include <gtest/gtest.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "ballast/checkpoint/bytes/leftovers.h"

namespace ballast::testing {
namespace {

using checkpoint::AtomicFile;
using checkpoint::TemporaryName;
namespace fs = std::filesystem;

void put(const fs::path& path, const std::string& bytes, bool flush = false) {
  AtomicFile f(path);
  f.write(bytes.data(), bytes.size());
  f.commit(flush);
}

int error_of(const std::function<void()>& call) {
  try {
    call();
  } catch (const IoError& e) {
    return e.error_number();
  }
  return 0;
}

std::vector<std::string> names_in(const fs::path& folder) {
  std::vector<std::string> names;
  for (const auto& entry : fs::directory_iterator(folder)) names.push_back(entry.path().filename());
  std::sort(names.begin(), names.end());
  return names;
}

using Names = std::vector<std::string>;

TEST(AtomicFile, HoldsWhatWasWrittenInPiecesOfAnySize) {
  const TemporaryFolder folder;
  std::mt19937 random(1);
  const std::size_t sizes[] = {0, 1, 100, 4096, 65535, 65536, 65537, 300'000, 1 << 20, (1 << 20) + 1};
  for (int round = 0; round < 30; ++round) {
    std::string expected;
    AtomicFile f(folder.path() / "a");
    // Reserved: nothing, too little, and too much.
    if (round % 3 == 1) f.reserve(1000);
    if (round % 3 == 2) f.reserve(50 << 20);
    for (int piece = 0; piece < 12; ++piece) {
      const std::string bytes(sizes[random() % std::size(sizes)], static_cast<char>('a' + random() % 26));
      f.write(bytes.data(), bytes.size());
      expected += bytes;
      ASSERT_EQ(f.size(), expected.size());
    }
    f.commit(round % 2 == 0);
    ASSERT_EQ(read_file(folder.path() / "a"), expected) << round;
  }
  EXPECT_EQ(names_in(folder.path()), Names{"a"});
}

TEST(AtomicFile, WithoutCommitNothingHappens) {
  const TemporaryFolder folder;
  const auto path = folder.file("a", "old");
  {
    AtomicFile f(path);
    f.write("new", 3);
    EXPECT_EQ(names_in(folder.path()).size(), 2u);
  }
  EXPECT_EQ(read_file(path), "old");
  EXPECT_EQ(names_in(folder.path()), Names{"a"});
}

TEST(AtomicFile, ALinkIsFollowedAndStays) {
  const TemporaryFolder folder;
  fs::create_directory(folder.path() / "sub");
  fs::create_symlink("sub/second", folder.path() / "first");
  fs::create_symlink("target", folder.path() / "sub" / "second");
  const auto check = [&](const std::string& bytes) {
    put(folder.path() / "first", bytes);
    EXPECT_TRUE(fs::is_symlink(folder.path() / "first"));
    EXPECT_TRUE(fs::is_symlink(folder.path() / "sub" / "second"));
    EXPECT_EQ(read_file(folder.path() / "sub" / "target"), bytes);
  };
  check("through a link that leads nowhere yet");
  check("over what is there");
  EXPECT_EQ(names_in(folder.path() / "sub"), (Names{"second", "target"}));
}

TEST(AtomicFile, LinksThatLeadToThemselvesOrIntoNoFolderAreErrors) {
  const TemporaryFolder folder;
  fs::create_symlink("b", folder.path() / "a");
  fs::create_symlink("a", folder.path() / "b");
  EXPECT_EQ(error_of([&] { put(folder.path() / "a", "x"); }), ELOOP);
  fs::create_symlink("gone/file", folder.path() / "c");
  EXPECT_EQ(error_of([&] { put(folder.path() / "c", "x"); }), ENOENT);
  EXPECT_TRUE(fs::is_symlink(folder.path() / "c"));
  EXPECT_EQ(names_in(folder.path()), (Names{"a", "b", "c"}));
}

TEST(AtomicFile, FoldersAndPipesAreRefused) {
  const TemporaryFolder folder;
  const auto pipe = folder.path() / "pipe";
  ASSERT_EQ(::mkfifo(pipe.c_str(), 0600), 0);
  EXPECT_EQ(error_of([&] { put(pipe, "x"); }), EINVAL);
  EXPECT_TRUE(fs::is_fifo(pipe));
  EXPECT_EQ(error_of([&] { put(folder.path(), "x"); }), EISDIR);
  EXPECT_EQ(error_of([&] { put(folder.path() / "new" / "", "x"); }), EISDIR);
  EXPECT_EQ(error_of([&] { put(pipe / "below", "x"); }), ENOTDIR);
  EXPECT_EQ(names_in(folder.path()), Names{"pipe"});
}

TEST(AtomicFile, PermissionsStayAndNewFilesFollowTheUmask) {
  const TemporaryFolder folder;
  const auto mode = [&](const char* name) {
    struct stat s = {};
    EXPECT_EQ(::stat((folder.path() / name).c_str(), &s), 0);
    return s.st_mode & 07777;
  };
  for (const mode_t mask : {0000, 0022, 0077}) {
    const mode_t before = ::umask(mask);
    put(folder.path() / "new", "x");
    EXPECT_EQ(mode("new"), 0666 & ~mask);
    for (const mode_t old : {0600, 0640, 0666, 0755}) {
      ASSERT_EQ(::chmod(folder.file("old", "x").c_str(), old), 0);
      {
        AtomicFile f(folder.path() / "old");
        EXPECT_EQ(mode(TemporaryName("old").text(0).c_str()), old);
        f.commit(false);
      }
      EXPECT_EQ(mode("old"), old);
    }
    ::umask(before);
    fs::remove(folder.path() / "new");
  }
}

/// Runs `call` in a process of its own, as a user who may not write everything; true if it returned true.
bool as_nobody(const TemporaryFolder& folder, const std::function<bool()>& call) {
  constexpr uid_t kNobody = 65534;
  if (::geteuid() == 0 && ::chown(folder.path().c_str(), kNobody, kNobody) != 0) return false;
  const pid_t child = ::fork();
  if (child == 0) {
    if (::geteuid() == 0 && (::setegid(kNobody) != 0 || ::seteuid(kNobody) != 0)) ::_exit(2);
    ::_exit(call() ? 0 : 1);
  }
  int status = -1;
  return ::waitpid(child, &status, 0) == child && status == 0;
}

TEST(AtomicFile, WhatMayNotBeWrittenIsNotReplaced) {
  const TemporaryFolder folder;
  const auto path = folder.path() / "a";
  EXPECT_TRUE(as_nobody(folder, [&] {
    put(path, "old");
    ::chmod(path.c_str(), 0444);
    const bool file = error_of([&] { put(path, "new"); }) == EACCES;
    ::chmod(path.c_str(), 0644);
    ::chmod(folder.path().c_str(), 0555);
    const bool in_folder = error_of([&] { put(path, "new"); }) == EACCES;
    ::chmod(folder.path().c_str(), 0333);  // may be written, not read
    put(path, "newer", true);
    ::chmod(folder.path().c_str(), 0755);
    return file && in_folder;
  }));
  EXPECT_EQ(read_file(path), "newer");
  EXPECT_EQ(names_in(folder.path()), Names{"a"});
}

TEST(AtomicFile, OwnerAndGroupStayWhereTheSystemAllowsIt) {
  if (::geteuid() != 0) {
    std::cout << "skipped: only the superuser can give files away\n";
    GTEST_SKIP();
  }
  const TemporaryFolder folder;
  const auto path = folder.file("a", "old");
  constexpr uid_t kUser = 4711;
  constexpr gid_t kGroup = 4712;
  ASSERT_EQ(::chown(path.c_str(), kUser, kGroup), 0);
  ASSERT_EQ(::chmod(path.c_str(), 0664), 0);
  put(path, "new");
  struct stat s = {};
  ASSERT_EQ(::stat(path.c_str(), &s), 0);
  EXPECT_EQ(s.st_uid, kUser);
  EXPECT_EQ(s.st_gid, kGroup);
  EXPECT_EQ(s.st_mode & 0777, 0664u);
  // Who cannot keep the group lets its new one do no more than all may.
  ASSERT_EQ(::chmod(path.c_str(), 0666 & ~0004), 0);  // others may write, so that nobody may
  EXPECT_TRUE(as_nobody(folder, [&] {
    put(path, "newer");
    return true;
  }));
  ASSERT_EQ(::stat(path.c_str(), &s), 0);
  EXPECT_NE(s.st_gid, kGroup);
  EXPECT_EQ(s.st_mode & 0777, 0622u);
  EXPECT_EQ(read_file(path), "newer");
}

TEST(AtomicFile, AFolderThatIsGoneOrExchangedIsAnError) {
  const TemporaryFolder folder;
  const auto sub = folder.path() / "sub";
  const auto away = folder.path() / "away";
  fs::create_directory(sub);
  put(sub / "a", "old");
  {
    AtomicFile f(sub / "a");
    f.write("new", 3);
    fs::rename(sub, away);
    EXPECT_EQ(error_of([&] { f.commit(true); }), ENOENT);
  }
  EXPECT_EQ(read_file(away / "a"), "old");
  EXPECT_EQ(names_in(away), Names{"a"}) << "the temporary went with the folder, and is removed there";
  {
    AtomicFile f(away / "a");
    f.write("new", 3);
    fs::rename(away, sub);
    fs::create_directory(away);
    EXPECT_EQ(error_of([&] { f.commit(true); }), ENOENT);
  }
  EXPECT_EQ(read_file(sub / "a"), "old");
  EXPECT_TRUE(names_in(away).empty());
  {
    AtomicFile f(sub / "a");
    f.write("new", 3);
    fs::remove_all(sub);
    EXPECT_EQ(error_of([&] { f.commit(true); }), ENOENT);
  }
}

TEST(AtomicFile, TheWorkingFolderMayChangeMeanwhile) {
  const TemporaryFolder folder;
  const auto before = fs::current_path();
  fs::current_path(folder.path());
  {
    AtomicFile f("a");
    f.write("x", 1);
    fs::current_path(before);
    f.commit(true);
  }
  EXPECT_EQ(read_file(folder.path() / "a"), "x");
}

TEST(AtomicFile, ALimitOnFilesIsFoundWhenRoomIsReserved) {
  const TemporaryFolder folder;
  const auto path = folder.file("a", "old");
  const auto old_handler = std::signal(SIGXFSZ, SIG_IGN);
  rlimit old = {};
  ::getrlimit(RLIMIT_FSIZE, &old);
  rlimit small = old;
  small.rlim_cur = 4096;
  ::setrlimit(RLIMIT_FSIZE, &small);
  std::string text;
  const int error = error_of([&] {
    AtomicFile f(path);
    text = text_of<IoError>([&] { f.reserve(4097); });
    f.write(text.data(), 0);
    f.reserve(4097);
  });
  ::setrlimit(RLIMIT_FSIZE, &old);
  std::signal(SIGXFSZ, old_handler);
  EXPECT_EQ(error, EFBIG);
  EXPECT_NE(text.find("4097 bytes"), std::string::npos) << text;
  EXPECT_NE(text.find(path.string()), std::string::npos) << text;
  EXPECT_EQ(read_file(path), "old");
  EXPECT_EQ(names_in(folder.path()), Names{"a"});
}

TEST(Leftovers, NamesAreReadAsTheyAreWritten) {
  const TemporaryName name("model.pth");
  EXPECT_EQ(name.text(3), fmt::format(".model.pth.{}-3.tmp", ::getpid()));
  EXPECT_EQ(name.process_of(name.text(0)), ::getpid());
  EXPECT_EQ(name.process_of(".model.pth.12-0.tmp"), 12);
  for (const char* other :
       {"model.pth", ".model.pth.12-0", ".model.pth.12.tmp", ".model.pth.-12-0.tmp", ".model.pth.12--1.tmp",
        ".model.pth.12-0x.tmp", ".model.pth.x-0.tmp", ".model.pth..tmp", ".model.pth.tmp", ".model.pth",
        ".other.pth.12-0.tmp", ".model.pth.99999999999-0.tmp", ""}) {
    EXPECT_FALSE(name.process_of(other)) << other;
  }
  const TemporaryName long_name(std::string(250, 'x'));
  EXPECT_LT(long_name.text(1 << 30).size(), 255u);
  EXPECT_TRUE(long_name.process_of(long_name.text(0)));
}

/// The number of a process that is gone, and has not been given away again.
pid_t dead_process() {
  const pid_t child = ::fork();
  if (child == 0) ::_exit(0);
  ::waitpid(child, nullptr, 0);
  return child;
}

TEST(Leftovers, OfDeadProcessesAreRemovedAndNothingElse) {
  const TemporaryFolder folder;
  const auto dead = dead_process();
  const auto left = [&](pid_t process) { return fmt::format(".a.{}-0.tmp", process); };
  static_cast<void>(folder.file(left(dead), "half a file"));
  static_cast<void>(folder.file(left(::getpid()), "of an earlier process with our number"));
  const Names stay{left(::getppid()), fmt::format(".a.{}-0", dead), fmt::format(".b.{}-0.tmp", dead),
                   fmt::format("a.{}-0.tmp", dead)};
  for (const auto& name : stay) static_cast<void>(folder.file(name, "x"));
  const auto link = fmt::format(".a.{}-1.tmp", dead);
  fs::create_symlink("elsewhere", folder.path() / link);
  put(folder.path() / "a", "new");
  Names expected = stay;
  expected.push_back("a");
  expected.push_back(link);
  std::sort(expected.begin(), expected.end());
  EXPECT_EQ(names_in(folder.path()), expected);
}

TEST(Leftovers, OfAKilledProcessAreRemovedByTheNextSave) {
  const TemporaryFolder folder;
  const auto path = folder.file("a", "old");
  const pid_t child = ::fork();
  if (child == 0) {
    AtomicFile f(path);
    f.reserve(1000);
    f.write(std::string(500, 'x').data(), 500);
    ::kill(::getpid(), SIGKILL);
  }
  ::waitpid(child, nullptr, 0);
  EXPECT_EQ(names_in(folder.path()).size(), 2u);
  EXPECT_EQ(read_file(path), "old");
  put(path, "new");
  EXPECT_EQ(names_in(folder.path()), Names{"a"});
}

TEST(Leftovers, WhatIsBeingWrittenStays) {
  const TemporaryFolder folder;
  const auto path = folder.path() / "a";
  AtomicFile ours(path);  // in this process
  ours.write("ours", 4);
  int ready[2];
  int go[2];
  ASSERT_EQ(::pipe(ready), 0);
  ASSERT_EQ(::pipe(go), 0);
  const pid_t child = ::fork();
  if (child == 0) {
    ::close(go[1]);
    AtomicFile theirs(path);
    theirs.write("theirs", 6);
    char c = 'r';
    static_cast<void>(!::write(ready[1], &c, 1));
    static_cast<void>(!::read(go[0], &c, 1));
    theirs.commit(false);
    ::_exit(0);
  }
  char c = 0;
  ASSERT_EQ(::read(ready[0], &c, 1), 1);
  put(path, "third");
  EXPECT_EQ(names_in(folder.path()).size(), 3u);
  ours.commit(false);
  EXPECT_EQ(read_file(path), "ours");
  ASSERT_EQ(::write(go[1], "g", 1), 1);
  int status = -1;
  ::waitpid(child, &status, 0);
  EXPECT_EQ(status, 0);
  EXPECT_EQ(read_file(path), "theirs");
  for (const int fd : {ready[0], ready[1], go[0], go[1]}) ::close(fd);
}

TEST(Leftovers, ThatAnotherProcessHoldsLockedStayThoughTheirNumberIsUnknownHere) {
  // As one of a container with process numbers of its own would look.
  const TemporaryFolder folder;
  const auto path = folder.path() / "a";
  AtomicFile f(path);
  const auto name = fmt::format(".a.{}-0.tmp", dead_process());
  fs::rename(folder.path() / TemporaryName("a").text(0), folder.path() / name);
  put(path, "x");
  EXPECT_EQ(names_in(folder.path()), (Names{name, "a"}));
  fs::remove(folder.path() / name);
}

TEST(AtomicFile, ThreadsThatSaveToOnePlaceDoNotMeet) {
  const TemporaryFolder folder;
  const auto path = folder.path() / "a";
  constexpr int kThreads = 4;
  constexpr int kRounds = 40;
  std::vector<std::thread> threads;
  std::atomic<int> failures{0};
  for (int t = 0; t < kThreads; ++t) {
    threads.emplace_back([&, t] {
      const std::string bytes(100'000, static_cast<char>('a' + t));
      for (int i = 0; i < kRounds; ++i) failures += error_of([&] { put(path, bytes); }) != 0 ? 1 : 0;
    });
  }
  for (int i = 0; i < kRounds; ++i) {
    std::error_code none;
    if (!fs::exists(path, none)) continue;
    const std::string bytes = read_file(path);
    EXPECT_EQ(bytes, std::string(100'000, bytes[0]));
  }
  for (auto& t : threads) t.join();
  EXPECT_EQ(failures, 0);
  EXPECT_EQ(names_in(folder.path()), Names{"a"});
}

}  // namespace
}  // namespace ballast::testing
