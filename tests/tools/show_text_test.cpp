// The text that `ballast show` prints for people, whole: what a reader of this file would want to see on the screen.
#include <cstdlib>

#include "tests/checkpoint/craft.h"
#include "tests/tools/command.h"
#include <fmt/format.h>
#include <gtest/gtest.h>

namespace ballast::testing {
namespace {

/// What is printed of a golden checkpoint, run in its folder so that no path is in the way.
std::string shown(std::vector<std::string> arguments,
                  const std::string& folder = data_path("checkpoints/zip")) {
  arguments.insert(arguments.begin(), "show");
  const Outcome outcome = ballast_command(arguments, folder);
  EXPECT_EQ(outcome.status, 0) << outcome.error;
  EXPECT_EQ(outcome.error, "");
  return "\n" + outcome.out;
}

/// What is printed of a pickle, without the first line, which has the size of the file.
std::string shown_of(const std::string& body, const std::vector<std::string>& storages = {},
                     std::vector<std::string> options = {}) {
  const TemporaryFolder folder;
  static_cast<void>(folder.file("x.pth", checkpoint_of(pickle(body), storages)));
  options.insert(options.begin(), "x.pth");
  const std::string out = shown(options, folder.path());
  return out.substr(out.find('\n', 1) + 1);
}

/// The part under "other content".
std::string tree_of(const std::string& body, const std::vector<std::string>& options = {}) {
  const std::string out = shown_of(body, {}, options);
  const std::size_t at = out.find("other content\n");
  return at == std::string::npos ? out : "\n" + out.substr(at + 14);
}

TEST(ShowText, AStateDictIsATable) {
  EXPECT_EQ(shown({"mlp.pth"}), R"(
mlp.pth: torch-zip, 2.47 KiB

name      shape   dtype    parameters  bytes
0.weight  [8, 4]  float32          32  128 B
0.bias    [8]     float32           8   32 B
2.weight  [1, 8]  float32           8   32 B
2.bias    [1]     float32           1    4 B

4 tensors, 49 parameters, 196 bytes
)");
}

TEST(ShowText, SharedStorageIsMarkedNamedAndCountedOnce) {
  EXPECT_EQ(shown({"shared_storage.pth"}), R"(
shared_storage.pth: torch-zip, 2.28 KiB

name          shape   dtype    parameters  bytes  shared
a.weight      [2, 3]  float32           6   24 B  #1
b.weight      [2, 3]  float32           6   24 B  #1
c.part        [3]     float32           3   12 B  #1
d.transposed  [3, 2]  float32           6   24 B  #1
p             [2, 2]  float32           4   16 B  #2
q             [2, 2]  float32           4   16 B  #2
q.data        [2, 2]  float32           4   16 B  #2
own           [2, 3]  float32           6   24 B

8 tensors, 39 parameters, 156 bytes
shared storage counted once: 16 parameters, 64 bytes

shared storage
  #1  a.weight, b.weight, c.part, d.transposed
  #2  p, q, q.data
)");
}

TEST(ShowText, AFilterTellsWhatTheTotalsAreOf) {
  EXPECT_EQ(shown({"mlp.pth", "--filter", "*.bias", "--sort", "size"}), R"(
mlp.pth: torch-zip, 2.47 KiB

name    shape  dtype    parameters  bytes
0.bias  [8]    float32           8   32 B
2.bias  [1]    float32           1    4 B

2 tensors, 9 parameters, 36 bytes
of the tensors that match *.bias; the file has 4
)");
  EXPECT_EQ(shown({"mlp.pth", "--filter", "nothing"}), R"(
mlp.pth: torch-zip, 2.47 KiB

0 tensors, 0 parameters, 0 bytes
of the tensors that match nothing; the file has 4
)");
}

TEST(ShowText, ATrainingCheckpointFoldedToItsParts) {
  EXPECT_EQ(shown({"training.pth", "--depth", "2"}), R"(
training.pth: torch-zip, 14.3 KiB

name                          shape         dtype    parameters     bytes
model_state_dict.0.*          (2 tensors)   float32          15      60 B
model_state_dict.1.*          (5 tensors)   mixed            13      56 B
model_state_dict.3.*          (2 tensors)   float32           8      32 B
optimizer_state_dict.state.*  (18 tensors)  float32          64     256 B
rng_state                     [5056]        uint8         5,056  4.94 KiB

28 tensors, 5,156 parameters, 5,460 bytes (5.33 KiB)

other content
  epoch: 12
  model_state_dict: OrderedDict of 9, 9 tensors
  optimizer_state_dict: dict of 2, 18 tensors
    state: dict of 6, 18 tensors
    param_groups: list of 2
  scheduler: dict
    step_size: 2
    gamma: 0.1
    base_lrs: [0.001, 0.01]
    last_epoch: 3
    _step_count: 4
    _is_initial: False
    _get_lr_called_within_step: False
    _last_lr: [0.0001, 0.001]
  loss: 0.34765625
  best: None
  args: dict
    lr: 0.001
    hidden: [64, 32]
    name: 'run-1'
    amp: False
    betas: (0.9, 0.999)
    aug: dict of 2
    notes: '中文 ü'
  history: list
    0: dict of 2
    1: dict of 2
    2: dict of 2
    3: dict of 2
    4: dict of 2
)");
}

TEST(ShowText, OneTensorIsTheTensorItself) {
  EXPECT_EQ(shown({"tensor_alone.pth"}), R"(
tensor_alone.pth: torch-zip, 1.54 KiB

name                 shape  dtype    parameters  bytes
(the tensor itself)  [5]    float32           5   20 B

1 tensor, 5 parameters, 20 bytes
)");
}

TEST(ShowText, AnEmptyStateDictAndASingleNumber) {
  EXPECT_EQ(shown({"empty_dict.pth"}), R"(
empty_dict.pth: torch-zip, 1.23 KiB

0 tensors, 0 parameters, 0 bytes

other content
  {}
)");
  EXPECT_EQ(shown({"int_alone.pth"}), R"(
int_alone.pth: torch-zip, 1.23 KiB

0 tensors, 0 parameters, 0 bytes

other content
  42
)");
}

TEST(ShowText, LayoutsAndTypesThatAreNotPlain) {
  EXPECT_EQ(shown({"sparse.pth"}), R"(
sparse.pth: torch-zip, 2.71 KiB

name  shape   dtype               parameters  bytes
coo   [2, 3]  float32 sparse_coo           6   60 B
csr   [2, 2]  float32 sparse_csr           4   48 B

2 tensors, 10 parameters, 108 bytes
)");
  EXPECT_EQ(shown({"quantized.pth", "--hash"}), R"(
quantized.pth: torch-zip, 2.47 KiB

name         shape   dtype   parameters  bytes  sha256
per_tensor   [4]     quint8           4    4 B  a82d99b94da6161da99d054baa1b42d5d8dc6e88c158336119ef197bb9b89cea
per_channel  [2, 2]  qint8            4    4 B  dd4113a849cd0d81a50dca03ade0b62667735c9aed9c46d90bed6b60a9e7887c

2 tensors, 8 parameters, 8 bytes
)");
}

TEST(ShowText, LargeNumbersAreGrouped) {
  // 2^40 elements over one, and a meta tensor of 123,456,789 without any storage.
  const std::string meta =
      global("torch._utils", "_rebuild_meta_tensor_no_storage") +
      tuple({global("torch", "float64"), tuple({integer(123456789)}), tuple({integer(1)}), "\x89"}) + "R";
  EXPECT_EQ(
      shown_of("}(" + text("repeated") + tensor(1, {1 << 20, 1 << 20}, {0, 0}) + text("planned") + meta + "u",
               {"1234"}),
      R"(
name      shape               dtype                parameters     bytes
repeated  [1048576, 1048576]  float32       1,099,511,627,776  4.00 TiB
planned   [123456789]         float64 meta        123,456,789   942 MiB

2 tensors, 1,099,635,084,565 parameters, 4,399,034,165,416 bytes (4.00 TiB)
shared storage counted once: 123,456,790 parameters, 987,654,316 bytes (942 MiB)
)");
}

TEST(ShowText, ALongNameMovesItsOwnRowOnly) {
  const std::string t = tensor(1, {1}, {1}), name(80, 'n');
  EXPECT_EQ(shown_of("}(" + text("a") + t + text(name) + t + "u", {"1234"}), R"(
name)" + std::string(70, ' ') + R"(shape  dtype    parameters  bytes  shared
a)" + std::string(73, ' ') + R"([1]    float32           1    4 B  #1
)" + name + R"(  [1]    float32           1    4 B  #1

2 tensors, 2 parameters, 8 bytes
shared storage counted once: 1 parameter, 4 bytes

shared storage
  #1  a, )" + name + "\n");
}

TEST(ShowText, GroupsAreNumberedInTheOrderOfTheirFirstTensors) {
  const std::string t = tensor(1, {1}, {1});
  std::string u = t;
  u.replace(u.find(text("0")), text("0").size(), text("1"));
  const std::string out =
      shown_of("}(" + text("a") + t + text("b") + u + text("c") + u + text("d") + t + "u", {"1234", "5678"});
  EXPECT_TRUE(out.ends_with("\nshared storage\n  #1  a, d\n  #2  b, c\n")) << out;
}

TEST(ShowText, ManyWhoShareAreNamedByTheFirst) {
  std::string body = "](" + tensor(1, {1}, {1}) + "q\1";
  for (int i = 0; i < 99; ++i) body += "h\1";
  const std::string out = shown_of(body + "e", {"1234"});
  EXPECT_NE(out.find("\n  #1  0, 1, 2, 3, 4, 5, 6, 7, ... 92 more\n"), std::string::npos) << out;
}

TEST(ShowText, PlainDataIsATreeInPythonsWords) {
  const std::string body =
      "}(" + text("none") + "N" + text("yes") + "\x88" + text("n") + "J" + little(0xFFFFFFFE, 4) +
      text("big") + std::string("\x8a\x09\0\0\0\0\0\0\0\0\1", 11) + text("x") + "G" +
      std::string("?\xb9\x99\x99\x99\x99\x99\x9a", 8) + text("z") + global("__builtin__", "complex") + "G" +
      std::string("?\xf0\0\0\0\0\0\0", 8) + "G" + std::string("\x7f\xf0\0\0\0\0\0\0", 8) + "\x86R" +
      text("quote") + text("it's") + text("raw") + global("_codecs", "encode") + text("\u00ff\u0001") +
      text("latin1") + "\x86R" + text("none of it") + ")" + text("one") + "K\1\x85" + text("set") +
      global("__builtin__", "set") + "](K\1e\x85R" + text("frozen") + global("__builtin__", "frozenset") +
      "](K\1e\x85R" + text("size") + global("torch", "Size") + "K\2K\3\x86\x85R" + text("dtype") +
      global("torch", "bfloat16") + text("device") + global("torch", "device") + text("cuda:1") + "\x85R" +
      text("type") + global("torch", "FloatStorage") + "K\7" + text("a number for a key") + "K\1K\2\x86" +
      text("a tuple for a key") + "u";
  EXPECT_EQ(tree_of(body), R"(
  none: None
  yes: True
  n: -2
  big: 18446744073709551616
  x: 0.1
  z: complex(1.0, inf)
  quote: "it's"
  raw: 2 bytes: ff 01
  none of it: ()
  one: (1,)
  set: {1}
  frozen: frozenset({1})
  size: torch.Size([2, 3])
  dtype: torch.bfloat16
  device: cuda:1
  type: torch.FloatStorage
  7: 'a number for a key'
  (1, 2): 'a tuple for a key'
)");
}

TEST(ShowText, WhatIsLongIsShownByItsBeginning) {
  std::string numbers = "](";
  for (char i = 0; i < 20; ++i) numbers += std::string("K") + i;
  EXPECT_EQ(tree_of(numbers + "e"), "\n  [0, 1, 2, 3, 4, 5, 6, 7, ... 12 more]\n");
  EXPECT_EQ(tree_of(text(std::string(100, 'x'))), "\n  '" + std::string(72, 'x') + "'... (100 characters)\n");
  std::string entries = "}(";
  for (int i = 0; i < 60; ++i) entries += text(fmt::format("k{}", i)) + "N";
  const std::string out = tree_of(entries + "u");
  EXPECT_NE(out.find("\n  k49: None\n  ... 10 more\n"), std::string::npos) << out;
  EXPECT_EQ(out.find("k50"), std::string::npos);
}

TEST(ShowText, TreesInThemselvesAndDeepOnesEnd) {
  EXPECT_EQ(tree_of(std::string("]q\0h\0a", 6)), "\n  0: list that this stands in\n");
  const std::string deep = std::string(40, ']') + std::string(39, 'a');
  EXPECT_EQ(tree_of(deep, {"--depth", "3"}), R"(
  0: list
    0: list
      0: list of 1
)");
}

TEST(ShowText, IsTheSameWhateverTheTerminal) {
  const std::string before = shown({"shared_storage.pth"});
  ::setenv("COLUMNS", "20", 1);
  ::setenv("LANG", "tr_TR.UTF-8", 1);
  ::setenv("LC_ALL", "tr_TR.UTF-8", 1);
  const std::string narrow = shown({"shared_storage.pth"});
  for (const char* name : {"COLUMNS", "LANG", "LC_ALL"}) ::unsetenv(name);
  EXPECT_EQ(narrow, before);
}

}  // namespace
}  // namespace ballast::testing
