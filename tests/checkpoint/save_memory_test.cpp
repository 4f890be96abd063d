// Saving takes a few MiB of memory beyond the tensors, whatever their size.
#include <fstream>
#include <iostream>

#include "tests/checkpoint/craft.h"
#include "tests/support/golden.h"
#include <fmt/format.h>
#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include "ballast/checkpoint/load.h"
#include "ballast/checkpoint/save.h"
#include "ballast/core/sanitizer.h"

namespace ballast::testing {
namespace {

constexpr std::int64_t kMiB = 1 << 20;
constexpr long kMostExtra = 8 << 10;  // KiB

/// Peak resident memory of this process in KiB, since it was last reset.
long peak() {
  std::ifstream status("/proc/self/status");
  std::string line;
  while (std::getline(status, line))
    if (line.starts_with("VmHWM:")) return std::stol(line.substr(6));
  return -1;
}

void reset_peak() { std::ofstream("/proc/self/clear_refs") << "5"; }

StateDict filled(int tensors, std::int64_t bytes) {
  StateDict d;
  for (int i = 0; i < tensors; ++i) {
    Tensor t = empty({bytes}, kUInt8);
    std::fill_n(static_cast<char*>(t.data_ptr()), bytes, static_cast<char>(i + 1));
    d.insert(fmt::format("tensor.{}", i), t);
  }
  return d;
}

StateDict mapped(const std::filesystem::path& path) {
  StateDict d = load(path, {.verify = checkpoint::Verify::kNone}).state_dict();
  long sum = 0;
  constexpr std::int64_t kPage = 4096;
  for (const auto& [name, t] : d)
    for (std::int64_t i = 0; i < t.numel(); i += kPage) sum += static_cast<const char*>(t.data_ptr())[i];
  EXPECT_NE(sum, 0);
  return d;
}

/// KiB that `use` added to the peak of a process that had the tensors in memory before; -1 if it could not be measured.
long extra_of(const std::function<StateDict()>& make, const std::function<void(const StateDict&)>& use) {
  int ends[2];
  if (::pipe(ends) != 0) return -1;
  const pid_t child = ::fork();
  if (child == 0) {
    const StateDict dict = make();
    reset_peak();
    const long before = peak();
    use(dict);
    const long extra = peak() - before;
    static_cast<void>(!::write(ends[1], &extra, sizeof extra));
    ::_exit(0);
  }
  long extra = -1;
  ::close(ends[1]);
  if (::read(ends[0], &extra, sizeof extra) != sizeof extra) extra = -1;
  ::close(ends[0]);
  ::waitpid(child, nullptr, 0);
  return extra;
}

TEST(SaveMemory, IsBoundedWhateverTheSizeOfTheTensors) {
  if (kUnderSanitizer) {
    std::cout << "skipped: a sanitizer has memory of its own\n";
    GTEST_SKIP();
  }
  const TemporaryFolder folder;
  const auto path = folder.path() / "a.pth";
  struct Case {
    int tensors;
    std::int64_t bytes;
  };
  const auto saving = [&](const StateDict& d) { save(d, path, {.fsync = false}); };
  for (const Case c : {Case{1, 16 * kMiB}, {1, 300 * kMiB}, {60, 5 * kMiB}, {3000, kMiB / 10}}) {
    const long fresh = extra_of([c] { return filled(c.tensors, c.bytes); }, saving);
    const long over = extra_of([&] { return mapped(path); }, saving);  // over the file that it is mapped from
    std::cout << fmt::format("[ measured ] {} tensors of {} KiB: {} KiB extra from memory, {} KiB mapped\n",
                             c.tensors, c.bytes >> 10, fresh, over);
    ASSERT_GE(fresh, 0);
    ASSERT_GE(over, 0);
    EXPECT_LT(fresh, kMostExtra);
    EXPECT_LT(over, kMostExtra);
    EXPECT_GE(std::filesystem::file_size(path), static_cast<std::uint64_t>(c.tensors * c.bytes));
  }
}

TEST(SaveMemory, ACopyWouldBeSeen) {
  if (kUnderSanitizer) GTEST_SKIP();
  const long copy =
      extra_of([] { return filled(1, 16 * kMiB); },
               [](const StateDict& d) { EXPECT_EQ(bytes_of(d["tensor.0"]).size(), 16u * kMiB); });
  EXPECT_GT(copy, 12 << 10);
}

}  // namespace
}  // namespace ballast::testing
