// Sharded sets, and folders that hold one model.
#include <algorithm>
#include <cstdlib>
#include <iostream>

#include "tests/checkpoint/craft.h"
#include "tests/support/golden.h"
#include "tests/support/thrown.h"
#include <gtest/gtest.h>

#include "ballast/checkpoint/bytes/storage_source.h"
#include "ballast/checkpoint/load.h"
#include "ballast/checkpoint/save.h"

namespace ballast::testing {
namespace {

using checkpoint::Value;

const std::string kGolden = "checkpoints/safetensors/sharded/model.safetensors.index.json";

/// A small safetensors file of one-byte tensors, and strings beside them.
std::string shard(const std::string& names, const std::string& metadata = "") {
  std::string header = "{" + metadata;
  for (std::size_t i = 0; i < names.size(); ++i) {
    header += (header.size() > 1 ? "," : "") +
              ("\"" + names.substr(i, 1) + R"(":{"dtype":"U8","shape":[1],"data_offsets":[)") +
              std::to_string(i) + "," + std::to_string(i + 1) + "]}";
  }
  header += "}";
  return little(header.size(), 8) + header + names;
}

TEST(Shards, TheGoldenSetIsOneModel) {
  const Json golden = read_json("checkpoints/safetensors/expected.json");
  const auto c = load(data_path(kGolden));
  EXPECT_EQ(c.format(), "safetensors-sharded");
  EXPECT_EQ(c.metadata().at("total_size").as_int(), 246824);
  EXPECT_EQ(c.metadata().at("format").as_text(), "pt");
  const StateDict s = c;
  int cases = 0;
  for (const Json& e : golden) {
    if (e["format"] != "safetensors-index") continue;
    ASSERT_EQ(s.size(), e["tensors"].size());
    for (const Json& t : e["tensors"]) {
      const std::string name = t["name"];
      EXPECT_EQ(Json(s[name].sizes().vec()), t["shape"]) << name;
      EXPECT_EQ(sha256_of(bytes_of(s[name])), t["sha256"].get<std::string>()) << name;
      ++cases;
    }
  }
  std::size_t files = 0;
  std::string last;
  for (const auto& t : c.tensors()) {  // each storage knows the file that it is in
    const auto& storage = c.storages().at(t.storage);
    EXPECT_EQ(storage.storage.kind(), StorageImpl::Kind::kMapped);
    const std::string file = storage.source->file->name();
    files += file != last;
    last = file;
  }
  EXPECT_EQ(files, 3u);
  EXPECT_EQ(bytes_of(load(data_path("checkpoints/safetensors/sharded")).state_dict()["features.0.bias"]),
            bytes_of(s["features.0.bias"]));
  EXPECT_EQ(cases, 10);
}

TEST(Shards, OptionsReachEveryShard) {
  const auto path = data_path(kGolden);
  std::uint64_t last = 0;
  std::uint64_t total = 0;
  const auto read =
      load(path, {.mmap = false, .dtype = kFloat64, .progress = [&](std::uint64_t done, std::uint64_t all) {
                    EXPECT_GE(done, last);
                    EXPECT_LE(done, all);
                    last = done;
                    total = all;
                  }});
  EXPECT_GT(total, 246824u);
  for (const auto& t : read.tensors()) EXPECT_EQ(t.value.tensor().tensor.dtype(), kFloat64);
  const auto part = load(path, {.filter = [](std::string_view n) { return n.ends_with("5.bias"); }});
  ASSERT_EQ(part.tensors().size(), 1u);
  EXPECT_EQ(part.storages().size(), 1u);
  EXPECT_EQ(part.state_dict().size(), 1u);
  for (const auto& t : load(path, {.map_location = kMeta}).tensors())
    EXPECT_TRUE(t.value.tensor().tensor.is_meta());
}

TEST(Shards, IndexAndShardsMustFitTogether) {
  const TemporaryFolder folder;
  static_cast<void>(folder.file("1.safetensors", shard("ab")));
  static_cast<void>(folder.file("2.safetensors", shard("cd")));
  static_cast<void>(folder.file("3.safetensors", shard("ae")));
  static_cast<void>(folder.file("m.index.json", "{}"));
  static_cast<void>(folder.file("m.bin", checkpoint_of(pickle(tensor(1, {1}, {1})), {"1234"})));
  static_cast<void>(folder.file("n.bin", "\x93NUMPY"));
  static_cast<void>(folder.file("brace.bin", "{}"));
  std::filesystem::create_directory(folder.path() / "sub");
  std::filesystem::create_directory_symlink(".", folder.path() / "loop");
  const std::string ab = R"("a":"1.safetensors","b":"1.safetensors")";
  const std::pair<std::string, std::string> cases[] = {
      {ab, "loaded"},
      {ab + R"(,"c":"2.safetensors","d":"2.safetensors")", "loaded"},
      {"", "loaded"},
      {R"("a":"1.safetensors")", "tensors that the index does not list: 'b'"},
      {ab + R"(,"x":"1.safetensors","y":"1.safetensors")",
       "names that are not in the shard that the index says: 'x', 'y'"},
      {ab + R"(,"e":"3.safetensors")", "names that are in a second shard too: 'a'"},
      {ab + R"(,"c":"9.safetensors","d":"8.safetensors")",
       "shards that are not there: '8.safetensors', '9.safetensors'"},
      {ab + R"(,"b":"1.safetensors")", "the key 'b' stands there twice"},
      {R"("a":"../1.safetensors")", "outside the folder of the index: '../1.safetensors'"},
      {R"("a":"/etc/passwd")", "outside the folder"},
      {R"("a":"..")", "outside the folder"},
      {R"("a":"")", "outside the folder"},
      {R"("a":"sub\\x")", "outside the folder"},
      {R"("a":"1.safetensors\u0000")", "outside the folder"},
      {R"("a":"sub")", "the shard 'sub' is no file"},
      {R"("a":"loop")", "the shard 'loop' is no file"},
      {R"("a":"m.index.json")", "is an index itself"},
      {R"("a":"brace.bin")", "is an index itself"},
      {R"("a":"m.bin")", "is no dictionary of names and tensors"},
      {R"("a":"n.bin")", "n.bin"},
      {R"("a":{"file":"1.safetensors"})", "'a' should be in a file, and is in a dict"},
      {R"("a":1)", "'a' should be in a file, and is in an int"},
  };
  for (const auto& [map, expected] : cases) {
    const auto path =
        folder.file("x.index.json", R"({"metadata":{"total_size":1},"weight_map":{)" + map + "}}");
    std::string result = "loaded";
    try {
      const auto c = load(path);
      EXPECT_EQ(c.root().size(), c.tensors().size());
    } catch (const FormatError& e) {
      result = e.what();
    }
    EXPECT_NE(result.find(expected), std::string::npos) << map << ": " << result;
  }
  const std::pair<std::string, std::string> texts[] = {
      {"{}", "there is no object 'weight_map'"},
      {R"({"weight_map":[]})", "there is no object 'weight_map'"},
      {R"({"weight_map":{},"weight_map":{}})", "the key 'weight_map' stands there twice"},
      {R"({"weight_map":{},"metadata":3})", "'metadata' should be an object"},
      {R"({"weight_map":{}}x)", "JSON"},
      {R"({"weight_map":{},"metadata":{"a":1e999}})", "is expected"},
      {"{\"weight_map\":{},\"x\":" + std::string(100, '[') + std::string(100, ']') + "}",
       "more than 64 levels"},
      {"\xEF\xBB\xBF{\"weight_map\":{}}", "a JSON object should begin here"},
      // Words that begin as one that JSON has.
      {R"({"":n{"":})", "null is expected"},
      {R"({"weight_map":{},"a":nul})", "null is expected"},
      {R"({"weight_map":{},"a":nulls})", "null is expected"},
      {R"({"weight_map":{},"a":tru})", "true or false is expected"},
      {R"({"weight_map":{},"a":-})", "is expected"},
      {R"({"weight_map":{"\ud800":"1.safetensors"}})", "is expected"},
  };
  for (const auto& t : texts) {
    EXPECT_THROWN(static_cast<void>(load(folder.file("x.index.json", t.first))), FormatError, t.second);
  }
  std::cout << "[ cases ] " << std::size(cases) + std::size(texts) << " indexes\n";
}

TEST(Shards, DataBesideTheMapIsKept) {
  const TemporaryFolder folder;
  static_cast<void>(
      folder.file("1.safetensors", shard("a", R"("__metadata__":{"t":"a","k":"of the shard","n":"x"})")));
  const auto c = load(folder.file(
      "x.index.json",
      R"({"weight_map":{"a":"1.safetensors"},"other":null,"metadata":{"n":-3,"big":18446744073709551615,)"
      R"("f":0.5,"l":[true,null,"\u00e9"],"u":"a","o":{"p":{}}}})"));
  const Value& m = c.metadata();
  EXPECT_EQ(m.at("n").as_int(), -3);  // the index's own word goes before a shard's
  EXPECT_EQ(m.at("big").int_text(), "18446744073709551615");
  EXPECT_EQ(m.at("f").as_float(), 0.5);
  EXPECT_EQ(m.at("l").item(2).as_text(), "\xC3\xA9");
  EXPECT_EQ(m.at("o").at("p").size(), 0u);
  EXPECT_EQ(m.at("k").as_text(), "of the shard");
  EXPECT_FALSE(m.find("t") || m.find("u"));  // ties, of the shard and of the index
  const StateDict s = c;
  EXPECT_TRUE(s["t"].storage().is_same(s["a"].storage()));
  EXPECT_TRUE(s["u"].storage().is_same(s["a"].storage()));
  const StateDict part = load(c.file(), {.filter = [](std::string_view n) { return n == "u"; }});
  EXPECT_EQ(part.keys(), std::vector<std::string>{"u"});
  EXPECT_EQ(bytes_of(part["u"]), "a");
}

StateDict five() {
  StateDict d;
  d.insert("e", tensor_of_bytes(std::string(40, 'e'), kUInt8, {40}));
  d.insert("d", tensor_of_bytes(std::string(60, 'd'), kUInt8, {60}));
  d.insert("c", tensor_of_bytes(std::string(300, 'c'), kUInt8, {300}));
  d.insert("b", tensor_of_bytes(std::string(50, 'b'), kUInt8, {50}));
  d.insert("tied", d["d"]);
  d.insert("part", d["d"].alias({5}, {2}, 3));
  d.has_metadata = true;
  d.metadata = {{"", 2}, {"sub", 1}};
  return d;
}

std::vector<std::string> files_in(const std::filesystem::path& folder) {
  std::vector<std::string> out;
  for (const auto& e : std::filesystem::directory_iterator(folder)) out.push_back(e.path().filename());
  std::sort(out.begin(), out.end());
  return out;
}

TEST(Shards, SetsAreWrittenBySizeAndReadBack) {
  struct Case {
    std::string path;
    std::uint64_t size;
    std::vector<std::string> files;
    std::string format;
  };
  const Case cases[] = {
      {"model.safetensors",
       100,
       {"model-00001-of-00003.safetensors", "model-00002-of-00003.safetensors",
        "model-00003-of-00003.safetensors", "model.safetensors.index.json"},
       "safetensors-sharded"},
      {"model.safetensors.index.json",
       1000,
       {"model-00001-of-00001.safetensors", "model.safetensors.index.json"},
       "safetensors-sharded"},
      {"m.safetensors",
       1,
       {"m-00001-of-00005.safetensors", "m-00002-of-00005.safetensors", "m-00003-of-00005.safetensors",
        "m-00004-of-00005.safetensors", "m-00005-of-00005.safetensors", "m.safetensors.index.json"},
       "safetensors-sharded"},
      {"pytorch_model.bin",
       100,
       {"pytorch_model-00001-of-00003.bin", "pytorch_model-00002-of-00003.bin",
        "pytorch_model-00003-of-00003.bin", "pytorch_model.bin.index.json"},
       "torch-sharded"},
      {"x.pth.index.json",
       100,
       {"x-00001-of-00003.pth", "x-00002-of-00003.pth", "x-00003-of-00003.pth", "x.pth.index.json"},
       "torch-sharded"},
  };
  const StateDict d = five();
  Value metadata = Value::dict();
  metadata.set("format", "pt");
  metadata.set("total_size", 1);  // of an index before
  for (const Case& c : cases) {
    SCOPED_TRACE(c.path);
    const TemporaryFolder folder;
    std::uint64_t done = 0;
    std::uint64_t total = 0;
    save(d, folder.path() / c.path,
         {.fsync = false,
          .metadata = metadata,
          .shard_size = c.size,
          .progress = [&](std::uint64_t now, std::uint64_t all) {
            done = now;
            total = all;
          }});
    EXPECT_EQ(done, total);
    EXPECT_EQ(files_in(folder.path()), c.files);
    const auto back = load(folder.path());
    EXPECT_EQ(back.format(), c.format);
    EXPECT_EQ(back.metadata().at("format").as_text(), "pt");
    EXPECT_EQ(back.metadata().at("total_size").as_int(), static_cast<std::int64_t>(total));
    const StateDict s = back;
    ASSERT_EQ(s.size(), d.size());
    for (const auto& [name, t] : d) EXPECT_EQ(bytes_of(s[name]), bytes_of(t)) << name;
    EXPECT_TRUE(s["tied"].storage().is_same(s["d"].storage()));
    const bool torch = c.format == "torch-sharded";
    EXPECT_EQ(s["part"].storage().is_same(s["d"].storage()), torch);
    EXPECT_EQ(s.metadata.size(), torch ? 2u : 0u);
    for (const std::string& file : c.files) {  // each shard is a file like others
      if (!file.ends_with(".json")) {
        EXPECT_GT(load(folder.path() / file).tensors().size(), 0u) << file;
      }
    }
    save(back.root(), folder.path() / c.path,
         {.fsync = false, .metadata = back.metadata(), .shard_size = c.size});  // over itself
    EXPECT_EQ(StateDict(load(folder.path())).size(), d.size());
    if (!torch) {
      save(back.root(), folder.path() / "one.safetensors", {.fsync = false, .metadata = back.metadata()});
      EXPECT_EQ(load(folder.path() / "one.safetensors").metadata().size(), 1u);
    }
  }
  std::cout << "[ cases ] " << std::size(cases) << " sets\n";
}

TEST(Shards, OnlySafetensorsAndTorchFilesHaveShards) {
  const TemporaryFolder folder;
  for (const char* name : {"a.gguf", "a.npz", "a.npy"})
    EXPECT_THROW(save(five(), folder.path() / name, {.fsync = false, .shard_size = 10}), ValueError) << name;
  Value v = Value::dict();
  v.set("epoch", 3);
  EXPECT_THROW(save(v, folder.path() / "a.pth", {.fsync = false, .shard_size = 10}), ValueError);
  EXPECT_THROWN(save(five(), folder.path() / "m.safetensors.index.json", {.fsync = false}), ValueError,
                "say how large they may be");
  EXPECT_TRUE(std::filesystem::is_empty(folder.path()));
}

TEST(Shards, ShardsOfAnOlderSetStay) {
  const TemporaryFolder folder;
  const auto path = folder.path() / "model.safetensors";
  save(five(), path, {.fsync = false, .shard_size = 1});
  save(five(), path, {.fsync = false, .shard_size = 100});
  EXPECT_EQ(files_in(folder.path()).size(), 5u + 3u + 1u);
  EXPECT_EQ(load(folder.path()).tensors().size(), 6u);
}

TEST(Folder, TheModelIsFoundOrItsCandidatesAreNamed) {
  const std::string index = R"({"weight_map":{"a":"1.safetensors","b":"1.safetensors"}})";
  struct Case {
    std::vector<std::string> files;
    std::string expected;  ///< the format, or the error
  };
  const Case cases[] = {
      {{"model.safetensors"}, "safetensors"},
      {{"model.safetensors", "pytorch_model.bin", "optimizer.pt", "config.json"}, "safetensors"},
      {{"pytorch_model.bin", "training_args.bin"}, "torch-zip"},
      {{"model.safetensors.index.json", "1.safetensors"}, "safetensors-sharded"},
      {{"model.safetensors.index.json", "1.safetensors", "pytorch_model.bin.index.json"},
       "safetensors-sharded"},
      {{"model.safetensors.index.json", "1.safetensors", "other.index.json"}, "safetensors-sharded"},
      {{"diffusion.safetensors.index.json", "1.safetensors", "2.safetensors"}, "safetensors-sharded"},
      {{"weights.pth", "readme.md"}, "torch-zip"},
      {{"adapter.safetensors", ".old.safetensors"}, "safetensors"},
      {{"model.safetensors", "model.safetensors.index.json"},
       "say which of model.safetensors, model.safetensors.index.json"},
      {{"a.index.json", "b.index.json"}, "say which of a.index.json, b.index.json"},
      {{"a.pth", "b.safetensors", "c.txt"}, "say which of a.pth, b.safetensors"},
      {{"a.txt"}, "a folder of 1 files without a model"},
      {{}, "a folder of 0 files without a model"},
  };
  for (const Case& c : cases) {
    const TemporaryFolder folder;
    for (const std::string& f : c.files) {
      static_cast<void>(folder.file(f, f.ends_with(".index.json") ? index
                                       : f.ends_with(".safetensors")
                                           ? shard("ab")
                                           : read_file(data_path("checkpoints/zip/mlp.pth"))));
    }
    std::filesystem::create_directory(folder.path() / "model.bin");  // a folder is no candidate
    std::string result;
    try {
      result = load(folder.path()).format();
    } catch (const FormatError& e) {
      result = e.what();
    }
    EXPECT_NE(result.find(c.expected), std::string::npos) << c.expected << ": " << result;
  }
  std::cout << "[ cases ] " << std::size(cases) << " folders\n";
}

TEST(Shards, OtherReadersReadThem) {
  if (std::system("python3 -c 'import torch, safetensors' > /dev/null 2>&1") != 0) {
    std::cout << "skipped: torch not installed\n";
    GTEST_SKIP();
  }
  const TemporaryFolder folder;
  StateDict d = load(data_path("checkpoints/safetensors/lenet.safetensors"));
  d.insert("tied", d["features.0.bias"]);
  save(d, folder.path() / "model.safetensors", {.fsync = false, .shard_size = 100'000});
  save(d, folder.path() / "pytorch_model.bin", {.fsync = false, .shard_size = 100'000});
  static_cast<void>(folder.file("check.py", R"(
import json, os, sys
import torch
from safetensors.torch import load_file
folder, golden = sys.argv[1] + "/", load_file(sys.argv[2])
golden["tied"] = golden["features.0.bias"]
for index, read in (("model.safetensors.index.json", load_file), ("pytorch_model.bin.index.json", lambda f: torch.load(f, weights_only=True))):
    i = json.load(open(folder + index))
    shards = {f: read(folder + f) for f in sorted(set(i["weight_map"].values()))}
    assert len(shards) > 2, shards.keys()
    assert all(set(s) == {k for k, f in i["weight_map"].items() if f == n} for n, s in shards.items())
    names = set(golden) - ({"tied"} if "safetensors" in index else set())
    assert set(i["weight_map"]) == names
    for k, f in i["weight_map"].items():
        assert torch.equal(shards[f][k], golden[k]), k
    assert i["metadata"]["total_size"] == sum(t.nbytes for k, t in golden.items() if k != "tied")
)"));
  const std::string command = "python3 '" + (folder.path() / "check.py").string() + "' '" +
                              folder.path().string() + "' '" +
                              data_path("checkpoints/safetensors/lenet.safetensors") + "' 2>&1";
  EXPECT_EQ(std::system(command.c_str()), 0);
}

}  // namespace
}  // namespace ballast::testing
