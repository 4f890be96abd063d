// `ballast show --tree` and `--columns`, and several files at once.
#include <algorithm>
#include <iostream>

#include "tests/checkpoint/craft.h"
#include "tests/tools/command.h"
#include <fmt/format.h>
#include <gtest/gtest.h>

namespace ballast::testing {
namespace {

const std::string kFolder = data_path("checkpoints/zip");

std::string shown(std::vector<std::string> arguments, const std::string& folder = kFolder) {
  arguments.insert(arguments.begin(), "show");
  const Outcome outcome = ballast_command(arguments, folder);
  EXPECT_EQ(outcome.status, 0) << outcome.error;
  EXPECT_EQ(outcome.error, "");
  return "\n" + outcome.out;
}

/// The table or the tree alone.
std::string table_of(const std::vector<std::string>& arguments, const std::string& folder = kFolder) {
  const std::string out = shown(arguments, folder);
  const std::size_t begin = out.find("\n\n") + 1;
  return out.substr(begin, out.find("\n\n", begin) + 1 - begin);
}

TEST(ShowTree, ModulesAreBranchesWithTheirSums) {
  EXPECT_EQ(shown({"lenet.pth", "--tree"}), R"(
lenet.pth: torch-zip, 245 KiB

name          shape          dtype    parameters     bytes
features      (4 tensors)    float32       2,572  10.0 KiB
├─ 0          (2 tensors)    float32         156     624 B
│  ├─ weight  [6, 1, 5, 5]   float32         150     600 B
│  └─ bias    [6]            float32           6      24 B
└─ 3          (2 tensors)    float32       2,416  9.44 KiB
   ├─ weight  [16, 6, 5, 5]  float32       2,400  9.38 KiB
   └─ bias    [16]           float32          16      64 B
classifier    (6 tensors)    float32      59,134   231 KiB
├─ 1          (2 tensors)    float32      48,120   188 KiB
│  ├─ weight  [120, 400]     float32      48,000   188 KiB
│  └─ bias    [120]          float32         120     480 B
├─ 3          (2 tensors)    float32      10,164  39.7 KiB
│  ├─ weight  [84, 120]      float32      10,080  39.4 KiB
│  └─ bias    [84]           float32          84     336 B
└─ 5          (2 tensors)    float32         850  3.32 KiB
   ├─ weight  [10, 84]       float32         840  3.28 KiB
   └─ bias    [10]           float32          10      40 B

10 tensors, 61,706 parameters, 246,824 bytes (241 KiB)
)");
}

TEST(ShowTree, SharedTensorsAreMarkedAndOneMayHaveBranches) {
  EXPECT_EQ(table_of({"shared_storage.pth", "--tree", "--filter", "[cq]*"}), R"(
name     shape       dtype    parameters  bytes  shared
c        (1 tensor)  float32           3   12 B
└─ part  [3]         float32           3   12 B
q        [2, 2]      float32           4   16 B  #1
└─ data  [2, 2]      float32           4   16 B  #1
)");
}

TEST(ShowTree, DepthFoldsBranches) {
  EXPECT_EQ(table_of({"training.pth", "--tree", "--depth", "2"}), R"(
name                  shape         dtype    parameters     bytes
model_state_dict      (9 tensors)   mixed            36     148 B
├─ 0                  (2 tensors)   float32          15      60 B
├─ 1                  (5 tensors)   mixed            13      56 B
└─ 3                  (2 tensors)   float32           8      32 B
optimizer_state_dict  (18 tensors)  float32          64     256 B
└─ state              (18 tensors)  float32          64     256 B
rng_state             [5056]        uint8         5,056  4.94 KiB
)");
  EXPECT_EQ(table_of({"mlp.pth", "--tree", "--depth", "0"}), R"(
name  shape        dtype    parameters  bytes
*     (4 tensors)  float32          49  196 B
)");
  EXPECT_EQ(table_of({"mlp.pth", "--tree", "--depth", "9999"}), table_of({"mlp.pth", "--tree"}));
}

TEST(ShowTree, IsSortedBranchByBranch) {
  EXPECT_EQ(table_of({"training.pth", "--tree", "--depth", "1", "--sort", "size"}), R"(
name                  shape         dtype    parameters     bytes
rng_state             [5056]        uint8         5,056  4.94 KiB
optimizer_state_dict  (18 tensors)  float32          64     256 B
model_state_dict      (9 tensors)   mixed            36     148 B
)");
  EXPECT_EQ(table_of({"mlp.pth", "--tree", "--sort", "name", "--columns", "name"}), R"(
name
0
├─ bias
└─ weight
2
├─ bias
└─ weight
)");
}

TEST(ShowTree, ASumOfEveryBranchIsTheSumOfItsTensors) {
  // The leaves of the tree are the rows of the table, and each module comes to what is below it.
  const Outcome tree =
      ballast_command({"show", "training.pth", "--tree", "--columns", "name,parameters"}, kFolder);
  const Json json = shown_json({kFolder + "/training.pth"});
  for (const char* module : {"model_state_dict", "optimizer_state_dict"}) {
    std::uint64_t sum = 0;
    for (const Json& t : json["tensors"]) {
      if (t["name"].get<std::string>().starts_with(std::string(module) + "."))
        sum += t["numel"].get<std::uint64_t>();
    }
    const std::size_t at = tree.out.find("\n" + std::string(module));
    ASSERT_NE(at, std::string::npos);
    const std::string row = tree.out.substr(at + 1, tree.out.find('\n', at + 1) - at - 1);
    EXPECT_TRUE(row.ends_with(fmt::format(" {}", sum))) << row << ", not " << sum;
  }
}

TEST(ShowTree, OneTensorAndNoneAreNoTree) {
  EXPECT_EQ(shown({"tensor_alone.pth", "--tree"}), shown({"tensor_alone.pth"}));
  const TemporaryFolder folder;
  static_cast<void>(folder.file("x.pth", checkpoint_of(pickle("N"))));
  EXPECT_EQ(shown({"x.pth", "--tree"}, folder.path()), shown({"x.pth"}, folder.path()));
}

TEST(ShowTree, HostileNamesDrawNoMoreThanTheyWeigh) {
  // A hundred thousand dots would be as many levels, each of which indents the next.
  const TemporaryFolder folder;
  const std::string dots(100'000, '.');
  static_cast<void>(folder.file(
      "x.pth", checkpoint_of(pickle("}(" + text("a" + dots) + tensor(1, {1}, {1}) + text("") +
                                    tensor(1, {1}, {1}) + text("a.\x1b[2J") + tensor(1, {1}, {1}) + "u"),
                             {"1234"})));
  const std::string out = shown({"x.pth", "--tree"}, folder.path());
  EXPECT_LT(out.size(), 1'000'000u);
  EXPECT_EQ(out.find('\x1b'), std::string::npos);
  EXPECT_NE(out.find("\\x1b[2J"), std::string::npos);
}

TEST(ShowColumns, AreThoseThatWereAskedForInThatOrder) {
  EXPECT_EQ(
      table_of({"shared_storage.pth", "--columns", "bytes,name,shared,storage,offset,stride,requires_grad"}),
      R"(
bytes  name          shared  storage  offset  stride  requires_grad
 24 B  a.weight      #1            0       0  [3, 1]  no
 24 B  b.weight      #1            0       0  [3, 1]  no
 12 B  c.part        #1            0       3  [1]     no
 24 B  d.transposed  #1            0       0  [1, 3]  no
 16 B  p             #2            1       0  [2, 1]  yes
 16 B  q             #2            1       0  [2, 1]  yes
 16 B  q.data        #2            1       0  [2, 1]  no
 24 B  own                         2       0  [3, 1]  no
)");
  EXPECT_EQ(table_of({"mlp.pth", "--columns=name,shared,dtype"}), R"(
name      shared  dtype
0.weight          float32
0.bias            float32
2.weight          float32
2.bias            float32
)") << "a column that was asked for is there though it is empty";
  EXPECT_EQ(table_of({"training.pth", "--columns", "dtype,bytes", "--depth", "1"}), R"(
dtype       bytes
mixed       148 B
float32     256 B
uint8    4.94 KiB
)");
}

TEST(ShowColumns, HashIsAColumnToo) {
  const std::string hashes = table_of({"mlp.pth", "--columns", "name,sha256"});
  EXPECT_EQ(table_of({"mlp.pth", "--columns", "name", "--hash"}), hashes);
  const Json json = shown_json({kFolder + "/mlp.pth", "--hash"});
  for (const Json& t : json["tensors"])
    EXPECT_NE(hashes.find(t["sha256"].get<std::string>()), std::string::npos) << hashes;
}

TEST(ShowColumns, WhatIsNoColumnIsToldAndWhichOneWasMeant) {
  const std::string all =
      "name, shape, stride, dtype, parameters, bytes, shared, requires_grad, storage, offset, sha256";
  const std::pair<std::string, std::string> cases[] = {
      {"help", "--columns: 'help' is none of " + all},
      {"name,shpae", "--columns: 'shpae' is none of " + all + "; did you mean shape?"},
      {"name, shape", "--columns: ' shape' is none of " + all + "; did you mean shape?"},
      {"name,,shape", "--columns: '' is none of " + all},
      {"name,", "--columns: 'name,' ends in a comma"},
      {"", "--columns: '' is none of " + all},
  };
  for (const auto& [list, says] : cases) {
    const Outcome outcome = ballast_command({"show", "mlp.pth", "--columns", list}, kFolder);
    EXPECT_EQ(outcome.status, 2);
    EXPECT_EQ(outcome.out, "");
    EXPECT_EQ(outcome.error, "ballast: " + says + "\n");
  }
  EXPECT_EQ(ballast_command({"show", "mlp.pth", "--tree", "--columns", "bytes"}, kFolder).error,
            "ballast: --tree draws names: --columns bytes has none of them; add name\n");
  EXPECT_EQ(ballast_command({"show", "--columns", "help"}, kFolder).error,
            "ballast: --columns: 'help' is none of " + all + "\n")
      << "the list is had without a file";
}

TEST(ShowFiles, SeveralStandBelowEachOther) {
  EXPECT_EQ(shown({"mlp.pth", "tensor_alone.pth", "--depth", "0"}),
            shown({"mlp.pth", "--depth", "0"}) + shown({"tensor_alone.pth", "--depth", "0"}));
}

TEST(ShowFiles, SeveralAreAnArrayInJson) {
  const Json json = shown_json({kFolder + "/mlp.pth", kFolder + "/training.pth"});
  ASSERT_EQ(json.size(), 2u);
  EXPECT_TRUE(json.is_array());
  EXPECT_EQ(json[0], shown_json({kFolder + "/mlp.pth"}));
  EXPECT_EQ(json[1], shown_json({kFolder + "/training.pth"}));
}

TEST(ShowFiles, OneThatCannotBeShownDoesNotHideTheOthers) {
  const Outcome text = ballast_command({"show", "mlp.pth", "no.pth", "lenet.pth"}, kFolder);
  EXPECT_EQ(text.status, 2);
  EXPECT_EQ(text.error, "ballast: no.pth: cannot open it: No such file or directory\n");
  EXPECT_EQ(text.out, ballast_command({"show", "mlp.pth", "lenet.pth"}, kFolder).out);

  const Outcome json = ballast_command({"show", "no.pth", "mlp.pth", "--json"}, kFolder);
  EXPECT_EQ(json.status, 2);
  const Json shown = Json::parse(json.out, nullptr, false);
  ASSERT_TRUE(shown.is_array()) << json.out;
  ASSERT_EQ(shown.size(), 1u);
  EXPECT_EQ(shown[0]["file"], "mlp.pth");
}

TEST(ShowFiles, QuietLeavesItAtTheStatus) {
  for (const char* option : {"--quiet", "--json"}) {
    const Outcome outcome = ballast_command(
        {"show", "mlp.pth", "lenet.pth", "--quiet", option == std::string("--json") ? "--json" : "--tree"},
        kFolder);
    EXPECT_EQ(outcome.status, 0);
    EXPECT_EQ(outcome.out + outcome.error, "");
  }
  const Outcome missing = ballast_command({"show", "no.pth", "--quiet"}, kFolder);
  EXPECT_EQ(missing.status, 2);
  EXPECT_EQ(missing.error, "ballast: no.pth: cannot open it: No such file or directory\n");
}

TEST(ShowFilter, WhatMatchesNothingIsToldWhatIsNear) {
  const std::pair<std::string, std::string> cases[] = {
      {"bias", "*bias* matches 2 names, such as 0.bias: a filter has to match the whole name"},
      {"0.w", "*0.w* matches one name, such as 0.weight: a filter has to match the whole name"},
      {"0.wieght", "the nearest name is 0.weight"},
      {"*.wight", "the nearest name is 0.weight"},
      {"2.bia?s", "the nearest name is 2.bias"},
  };
  for (const auto& [filter, says] : cases) {
    for (const char* json : {"--json", "--tree"}) {
      const Outcome outcome = ballast_command({"show", "mlp.pth", json, "--filter", filter}, kFolder);
      EXPECT_EQ(outcome.status, 0) << "a program may well ask for what is not there";
      EXPECT_EQ(outcome.error, "ballast: mlp.pth: no tensor matches " + filter + "; " + says + "\n");
    }
  }
  for (const char* nothing : {"nothing", "", "*x*y*z", "[4-9]"})
    EXPECT_EQ(ballast_command({"show", "mlp.pth", "--filter", nothing}, kFolder).error, "") << nothing;
}

}  // namespace
}  // namespace ballast::testing
