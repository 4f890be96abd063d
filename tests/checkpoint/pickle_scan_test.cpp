// What a pickle names and calls.
#include "ballast/checkpoint/pickle/pickle_scan.h"

#include <iostream>

#include "tests/checkpoint/craft.h"
#include "tests/support/golden.h"
#include <gtest/gtest.h>

namespace ballast::testing {
namespace {

using checkpoint::PickleScan;
using checkpoint::scan_pickle;
using namespace std::string_literals;

/// "os.system called 2 at 4, os.path named 10; a call of what: 3; problem", in short.
std::string said(const PickleScan& scan) {
  static constexpr const char* kUses[] = {"named", "state", "called"};
  static constexpr const char* kUnknown[] = {"computed name", "long name", "computed call", "extension",
                                             "no function"};
  std::string text;
  const auto add = [&](const std::string& more) { text += (text.empty() ? "" : "; ") + more; };
  for (const auto& n : scan.names) {
    std::string one(n.module);
    one += "." + std::string(n.name) + " " + kUses[static_cast<int>(n.use)] + " " + std::to_string(n.byte);
    if (n.used_at != n.byte) one += "-" + std::to_string(n.used_at);
    add(n.times > 1 ? one + " x" + std::to_string(n.times) : one);
  }
  for (const auto& u : scan.unknown) add(kUnknown[static_cast<int>(u.what)] + (" " + std::to_string(u.byte)));
  if (!scan.problem.empty()) add("stops at " + std::to_string(scan.end) + ": " + scan.problem);
  return text;
}
std::string scanned(const std::string& bytes) { return said(scan_pickle(bytes, {})); }

TEST(PickleScan, FollowsNamesThroughStackAndMemo) {
  const std::string os = "\x8c\x02os"s, system = "\x8c\x06system"s;
  const struct {
    const char* what;
    std::string pickle;
    const char* expected;
  } cases[] = {
      {"GLOBAL",
       "\x80\x02"
       "cos\nsystem\n."s,
       "os.system named 2"},
      {"REDUCE", "cos\nsystem\n)R.", "os.system called 0-12"},
      {"NEWOBJ", "cos\nsystem\n)\x81.", "os.system called 0-12"},
      {"NEWOBJ_EX", "cos\nsystem\n)}\x92.", "os.system called 0-13"},
      {"INST", "(S'x'\nios\nsystem\n.", "os.system called 6"},
      {"OBJ", "(cos\nsystem\nNo.", "os.system called 1-13"},
      {"BUILD of the name itself", "cos\nsystem\n}b.", "os.system state 0-12"},
      {"STACK_GLOBAL", os + system + "\x93.", "os.system named 12"},
      {"names through the memo", os + "\x94" + system + "\x94" + "00h\x00h\x01\x93."s, "os.system named 20"},
      {"names through PUT and GET of protocol 0", "Vos\np7\n0Vsystem\np8\n0g7\ng8\n\x93.",
       "os.system named 26"},
      {"a callable through the memo",
       "cos\nsystem\nq\x05"
       "0Nh\x05)R."s,
       "os.system called 0-18"},
      {"names with escapes", "S'\\x6f\\163'\nV\\u0073ystem\n\x93.", "os.system named 25"},
      {"DUP", "cos\nsystem\n2)R.", "os.system called 0-13"},
      {"a name that is popped", "cos\nsystem\n0N.", "os.system named 0"},
      {"a name in a tuple in a dict", "}Ncos\nsystem\n\x85s.", "os.system named 2"},
      {"the same name again", "cos\nsystem\ncos\nsystem\n)R\x86.", "os.system called 0-23 x2"},
      {"two names", "cos\nsystem\ncos\npopen\n\x86.", "os.system named 0; os.popen named 11"},
      {"a name that is computed", "cposix\nx\n)RVsystem\n\x93.", "posix.x called 0-10; computed name 19"},
      {"a call of what a call gave", "cfunctools\npartial\n)R)R.",
       "functools.partial called 0-20; computed call 22"},
      {"a call of a number", "K\x01)R.", "no function 3"},
      {"extensions", "\x82\x01\x83\x01\x00\x84\x01\x00\x00\x00."s, "extension 0"},
      {"marks", "(cos\nsystem\n((1(NNt.", "os.system named 1"},
      {"a stack that is empty", "R00b(sastlocos\nsystem\n.", "os.system named 11; no function 0"},
      {"text of any instruction for one", "T\x02\0\0\0osU\x06system\x93."s, "os.system named 15"},
      {"long instructions", "\x8d\x02\0\0\0\0\0\0\0osX\x06\0\0\0system\x93."s, "os.system named 22"},
      {"data that looks like instructions",
       "C\x0b"
       "cos\nsystem\n."s,
       ""},
      {"no STOP", "cos\nsystem\n", "os.system named 0; stops at 11: the pickle ends without STOP"},
      {"no instruction", "cos\nsystem\n\xff",
       "os.system named 0; stops at 11: 0xff is no pickle instruction"},
  };
  for (const auto& c : cases) EXPECT_EQ(scanned(c.pickle), c.expected) << c.what;
  std::cout << "[ cases ] " << std::size(cases) << " pickles\n";
}

TEST(PickleScan, EndsAtStop) {
  const std::string two = pickle(global("a", "B")) + pickle("N");
  EXPECT_EQ(scan_pickle(two, {}).end, 8u);
  EXPECT_EQ(scan_pickle(two, {}).names.size(), 1u);
}

TEST(PickleScan, SurvivesEveryCutAndEveryByte) {
  const std::string good =
      "\x80\x04\x95\x10\0\0\0\0\0\0\0(\x8c\x02os\x94\x8c\x06system\x94\x93(Kc\x8a\x02\1\2t\x85R}\x94(VK\nNuQb."s;
  std::size_t cases = 0;
  for (std::size_t n = 0; n <= good.size(); ++n) {
    const PickleScan scan = scan_pickle(std::string_view(good).substr(0, n), {});
    EXPECT_EQ(scan.problem.empty(), n == good.size());
    EXPECT_LE(scan.end, n);
    ++cases;
  }
  for (std::size_t at = 0; at < good.size(); ++at) {
    for (int b = 0; b < 256; ++b) {
      std::string bent = good;
      bent[at] = static_cast<char>(b);
      EXPECT_LE(scan_pickle(bent, {}).end, bent.size());
      ++cases;
    }
  }
  std::cout << "[ cases ] " << cases << " bent pickles\n";
}

TEST(PickleScan, StopsAtLimits) {
  EXPECT_EQ(scanned(std::string(5000, 'N')), "stops at 5000: the pickle ends without STOP");
  checkpoint::LoadLimits limits;
  limits.stack = 100;
  EXPECT_EQ(said(scan_pickle(std::string(5000, 'N'), limits)),
            "stops at 99: more than 100 values on the stack (stack)");
  limits = {};
  limits.memo = 10;
  EXPECT_EQ(said(scan_pickle("N" + std::string(5000, '\x94'), limits)),
            "stops at 10: more than 10 values are remembered (memo)");
  const std::string name(2000, 'a');
  EXPECT_EQ(scanned("c" + name + "\nx\n."), "long name 0");
}

}  // namespace
}  // namespace ballast::testing
