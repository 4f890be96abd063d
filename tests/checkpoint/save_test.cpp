#include "ballast/checkpoint/save.h"

#include <csignal>
#include <cstdlib>
#include <fstream>
#include <iostream>

#include "tests/checkpoint/craft.h"
#include "tests/checkpoint/describe.h"
#include "tests/support/golden.h"
#include <gtest/gtest.h>
#include <sys/resource.h>
#include <sys/stat.h>

#include "ballast/checkpoint/load.h"

namespace ballast::testing {
namespace {

using checkpoint::Value;

const checkpoint::SaveOptions kFast{.fsync = false};

StateDict small_dict() {
  StateDict d;
  d.insert("w", tensor_of_bytes(std::string(24, 'w'), kFloat32, {2, 3}));
  d.insert("b", tensor_of_bytes("bbbb", kUInt8, {4}));
  d.insert("row", d["w"].alias({3}, {1}, 3));
  d.has_metadata = true;
  d.metadata = {{"", 1}, {"sub", 2}};
  return d;
}

TEST(Save, StateDictComesBackWithTiesAndMetadata) {
  const TemporaryFolder folder;
  const StateDict d = small_dict();
  save(d, folder.path() / "a.pth");
  const StateDict back = load(folder.path() / "a.pth");
  EXPECT_EQ(back.keys(), d.keys());
  for (const auto& [name, t] : d) EXPECT_EQ(bytes_of(back[name]), bytes_of(t)) << name;
  EXPECT_TRUE(back["w"].storage().is_same(back["row"].storage()));
  EXPECT_EQ(back.metadata, d.metadata);
  EXPECT_TRUE(back.has_metadata);
}

TEST(Save, EveryGoldenFileIsWrittenAndReadBackEqual) {
  const TemporaryFolder folder;
  int cases = 0;
  for (const std::string format : {"zip", "legacy"}) {
    for (const Json& e : read_json("checkpoints/" + format + "/expected.json")) {
      const std::string file = e["file"];
      if (!e["expect"].get<std::string>().starts_with("load")) continue;
      SCOPED_TRACE(file);
      const auto first = load(data_path("checkpoints/" + format + "/" + file));
      const auto path = folder.path() / file;
      save(first.root(), path, kFast);
      const auto again = load(path, {.verify = checkpoint::Verify::kAll});
      EXPECT_EQ(describe(again), describe(first));
      EXPECT_TRUE(again.fully_verified());
      const std::string bytes = read_file(path);
      save(again.root(), path, kFast);  // over the file that the tensors are mapped from
      EXPECT_EQ(read_file(path), bytes);
      std::filesystem::remove(path);
      ++cases;
    }
  }
  std::cout << "[ cases ] " << cases << " files written\n";
  EXPECT_GT(cases, 0);
}

TEST(Save, MetadataNeedsAFormatWithAPlaceForIt) {
  const TemporaryFolder folder;
  checkpoint::SaveOptions options{.fsync = false};
  options.metadata = Value::dict();
  options.metadata.set("author", "somebody");
  for (const char* name : {"a.pth", "a.npz", "a.npy"}) {
    EXPECT_THROW(save(small_dict(), folder.path() / name, options), ValueError) << name;
  }
  EXPECT_TRUE(std::filesystem::is_empty(folder.path()));
  save(small_dict(), folder.path() / "a.safetensors", options);
  EXPECT_EQ(load(folder.path() / "a.safetensors").metadata().at("author").as_text(), "somebody");
}

TEST(Save, WhatOnlyAClassCouldMakeAgainIsRefused) {
  const TemporaryFolder folder;
  for (const char* file : {"whole_sequential.pth", "namespace_args.pth", "numpy_inside.pth"}) {
    const auto c = load(data_path(std::string("checkpoints/zip/") + file));
    EXPECT_THROW(save(c.root(), folder.path() / file, kFast), NotImplementedError) << file;
    EXPECT_TRUE(std::filesystem::is_empty(folder.path()));
  }
  const StateDict state = load(data_path("checkpoints/zip/whole_sequential.pth"));
  save(state, folder.path() / "state.pth", kFast);
  EXPECT_EQ(load(folder.path() / "state.pth").state_dict().keys(), state.keys());
}

TEST(Save, PlainDataOfEveryKind) {
  const TemporaryFolder folder;
  Value v = Value::dict();
  Value shared = Value::list({1, -1, 255, 256, 65536, -70000, std::int64_t{1} << 40});
  v.set("shared", shared);
  v.set("again", shared);
  v.set("big", Value::integer("-123456789012345678901234567890"));
  v.set("huge", Value::integer("1" + std::string(700, '0')));
  v.set(3, std::complex<double>(1, -2));
  v.set(Value::tuple({1, "a"}), Value::bytes(std::string("\0\xff\x80", 3)));
  v.set("dtype", Value(kBFloat16));
  v.set("size", Value::size({2, 3}));
  v.set("device", Value::device("cpu"));
  v.set("self", v);
  v.set("text", "a text that is longer than a few letters");
  save(v, folder.path() / "a.pth", kFast);
  const Value back = load(folder.path() / "a.pth").root();
  ASSERT_EQ(back.size(), v.size());
  EXPECT_EQ(back.at("shared").id(), back.at("again").id());
  EXPECT_EQ(back.at("self").id(), back.id());
  for (std::size_t i = 0; i < shared.size(); ++i)
    EXPECT_EQ(back.at("shared").item(i).as_int(), shared.item(i).as_int());
  EXPECT_EQ(back.at("big").int_text(), v.at("big").int_text());
  EXPECT_EQ(back.at("huge").int_text(), v.at("huge").int_text());
  EXPECT_EQ(back.value(4).as_complex(), std::complex<double>(1, -2));
  EXPECT_EQ(back.value(5).as_bytes(), std::string("\0\xff\x80", 3));
  EXPECT_EQ(back.at("dtype").as_text(), "bfloat16");
  EXPECT_EQ(back.at("size").item(1).as_int(), 3);
}

TEST(Save, ParametersStayParameters) {
  const TemporaryFolder folder;
  StateDict d;
  const Parameter p(tensor_of_bytes(std::string(8, 'p'), kFloat32, {2}));
  d.insert("p", p);
  d.insert("tied", p);
  save(d, folder.path() / "a.pth", kFast);
  const StateDict back = load(folder.path() / "a.pth");
  EXPECT_TRUE(back["p"].is_parameter());
  EXPECT_TRUE(back["p"].requires_grad());
  EXPECT_TRUE(back["p"].is_same(back["tied"]));
}

/// A storage under three types, and as it is.
Value several_types() {
  const Tensor complex = tensor_of_bytes(std::string(16, 'c'), kComplex64, {2});
  const Storage& storage = complex.storage();
  Value v = Value::dict();
  v.set("parts", tensor_on(storage, kFloat32, IntArrayRef({2, 2}), IntArrayRef({2, 1})));
  v.set("complex", complex);
  v.set("bytes", tensor_on(storage, kUInt8, IntArrayRef({3}), IntArrayRef({1}), 13));
  return v;
}

TEST(Save, ViewsOfSeveralTypesKeepTheirTypesAndTheirStorage) {
  const TemporaryFolder folder;
  const Value v = several_types();
  save(v, folder.path() / "a.pth", kFast);
  const Value back = load(folder.path() / "a.pth").root();
  for (const char* name : {"parts", "complex", "bytes"}) {
    const Tensor& t = back.at(name).tensor().tensor;
    EXPECT_EQ(t.dtype(), v.at(name).tensor().tensor.dtype()) << name;
    EXPECT_EQ(bytes_of(t), bytes_of(v.at(name).tensor().tensor)) << name;
    EXPECT_TRUE(t.storage().is_same(back.at("parts").tensor().tensor.storage())) << name;
  }
}

TEST(Save, TensorsInKeysAndAttributesAreWritten) {
  const TemporaryFolder folder;
  const Tensor t = tensor_of_bytes("abcd", kUInt8, {4});
  Value v = Value::ordered_dict();
  v.set(t, "a tensor for a key");
  Value attributes = Value::dict();
  attributes.set("of its own", t);
  v.set_attributes(attributes);
  save(v, folder.path() / "a.pth", {.fsync = false, .compact = true});
  const Value back = load(folder.path() / "a.pth").root();
  EXPECT_EQ(back.key(0).kind(), checkpoint::Kind::kTensor);
  EXPECT_EQ(bytes_of(back.attributes().at("of its own").tensor().tensor), "abcd");
}

TEST(Save, CompactKeepsAStorageThatStandsInTheTreeWhole) {
  const TemporaryFolder folder;
  const auto c = load(data_path("checkpoints/zip/storage.pth"));
  save(c.root(), folder.path() / "a.pth", {.fsync = false, .compact = true});
  EXPECT_EQ(describe(load(folder.path() / "a.pth")), describe(c));
}

TEST(Save, CompactWritesOnlyWhatTensorsSee) {
  const TemporaryFolder folder;
  const Tensor large = empty({1 << 20});
  StateDict d;
  d.insert("a", large.alias({10}, {1}, 1000));
  d.insert("b", large.alias({2, 2}, {20, 1}, 1003));
  const auto size = [&](bool compact) {
    save(d, folder.path() / "a.pth", {.fsync = false, .compact = compact});
    const StateDict back = load(folder.path() / "a.pth");
    for (const auto& [name, t] : d) EXPECT_EQ(bytes_of(back[name]), bytes_of(t));
    EXPECT_TRUE(back["a"].storage().is_same(back["b"].storage()));
    return std::filesystem::file_size(folder.path() / "a.pth");
  };
  EXPECT_GT(size(false), 4u << 20);
  EXPECT_LT(size(true), 4096u);
}

TEST(Save, MetaTensorsHaveNoBytes) {
  const TemporaryFolder folder;
  StateDict d;
  d.insert("m", empty({1 << 20, 1 << 20}, TensorOptions(kMeta)));
  save(d, folder.path() / "a.pth", kFast);
  EXPECT_LT(std::filesystem::file_size(folder.path() / "a.pth"), 4096u);
  const StateDict back = load(folder.path() / "a.pth");
  EXPECT_TRUE(back["m"].is_meta());
  EXPECT_EQ(back["m"].numel(), std::int64_t{1} << 40);
}

TEST(Save, TheSameDictionaryGivesTheSameBytes) {
  const TemporaryFolder folder;
  save(small_dict(), folder.path() / "a.pth", kFast);
  save(small_dict(), folder.path() / "b.pth", kFast);
  EXPECT_EQ(read_file(folder.path() / "a.pth"), read_file(folder.path() / "b.pth"));
}

TEST(Save, FailingLeavesTheOldFileAndNothingElse) {
  const TemporaryFolder folder;
  const auto path = folder.file("a.pth", "old");
  // A limit on the size of files stands for a full disk.
  const auto old_handler = std::signal(SIGXFSZ, SIG_IGN);
  rlimit old = {};
  ::getrlimit(RLIMIT_FSIZE, &old);
  rlimit small = old;
  small.rlim_cur = 4096;
  ::setrlimit(RLIMIT_FSIZE, &small);
  StateDict d;
  d.insert("w", empty({10000}));
  int error = 0;
  try {
    save(d, path, kFast);
  } catch (const IoError& e) {
    error = e.error_number();
  }
  ::setrlimit(RLIMIT_FSIZE, &old);
  std::signal(SIGXFSZ, old_handler);
  EXPECT_EQ(error, EFBIG);
  EXPECT_EQ(read_file(path), "old");
  EXPECT_EQ(std::distance(std::filesystem::directory_iterator(folder.path()), {}), 1);
}

TEST(Save, PlacesThatCannotBeWrittenAreNamed) {
  const TemporaryFolder folder;
  const auto error = [](const std::filesystem::path& p) {
    try {
      save(StateDict(), p, kFast);
    } catch (const IoError& e) {
      return e.error_number();
    }
    return 0;
  };
  EXPECT_EQ(error(folder.path()), EISDIR);
  EXPECT_EQ(error(folder.path() / "no" / "such.pth"), ENOENT);
}

TEST(Save, PermissionsAndLinksOfTheOldFileStay) {
  const TemporaryFolder folder;
  const auto path = folder.file("a.pth", "old");
  std::filesystem::permissions(path, std::filesystem::perms(0600));
  const auto link = folder.path() / "link.pth";
  std::filesystem::create_symlink("a.pth", link);
  save(small_dict(), link, kFast);
  EXPECT_TRUE(std::filesystem::is_symlink(link));
  EXPECT_EQ(std::filesystem::status(path).permissions(), std::filesystem::perms(0600));
  EXPECT_EQ(StateDict(load(path)).size(), 3u);
}

TEST(Save, PyTorchReadsIt) {
  if (std::system("python3 -c 'import torch' > /dev/null 2>&1") != 0) {
    std::cout << "skipped: torch not installed\n";
    GTEST_SKIP();
  }
  const TemporaryFolder folder;
  int files = 0;
  Json expected = Json::array();
  for (const Json& e : read_json("checkpoints/zip/expected.json")) {
    const std::string file = e["file"];
    if (e["expect"] != "load") continue;
    save(load(data_path("checkpoints/zip/" + file)).root(), folder.path() / file, kFast);
    expected.push_back(
        {{"file", file}, {"tensors", e["tensors"]}, {"shared", e["shared_storage"]}, {"tree", e["tree"]}});
    ++files;
  }
  save(small_dict(), folder.path() / "metadata.pth", kFast);
  save(several_types(), folder.path() / "types.pth", kFast);
  Value plain = Value::dict();
  plain.set("empty", Value::bytes(""));
  plain.set("some", Value::bytes("\x01\xff"));
  save(plain, folder.path() / "bytes.pth", kFast);
  static_cast<void>(folder.file("expected.json", expected.dump()));
  static_cast<void>(folder.file("check.py", R"(
import json, sys, warnings
sys.path.insert(0, sys.argv[2])
from gen.common import describe
import torch
warnings.simplefilter("ignore")
for e in json.load(open(sys.argv[1] + "/expected.json")):
    for mmap in (False, True):
        d = describe(torch.load(sys.argv[1] + "/" + e["file"], weights_only=True, mmap=mmap))
        assert d["tensors"] == e["tensors"], (e["file"], mmap, "tensors")
        assert d["shared_storage"] == e["shared"], (e["file"], mmap, "ties")
        assert d["tree"] == e["tree"], (e["file"], mmap, "tree")
m = torch.load(sys.argv[1] + "/metadata.pth", weights_only=True)
assert dict(m._metadata) == {"": {"version": 1}, "sub": {"version": 2}}
for mmap in (False, True):
    t = torch.load(sys.argv[1] + "/types.pth", weights_only=True, mmap=mmap)
    assert torch.equal(t["parts"], torch.view_as_real(t["complex"])), t
    assert t["bytes"].dtype == torch.uint8 and t["bytes"].tolist() == [99] * 3, t
    assert len({x.untyped_storage().data_ptr() for x in t.values()}) == 1, t
assert torch.load(sys.argv[1] + "/bytes.pth", weights_only=True) == {"empty": b"", "some": b"\x01\xff"}
)"));
  const std::string command = "python3 '" + (folder.path() / "check.py").string() + "' '" +
                              folder.path().string() + "' '" + data_path("") + "' 2>&1";
  EXPECT_EQ(std::system(command.c_str()), 0);
  std::cout << "[ cases ] " << files
            << " files read by PyTorch with weights_only=True, with and without mmap\n";
}

}  // namespace
}  // namespace ballast::testing
