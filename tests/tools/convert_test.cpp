// `ballast convert`: what is written holds the same bits, names and ties, under the rules that were given.
#include <filesystem>
#include <iostream>
#include <map>
#include <sstream>

#include "tests/checkpoint/craft.h"
#include "tests/tools/command.h"
#include "tests/tools/golden_checkpoints.h"
#include "tools/ballast/command_line/byte_count.h"
#include "tools/ballast/command_line/name_rules.h"
#include "tools/ballast/files/conversion.h"
#include "tools/ballast/terminal/progress.h"
#include <gtest/gtest.h>

#include "ballast/checkpoint/load.h"
#include "ballast/checkpoint/save.h"
#include "ballast/core/error.h"

namespace ballast::testing {
namespace {

namespace fs = std::filesystem;

std::string zip_file(const std::string& name) { return data_path("checkpoints/zip/" + name); }

/// What `show --json --hash` says of a file, but for where it is.
Json described(const std::string& path) {
  Json json = shown_json({path, "--hash"});
  json.erase("file");
  return json;
}

/// Name, type, shape and hash of each tensor, with the group of those it shares a storage with.
std::map<std::string, std::string> tensors_of(const Json& json) {
  std::map<std::string, std::string> out;
  for (const Json& t : json["tensors"])
    out[t["name"]] = t["dtype"].dump() + t["shape"].dump() + (t.contains("sha256") ? t["sha256"].dump() : "");
  for (const Json& group : json["shared"]) {
    for (const Json& name : group) out[name] += " shared " + group.dump();
  }
  return out;
}

std::map<std::string, std::string> tensors_of(const std::string& path) { return tensors_of(described(path)); }

std::string bits_of(const Tensor& t) {
  const Tensor copy = empty(t.sizes(), TensorOptions(t.dtype()));
  copy_elements(copy, t);
  return {reinterpret_cast<const char*>(copy.storage().data()), static_cast<std::size_t>(copy.nbytes())};
}

class Convert : public ::testing::Test {
 protected:
  [[nodiscard]] std::string out(const std::string& name) const { return (folder_.path() / name).string(); }
  /// Runs it, expects it to succeed, and gives what it printed.
  static std::string convert(std::vector<std::string> arguments) {
    arguments.insert(arguments.begin(), "convert");
    const Outcome outcome = ballast_command(arguments);
    EXPECT_EQ(outcome.status, 0) << outcome.error;
    EXPECT_EQ(outcome.error, "");
    return outcome.out;
  }
  static std::string refused(std::vector<std::string> arguments) {
    arguments.insert(arguments.begin(), "convert");
    const Outcome outcome = ballast_command(arguments);
    EXPECT_EQ(outcome.status, 2);
    EXPECT_EQ(outcome.out, "");
    EXPECT_EQ(std::ranges::count(outcome.error, '\n'), 1) << outcome.error;
    return outcome.error;
  }

  TemporaryFolder folder_;
};

TEST_F(Convert, WholeFilesStayWholeInTheSameFormat) {
  std::size_t files = 0, refusals = 0;
  for (const GoldenCheckpoint& c : golden_checkpoints()) {
    if (!c.content || !(c.name.ends_with(".pth") || c.name.ends_with(".pt"))) continue;
    SCOPED_TRACE(c.name);
    const std::string to = out(std::to_string(files + refusals) + ".pth");
    const Outcome outcome = ballast_command({"convert", c.path, to});
    if (outcome.status != 0) {
      // What is not written: objects of classes, inert names, NumPy's arrays.
      EXPECT_NE(outcome.error.find(" cannot be written"), std::string::npos) << outcome.error;
      EXPECT_FALSE(fs::exists(to));
      ++refusals;
      continue;
    }
    const Json a = described(c.path), b = described(to);
    EXPECT_EQ(a["tensors"].size(), b["tensors"].size());
    EXPECT_EQ(tensors_of(a), tensors_of(b));
    const bool module = a["data"].contains("object");
    EXPECT_TRUE(module || a["data"] == b["data"]);
    ++files;
  }
  std::cout << "[ cases ] " << files << " files written again, " << refusals << " refused\n";
  EXPECT_GT(files, 60u);
  EXPECT_LT(refusals, 12u);
}

TEST_F(Convert, OfAModuleSavedWholeTheStateDictIsWritten) {
  const std::string to = out("state.pth");
  convert({zip_file("whole_custom_class.pth"), to});
  EXPECT_EQ(tensors_of(to), tensors_of(zip_file("whole_custom_class.pth")));
  EXPECT_EQ(ballast_command({"verify", "--strict", to}).status, 0) << "no class is named in it";
}

TEST_F(Convert, OfATrainingCheckpointTheStateDictIsTaken) {
  const std::string to = out("model.pth");
  EXPECT_EQ(convert({zip_file("training.pth"), to, "--state-dict", "model_state_dict"}),
            to + ": pth, 9 tensors, 148 B\n19 other tensors are not taken, nor is what is no tensor\n");
  const StateDict before = load(zip_file("training.pth")).state_dict("model_state_dict"),
                  after = load(to).state_dict();
  ASSERT_EQ(before.size(), after.size());
  for (const auto& [name, t] : before) EXPECT_EQ(bits_of(t), bits_of(*after.find(name))) << name;
  EXPECT_EQ(before.metadata, after.metadata);
}

TEST_F(Convert, RulesComeInTheirOrder) {
  const std::string to = out("named.pth");
  convert({zip_file("mlp.pth"), to, "--filter", "0.*", "--rename", R"(/net\.(\d)\./=net.layer$1.)",
           "--rename", "/weight/=kernel", "--add-prefix", "net."});
  std::vector<std::string> names;
  for (const auto& [name, t] : load(to).state_dict()) names.push_back(name);
  EXPECT_EQ(names, (std::vector<std::string>{"net.layer0.kernel", "net.layer0.bias"}));

  const std::string back = out("back.pth");
  convert({to, back, "--strip-prefix", "net.layer", "--rename", "/kernel/=weight"});
  EXPECT_EQ(bits_of(*load(back).state_dict().find("0.weight")),
            bits_of(*load(zip_file("mlp.pth")).state_dict().find("0.weight")));
}

TEST_F(Convert, TiesSurviveRulesAndTypes) {
  for (const char* name : {"tied_embedding.pth", "shared_storage.pth", "shared_layer.pth"}) {
    const std::string to = out(std::string(name) + ".half.pth");
    convert({zip_file(name), to, "--dtype", "float16", "--add-prefix", "m."});
    const Json before = described(zip_file(name))["shared"], after = described(to)["shared"];
    std::string expected = before.dump();
    for (std::size_t at = 0; (at = expected.find('"', at)) != std::string::npos;) {
      expected.insert(at + 1, "m.");
      at = expected.find('"', at + 1) + 1;
    }
    EXPECT_EQ(after.dump(), expected) << name;
    EXPECT_FALSE(before.empty()) << name;
  }
}

TEST_F(Convert, FormatsGoIntoEachOtherAndBack) {
  std::size_t files = 0;
  for (const char* name : {"mlp.pth", "lenet.pth", "tied_autoencoder.pth"}) {
    const auto expected = tensors_of(zip_file(name));
    for (const char* format : {"gguf", "npz"}) {
      const std::string there = out(std::string(name) + "." + format), back = there + ".pth";
      convert({zip_file(name), there});
      EXPECT_EQ(described(there)["format"], format);
      convert({there, back});
      EXPECT_EQ(tensors_of(back), expected) << there;
      const std::string again = out("again");
      convert({there, again, "--to", format, "--overwrite"});
      EXPECT_EQ(read_file(again), read_file(there)) << "the same format, without a rule: the same bytes";
      ++files;
    }
  }
  std::cout << "[ cases ] " << files << " files there and back\n";
}

TEST_F(Convert, TypesAreThoseOfLoad) {
  std::size_t tensors = 0;
  for (const char* name : {"mlp.pth", "buffers.pth", "views.pth", "dtype_float64.pth", "small_resnet.pth",
                           "special_values.pth"}) {
    for (const DType dtype : {kFloat16, kBFloat16, kFloat64}) {
      const std::string to = out("typed.pth");
      convert({zip_file(name), to, "--overwrite", "--dtype", std::string(dtype_name(dtype))});
      const StateDict expected = load(zip_file(name), {.dtype = dtype}).state_dict(),
                      got = load(to).state_dict();
      ASSERT_EQ(expected.size(), got.size()) << name;
      for (const auto& [key, t] : expected) {
        const Tensor& other = *got.find(key);
        EXPECT_EQ(t.dtype(), other.dtype()) << name << key;
        EXPECT_EQ(bits_of(t), bits_of(other)) << name << key;
        ++tensors;
      }
    }
  }
  std::cout << "[ cases ] " << tensors << " tensors\n";
}

TEST_F(Convert, ManyBytesAreConvertedWithoutHoldingThem) {
  // Beyond what is done in memory: the same numbers, through the temporary file.
  constexpr std::int64_t kElements = std::int64_t{24} << 20;
  StateDict state;
  const Tensor big = empty({kElements}, TensorOptions(kFloat32));
  auto* values = reinterpret_cast<float*>(big.storage().mutable_data());
  for (std::int64_t i = 0; i < kElements; ++i) values[i] = static_cast<float>(i % 4096);
  state.append("big", big);
  state.append("tail", tensor_on(big.storage(), kFloat32, {3, 5}, {1, 3}, kElements - 15));
  state.append("count", empty({2}, TensorOptions(kInt64)));
  std::uint64_t last = 0, total = 0;
  const StateDict wide = tool::converted(state, kFloat64, out("x"),
                                         [&](std::uint64_t d, std::uint64_t t) { last = d, total = t; });
  EXPECT_EQ(last, total);
  EXPECT_EQ(total, static_cast<std::uint64_t>(kElements) * 8);
  EXPECT_TRUE(wide.find("big")->storage().is_same(wide.find("tail")->storage()));
  EXPECT_TRUE(wide.find("count")->is_same(*state.find("count")));
  const auto* doubles = reinterpret_cast<const double*>(wide.find("big")->storage().data());
  std::int64_t wrong = 0;
  for (std::int64_t i = 0; i < kElements; ++i) wrong += doubles[i] != static_cast<double>(i % 4096);
  EXPECT_EQ(wrong, 0);
  EXPECT_TRUE(fs::is_empty(folder_.path())) << "the temporary file has no name";
}

TEST_F(Convert, MergedFilesMustNotShareNames) {
  const std::string to = out("merged.pth"), a = zip_file("mlp.pth"), b = zip_file("tied_embedding.pth");
  convert({"--merge", a, b, to});
  auto expected = tensors_of(a);
  expected.merge(tensors_of(b));
  EXPECT_EQ(tensors_of(to), expected);
  EXPECT_NE(refused({"--merge", a, a, out("twice.pth")}).find("'0.weight' is in another of the files too"),
            std::string::npos);
  EXPECT_NE(refused({a, b, out("twice.pth")}).find("--merge writes what they hold into one"),
            std::string::npos);
  EXPECT_FALSE(fs::exists(out("twice.pth")));
}

TEST_F(Convert, AnExistingFileIsReplacedOnlyIfAsked) {
  const std::string to = out("model.pth");
  convert({zip_file("mlp.pth"), to});
  const std::string first = read_file(to);
  EXPECT_EQ(refused({zip_file("lenet.pth"), to}),
            "ballast: " + to + ": there is such a file already; --overwrite replaces it\n");
  EXPECT_EQ(read_file(to), first);
  // From the file that is mapped, into itself.
  convert({to, to, "--overwrite", "--add-prefix", "x."});
  auto expected = tensors_of(zip_file("mlp.pth"));
  std::map<std::string, std::string> renamed;
  for (const auto& [name, about] : expected) renamed["x." + name] = about;
  EXPECT_EQ(tensors_of(to), renamed);
  EXPECT_NE(refused({to, folder_.path().string(), "--overwrite"}).find("this is a folder"),
            std::string::npos);
}

TEST_F(Convert, EveryEndingThatIsNoSlipIsAPth) {
  for (const char* name :
       {"x.pth", "x.pt", "x.bin", "x.ckpt", "x", "x.pkl", "x.nn", "x.model", "x.tar", "x.best-of-all-models"})
    EXPECT_EQ(ballast_command({"convert", zip_file("mlp.pth"), out(name)}).status, 0) << name;
  EXPECT_EQ(ballast_command({"convert", zip_file("mlp.pth"), out("x.gguff"), "--to", "pth"}).status, 0);
}

TEST_F(Convert, SaysWhatIsWrong) {
  const std::string in = zip_file("mlp.pth"), to = out("x.pth");
  const std::pair<std::vector<std::string>, const char*> cases[] = {
      {{in}, "OUT is missing"},
      {{in, to, "--dtype", "flaot16"}, "did you mean float16?"},
      {{in, to, "--dtype", "int8"}, "'int8' is none of float64"},
      {{in, to, "--to", "safetensor"}, "did you mean safetensors?"},
      {{in, to, "--rename", "abc"}, "has no ="},
      {{in, to, "--rename", "/(/=x"}, "is no regular expression"},
      {{in, to, "--rename", "/.+/=same"}, "the rules give '0.weight' and '0.bias' one name, 'same'"},
      {{in, to, "--strip-prefix", "module."}, "no name begins so; the first is '0.weight'"},
      {{in, to, "--filter", "nothing"}, "no tensor matches --filter nothing\n"},
      {{in, to, "--filter", "*.wieght"}, "no tensor matches --filter *.wieght; the nearest name is 0.weight"},
      {{in, to, "--state-dict", "model"},
       "there is nothing at 'model'; the root has 0.weight, 0.bias, 2.weight, 2.bias"},
      {{in, out("x.safetensor")}, "'.safetensor' is the ending of no format; did you mean .safetensors?"},
      {{in, out("x.ggfu")}, "'.ggfu' is the ending of no format; did you mean .gguf?"},
      {{in, to, "--shard-size", "5zb"}, "'5zb' is no size"},
      {{in, to, "--metadata", "abc"}, "'abc' is no KEY=VALUE"},
      {{in, to, "--metadata", "a=b"}, "has no place for it"},
      {{"/nonexistent", to}, "No such file"},
      {{in, "/nonexistent/x.pth"}, "No such file"},
      {{data_path("hostile/exec_reduce_os_system.pth"), to}, "the file names os.system"},
      {{in, to, "--quite"}, "did you mean --quiet?"},
  };
  for (const auto& [arguments, says] : cases) {
    const std::string error = refused(arguments);
    EXPECT_NE(error.find(says), std::string::npos) << error;
    EXPECT_FALSE(fs::exists(to)) << error;
  }
  std::cout << "[ cases ] " << std::size(cases) << " messages\n";
}

TEST_F(Convert, QuietSaysNothingAndJsonAllOfIt) {
  EXPECT_EQ(convert({zip_file("mlp.pth"), out("a.pth"), "--quiet"}), "");
  const Json json = Json::parse(convert({zip_file("mlp.pth"), out("b.pth"), "--json", "--dtype", "float16"}));
  EXPECT_EQ(json["out"], out("b.pth"));
  EXPECT_EQ(json["format"], "pth");
  EXPECT_EQ(json["whole"], false);
  EXPECT_EQ(json["tensors"], 4);
  EXPECT_EQ(json["converted"], 4);
  EXPECT_EQ(json["left_behind"], 0);
}

TEST(ByteCount, ReadsSizes) {
  using tool::byte_count;
  EXPECT_EQ(byte_count("5GB"), 5'000'000'000u);
  EXPECT_EQ(byte_count("512MiB"), 512u << 20);
  EXPECT_EQ(byte_count("12"), 12u);
  EXPECT_EQ(byte_count("1 kb"), 1000u);
  for (const char* bad : {"", "GB", "-1", "1.5GB", "5zb", "99999999999999999999", "20000000TB", "5GBx"})
    EXPECT_FALSE(byte_count(bad).has_value()) << bad;
}

TEST(NameRules, PathsOfModulesFollowThePrefixes) {
  StateDict state;
  state.append("module.a.weight", empty({1}));
  state.append("module.b", empty({1}));
  state.has_metadata = true;
  state.metadata = {{"", 1}, {"module", 1}, {"module.a", 2}};
  const StateDict stripped = tool::apply({.strip_prefix = "module.", .add_prefix = "net."}, state);
  EXPECT_TRUE(stripped.contains("net.a.weight") && stripped.contains("net.b"));
  EXPECT_EQ(stripped.metadata, (std::vector<StateDict::ModuleMetadata>{{"net", 1}, {"net.a", 2}}));
}

TEST(Progress, DrawsOneLineOverAndOverAndRemovesIt) {
  using std::chrono::milliseconds;
  using tool::Progress;
  std::string written;
  Progress::Clock::time_point now{};
  {
    Progress progress(
        "m\x1b.pth", [&](std::string_view text) { written += text; }, [&] { return now; });
    progress.update(1, 1000);
    EXPECT_EQ(written, "") << "what is fast shows nothing";
    now += milliseconds(500);
    progress.update(500 << 10, 1000 << 10);
    EXPECT_EQ(written,
              "\rm\\x1b.pth   50% [##########..........] 500 KiB of 1000 KiB  1000 KiB/s  0:00 left");
    progress.update(501 << 10, 1000 << 10);
    now += milliseconds(1500);
    written.clear();
    progress.update(1000 << 10, 1000 << 10);
    EXPECT_TRUE(written.starts_with("\rm\\x1b.pth  100% [####################]")) << written;
    written.clear();
  }
  EXPECT_TRUE(written.starts_with("\r  ") && written.ends_with(" \r")) << written;
}

}  // namespace
}  // namespace ballast::testing
