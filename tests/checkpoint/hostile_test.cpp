// Malicious and corrupt files: refused, or read as the data they are; never run, never slow, never large.
#include <algorithm>
#include <functional>
#include <iostream>
#include <iterator>

#include "tests/checkpoint/craft.h"
#include "tests/checkpoint/memory_file.h"
#include "tests/support/golden.h"
#include <gtest/gtest.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "ballast/checkpoint/load.h"
#include "ballast/checkpoint/save.h"
#include "ballast/core/sanitizer.h"

namespace ballast::testing {
namespace {

using checkpoint::LoadOptions;
using checkpoint::Verify;

constexpr int kLoaded = 0, kRefused = 10, kWrongError = 11;

constexpr double kSlower = kUnderSanitizer ? 10 : 1;

struct Outcome {
  int status = -1;     // of the exit, or minus the signal
  double seconds = 0;  // of CPU, which other processes do not lengthen
  double mebibytes = 0;
};

double seconds_of(const timeval& t) {
  return static_cast<double>(t.tv_sec) + 1e-6 * static_cast<double>(t.tv_usec);
}

/// What happens to a process of its own, in an empty folder, that does this.
Outcome in_child(const std::filesystem::path& folder, const std::function<void()>& work) {
  const pid_t child = ::fork();
  if (child == 0) {
    if (::chdir(folder.c_str()) != 0) ::_exit(99);
    ::alarm(static_cast<unsigned>(60 * kSlower));
    int status = kLoaded;
    try {
      work();
    } catch (const FormatError&) {
      status = kRefused;
    } catch (const LimitError&) {
      status = kRefused;
    } catch (...) {
      status = kWrongError;
    }
    ::_exit(status);
  }
  Outcome out;
  int status = 0;
  rusage used = {};
  ::wait4(child, &status, 0, &used);
  out.status = WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status);
  out.seconds = seconds_of(used.ru_utime) + seconds_of(used.ru_stime);
  out.mebibytes = static_cast<double>(used.ru_maxrss) / 1024;
  return out;
}

void use(const std::string& path, const LoadOptions& options) {
  const auto c = load(path, options);
  std::size_t letters = 0;
  for (const auto& t : c.tensors())
    letters += t.name.size() + static_cast<std::size_t>(t.value.tensor().sizes().size());
  ASSERT_LT(letters, std::size_t{1} << 30);
}

bool is_ours(const std::string& file) {
  constexpr std::string_view kEndings[] = {".pth", ".pt",  ".pkl",         ".gguf",
                                           ".npy", ".npz", ".safetensors", ".index.json"};
  return std::any_of(std::begin(kEndings), std::end(kEndings),
                     [&](std::string_view e) { return file.ends_with(e); });
}

TEST(Hostile, EveryFileIsRefusedOrReadSafely) {
  int cases = 0;
  int loaded = 0;
  for (const Json& e : read_json("hostile/expected.json")) {
    const std::string file = e["file"];
    if (!is_ours(file)) continue;
    SCOPED_TRACE(file + ": " + e["what"].get<std::string>());
    const TemporaryFolder folder;
    const auto inner = folder.path() / "empty";
    std::filesystem::create_directory(inner);
    for (const bool mmap : {true, false}) {
      const Outcome o = in_child(inner, [&] {
        use(data_path("hostile/" + file), {.mmap = mmap, .verify = mmap ? Verify::kBudget : Verify::kAll});
      });
      if (e["must"] == "refuse") {
        EXPECT_EQ(o.status, kRefused);
      } else {
        EXPECT_TRUE(o.status == kRefused || o.status == kLoaded) << o.status;
      }
      loaded += o.status == kLoaded;
      EXPECT_LT(o.seconds, 2 * kSlower);
      EXPECT_LT(o.mebibytes, 512 * kSlower);
      EXPECT_TRUE(std::filesystem::is_empty(inner));
      EXPECT_FALSE(std::filesystem::exists(folder.path() / "pwned.txt"));
    }
    ++cases;
  }
  std::cout << "[ cases ] " << cases << " of hostile/expected.json, twice each; " << loaded
            << " loads were safe\n";
  EXPECT_GT(cases, 0);
}

/// Loads bytes; anything but FormatError and LimitError is a failure, and so is a crash.
bool loads(const std::string& bytes, const LoadOptions& options = {}) {
  const MemoryFile file(bytes);
  try {
    const auto c = load(file.path(), options);
    for (const auto& t : c.tensors()) {
      const auto& v = t.value.tensor();
      if (v.layout == checkpoint::Layout::kStrided && v.numel() < 1000)
        static_cast<void>(bytes_of(v.resolved()));
    }
    return true;
  } catch (const FormatError&) {
  } catch (const LimitError&) {
  }
  return false;
}

TEST(Hostile, CutAnywhereIsRefused) {
  int cases = 0;
  for (const char* file :
       {"zip/mlp.pth", "zip/zip64.pth", "zip/deflated.pth", "legacy/mlp.pth", "legacy/views.pth"}) {
    const std::string good = read_file(data_path(std::string("checkpoints/") + file));
    ASSERT_TRUE(loads(good));
    for (std::size_t n = 0; n < good.size(); ++n, ++cases) {
      EXPECT_FALSE(loads(good.substr(0, n))) << file << " cut at " << n;
    }
  }
  std::cout << "[ cases ] " << cases << " cuts\n";
}

TEST(Hostile, FlippedBitsNeverCrash) {
  int cases = 0;
  int loaded = 0;
  for (const char* file :
       {"zip/mlp.pth", "zip/views.pth", "zip/protocol_5.pth", "zip/sparse.pth", "zip/quantized.pth",
        "legacy/mlp.pth", "legacy/sparse.pth", "legacy/shared_storage.pth", "legacy/whole_sequential.pth"}) {
    const std::string good = read_file(data_path(std::string("checkpoints/") + file));
    for (std::size_t at = 0; at < good.size(); ++at) {
      std::string bad = good;
      bad[at] = static_cast<char>(bad[at] ^ (1 << at % 8));
      loaded += loads(bad);
      ++cases;
    }
  }
  std::cout << "[ cases ] " << cases << " flipped bits, " << loaded << " in bytes that mean nothing\n";
  EXPECT_GT(cases, 0);
}

TEST(Hostile, FlippedBitsOfThePickleUnderATrueChecksumNeverCrash) {
  const std::string storage(64, 'x');
  const std::string good =
      pickle(global("collections", "OrderedDict") + ")R(" + text("a") + tensor(16, {4, 2}, {2, 1}, 3) +
             text("b") + tensor(16, {16}, {1}) + text("c") + "](K\1K\2e" + text("d") + tuple({"N", "\x88"}) +
             text("e") + global("__builtin__", "set") + "](K\1K\2e\x85R" + "u}" + text("_metadata") + "}(" +
             text("") + "}" + text("version") + "K\1s" + "usb");
  ASSERT_TRUE(loads(checkpoint_of(good, {storage})));
  int cases = 0;
  int loaded = 0;
  for (std::size_t at = 0; at < good.size(); ++at) {
    for (int change = 0; change < 11; ++change, ++cases) {
      constexpr char kOps[] = {'(', 't', 'R'};
      std::string bad = good;
      bad[at] = change < 8 ? static_cast<char>(bad[at] ^ (1 << change)) : kOps[change - 8];
      loaded += loads(checkpoint_of(bad, {storage}));
    }
  }
  std::cout << "[ cases ] " << cases << " changed pickles, " << loaded << " of them other data\n";
}

TEST(Hostile, SharingBombIsReadAndNamedInLinearTime) {
  // 100 lists, each twice in the next one: 2^100 places for one tensor.
  std::string body = "]" + tensor(1, {1}, {1}) + "aq";
  body += '\0';
  for (int i = 0; i < 100; ++i) {
    const char memo = static_cast<char>(i);
    body += std::string("0](h") + memo + "h" + memo + "eq" + static_cast<char>(i + 1);
  }
  const TemporaryFolder folder;
  const auto c = load(folder.file("bomb.pth", checkpoint_of(pickle(body), {"1234"})));
  EXPECT_FALSE(c.all_tensors_listed());
  EXPECT_GT(c.tensors().size(), 1u);
  EXPECT_EQ(c.storages().size(), 1u);
}

TEST(Hostile, DeepTreesAreWalkedSavedAndDestroyed) {
  constexpr int kDeep = 200'000;
  const TemporaryFolder folder;
  const auto c = load(
      folder.file("deep.pth", checkpoint_of(pickle(std::string(kDeep, ']') + std::string(kDeep - 1, 'a')))));
  std::size_t deepest = 0;
  checkpoint::walk(c.root(), [&](const checkpoint::Visit& v) {
    deepest = std::max(deepest, v.depth);
    return checkpoint::Walk::kInto;
  });
  EXPECT_EQ(deepest, static_cast<std::size_t>(kDeep - 1));
  save(c.root(), folder.path() / "again.pth", {.fsync = false});
  EXPECT_EQ(load(folder.path() / "again.pth").root().size(), 1u);
}

TEST(Hostile, TensorsAtEveryDepthDoNotMakeNamesOfQuadraticLength) {
  std::string body;
  constexpr int kDeep = 60'000;
  for (int i = 0; i < kDeep; ++i)
    body += "]" + (i == 0 ? tensor(1, {1}, {1}) + "q" + std::string(1, '\x50') : "h\x50") + "a";
  body += std::string(kDeep - 1, 'a');
  const TemporaryFolder folder;
  const auto c = load(folder.file("names.pth", checkpoint_of(pickle(body), {"1234"})));
  EXPECT_FALSE(c.all_tensors_listed());
}

TEST(Hostile, ALongKeyAtEveryDepthIsNotRepeatedInMemory) {
  constexpr int kDeep = 1'000'000;
  std::string body = text(std::string(256, 'k')) + "q\1" + "0}";
  for (int i = 0; i < kDeep; ++i) body += "h\1}";
  body += "h\1" + tensor(1, {1}, {1}) + std::string(kDeep + 1, 's');
  const TemporaryFolder folder;
  const auto path = folder.file("keys.pth", checkpoint_of(pickle(body), {"1234"}));
  const Outcome o = in_child(folder.path(), [&] {
    if (load(path).all_tensors_listed()) ::_exit(1);
  });
  EXPECT_EQ(o.status, kLoaded);
  EXPECT_LT(o.seconds, 2 * kSlower);
  EXPECT_LT(o.mebibytes, 512 * kSlower);
}

TEST(Hostile, ATreeAMillionDeepIsNamedInLinearTime) {
  constexpr int kDeep = 1'000'000;
  const TemporaryFolder folder;
  const auto path =
      folder.file("deep.pth", checkpoint_of(pickle(std::string(kDeep, ']') + std::string(kDeep - 1, 'a'))));
  const Outcome o = in_child(folder.path(), [&] { static_cast<void>(load(path)); });
  EXPECT_EQ(o.status, kLoaded);
  EXPECT_LT(o.seconds, 2 * kSlower);
}

TEST(Hostile, TensorsInRepeatedPlacesAreListedUpToALimit) {
  struct Case {
    const char* what;
    std::string body;
  };
  std::string in_lists = "](" + tensor(1, {1}, {1}) + "q\1";
  for (int i = 0; i < 63; ++i) in_lists += "h\1";
  in_lists += "eq\2";
  for (char level = 2; level < 5; ++level) {  // 64 lists of 64 lists of 64 lists
    in_lists += "0](";
    for (int i = 0; i < 64; ++i) in_lists += std::string("h") + level;
    in_lists += std::string("eq") + static_cast<char>(level + 1);
  }
  std::string alone = "](" + tensor(1, {1}, {1}) + "q\1";
  for (int i = 0; i < 1'000'000; ++i) alone += "h\1";
  std::string with_numbers = "](" + tensor(1, {1}, {1});
  for (int i = 0; i < 100'000; ++i) with_numbers += "N";
  with_numbers +=
      "eq\1"
      "0](";
  for (int i = 0; i < 100'000; ++i) with_numbers += "h\1";
  const Case cases[] = {{"in lists in lists", in_lists},
                        {"in one list", alone + "e"},
                        {"in one list with much else", with_numbers + "e"}};
  const TemporaryFolder folder;
  for (const Case& c : cases) {
    SCOPED_TRACE(c.what);
    const auto path = folder.file("places.pth", checkpoint_of(pickle(c.body), {"1234"}));
    const Outcome o = in_child(folder.path(), [&] {
      const auto found = load(path);
      if (found.all_tensors_listed() || found.tensors().empty() || found.tensors().size() > 100'000)
        ::_exit(1);
    });
    EXPECT_EQ(o.status, kLoaded);
    EXPECT_LT(o.seconds, 2 * kSlower);
    EXPECT_LT(o.mebibytes, 512 * kSlower);
  }
}

TEST(Hostile, CopiesOfOneObjectAreCounted) {
  // A list of 100,000 values, made into a set 20,000 times.
  std::string items = "](";
  for (int i = 0; i < 100'000; ++i) items += "J" + little(static_cast<std::uint64_t>(i), 4);
  std::string body = items + "e\x85q" + '\1' + global("__builtin__", "set") + "q" + '\2' + "0](";
  body[body.size() - 3] = '0';
  std::string sets;
  for (int i = 0; i < 20'000; ++i) sets += "h\2h\1R";
  const TemporaryFolder folder;
  EXPECT_THROW(
      static_cast<void>(load(folder.file("copies.pth", checkpoint_of(pickle("0" + body + sets + "e"))))),
      Error);
  EXPECT_THROW(static_cast<void>(load(folder.file(
                   "copies.pth", checkpoint_of(pickle(items + "e\x85q\1" + global("__builtin__", "set") +
                                                      "q\2(" + sets + "t\x87"))))),
               LimitError);
}

}  // namespace
}  // namespace ballast::testing
