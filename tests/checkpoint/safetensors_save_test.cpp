// Writing safetensors files: the package's own bytes, ties, views, and what is refused.
#include <algorithm>
#include <cstdlib>
#include <iostream>
#include <iterator>
#include <tuple>

#include "tests/checkpoint/craft.h"
#include "tests/support/golden.h"
#include "tests/support/thrown.h"
#include <gtest/gtest.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "ballast/checkpoint/load.h"
#include "ballast/checkpoint/save.h"
#include "ballast/core/sanitizer.h"
#include "ballast/core/shape.h"

namespace ballast::testing {
namespace {

using checkpoint::SaveOptions;
using checkpoint::Value;

const SaveOptions kFast{.fsync = false};
const std::string kOurs = "checkpoints/safetensors/";
const std::string kPackage = "checkpoints/safetensors_package/";

Tensor ramp(const std::vector<std::int64_t>& sizes, DType dtype = kFloat32) {
  std::string bytes(static_cast<std::size_t>(numel_of(sizes) * itemsize(dtype)), '\0');
  for (std::size_t i = 0; i < bytes.size(); ++i) bytes[i] = static_cast<char>(i * 7 + i / 251);
  return tensor_of_bytes(bytes, dtype, sizes);
}

/// The same tensors, entered backwards.
Value backwards(const Value& v) {
  Value out = Value::ordered_dict();
  for (std::size_t i = v.size(); i-- > 0;) out.set(v.key(i), v.value(i));
  return out;
}

TEST(SafetensorsSave, TheBytesAreThePackagesOwn) {
  const TemporaryFolder folder;
  int cases = 0;
  for (const std::string& from : {kOurs, kPackage}) {
    for (const Json& e : read_json(from + "expected.json")) {
      const std::string file = e["file"];
      if (e["format"] != "safetensors" || file == "unpadded_header.safetensors") continue;
      SCOPED_TRACE(file);
      const auto c = load(data_path(from + file));
      const auto path = folder.path() / "a.safetensors";
      for (const bool reversed : {false, true}) {
        // Empty tensors at one place have no order but that of their names.
        save(reversed ? backwards(c.root()) : c.root(), path, {.fsync = false, .metadata = c.metadata()});
        EXPECT_EQ(read_file(path), read_file(data_path(from + file)));
      }
      save(load(path).root(), path,
           {.fsync = false, .metadata = c.metadata()});  // over what the tensors are mapped from
      EXPECT_EQ(read_file(path), read_file(data_path(from + file)));
      ++cases;
    }
  }
  std::cout << "[ cases ] " << cases << " files of the package, equal byte for byte\n";
  EXPECT_GT(cases, 15);
}

TEST(SafetensorsSave, TheBytesOfAModelAreThoseOfSaveModel) {
  // What tests/data/gen/safetensorsfix.py saves as not_contiguous, from views again.
  const TemporaryFolder folder;
  const StateDict golden = load(data_path(kPackage + "not_contiguous.safetensors"));
  StateDict d;
  std::string columns(48, '\0');
  std::string permuted(48, '\0');
  for (std::int32_t i = 0; i < 12; ++i)
    columns.replace(static_cast<std::size_t>(i) * 4, 4, little(static_cast<std::uint64_t>(i), 4));
  for (std::int32_t i = 0; i < 24; ++i)
    permuted.replace(static_cast<std::size_t>(i) * 2, 2, little(static_cast<std::uint64_t>(i), 2));
  d.insert("columns", tensor_of_bytes(columns, kInt32, {3, 4}).alias({4, 3}, {1, 4}, 0));
  d.insert("every_second", golden["every_second"]);
  d.insert("permuted", tensor_of_bytes(permuted, kInt16, {2, 3, 4}).alias({4, 2, 3}, {1, 12, 4}, 0));
  save(d, folder.path() / "a.safetensors", kFast);
  EXPECT_EQ(read_file(folder.path() / "a.safetensors"),
            read_file(data_path(kPackage + "not_contiguous.safetensors")));
}

TEST(SafetensorsSave, TiedNamesAreWrittenOnceAndComeBackTied) {
  const TemporaryFolder folder;
  StateDict d;
  const Tensor w = ramp({4, 6});
  d.insert("z.weight", w);
  d.insert("b.weight", w.alias({4, 6}, {6, 1}, 0));
  d.insert("a.transposed", w.alias({6, 4}, {1, 6}, 0));
  d.insert("m.weight", w);
  d.insert("row", w.alias({6}, {1}, 12));
  d.insert("same_row", w.alias({1, 6}, {77, 1}, 12));
  d.insert("again.row", w.alias({6}, {1}, 12));
  d.insert("empty", w.alias({0}, {1}, 0));
  d.insert("empty_too", w.alias({0}, {1}, 0));
  const auto path = folder.path() / "a.safetensors";
  save(d, path, kFast);
  const auto c = load(path);
  const StateDict back = c;
  ASSERT_EQ(back.size(), d.size());
  for (const auto& [name, t] : d) {
    EXPECT_EQ(back[name].sizes().vec(), t.sizes().vec()) << name;
    EXPECT_EQ(bytes_of(back[name]), bytes_of(t)) << name;
  }
  const auto tied = [&](const char* a, const char* b) {
    return back[a].storage().is_same(back[b].storage());
  };
  EXPECT_TRUE(tied("b.weight", "m.weight"));
  EXPECT_TRUE(tied("b.weight", "z.weight"));
  EXPECT_TRUE(tied("again.row", "row"));
  EXPECT_FALSE(tied("b.weight", "row"));
  EXPECT_FALSE(tied("b.weight", "a.transposed"));
  EXPECT_FALSE(tied("row", "same_row"));
  const std::string header = read_file(path).substr(8, 130);
  EXPECT_TRUE(header.starts_with(
      R"({"__metadata__":{"m.weight":"b.weight","row":"again.row","z.weight":"b.weight"},"a.transposed":{)"))
      << header;
}

TEST(SafetensorsSave, ConjugatesAndNegativesAreResolved) {
  const TemporaryFolder folder;
  int cases = 0;
  for (const char* file : {"conj_and_neg.pth", "views.pth"}) {
    const auto path = data_path(std::string("checkpoints/zip/") + file);
    if (!std::filesystem::exists(path)) continue;
    const auto c = load(path);
    Value v = Value::dict();
    for (const auto& t : c.tensors()) {
      const DType dtype = t.value.tensor().tensor.dtype();
      if (dtype != kComplex32 && dtype != kComplex128) v.set(t.name, t.value);
    }
    save(v, folder.path() / "a.safetensors", kFast);
    const StateDict back = load(folder.path() / "a.safetensors");
    for (std::size_t i = 0; i < v.size(); ++i, ++cases)
      EXPECT_EQ(bytes_of(back[std::string(v.key(i).as_text())]), bytes_of(v.value(i).tensor().resolved()));
  }
  std::cout << "[ cases ] " << cases << " views\n";
  EXPECT_GT(cases, 0);
}

TEST(SafetensorsSave, NestedTensorsHaveTheirKeysJoined) {
  const TemporaryFolder folder;
  Value v = Value::dict();
  Value layers = Value::list({Value(ramp({2})), Value::tuple({Value(ramp({3}))})});
  v.set("layers", layers);
  Value inner = Value::ordered_dict();
  inner.set(7, ramp({1}));
  inner.set("x.y", ramp({1}));
  v.set("in", inner);
  save(v, folder.path() / "a.safetensors", kFast);
  const StateDict back = load(folder.path() / "a.safetensors");
  EXPECT_EQ(back.keys(), (std::vector<std::string>{"in.7", "in.x.y", "layers.0", "layers.1.0"}));
}

TEST(SafetensorsSave, WhatWouldBeLostIsRefusedByName) {
  const TemporaryFolder folder;
  const auto error = [&](const Value& v, const Value& metadata = {}) -> std::string {
    try {
      save(v, folder.path() / "a.safetensors", {.fsync = false, .metadata = metadata});
    } catch (const Error& e) {
      return e.what();
    }
    return "written";
  };
  const auto one = [](const Value& key, const Value& value) {
    Value v = Value::dict();
    v.set(key, value);
    return v;
  };
  const Value good = one("w", ramp({2}));
  Value collide = one("a", one("b", ramp({1})));
  collide.set("a.b", ramp({1}));
  Value cycle = Value::dict();
  cycle.set("self", cycle);
  StateDict tied_dict;
  tied_dict.insert("a", ramp({2}));
  tied_dict.insert("b", tied_dict["a"]);
  const Value tied(tied_dict);
  const std::tuple<std::string, Value, Value> cases[] = {
      {"'epoch' is an int: a safetensors file holds tensors by name", one("epoch", 3), {}},
      {"'a.b' is None", one("a", one("b", Value())), {}},
      {"'a' is a dict without entries", one("a", Value::dict()), {}},
      {"'a.0' is a str", one("a", Value::list({"x"})), {}},
      {"a tensor cannot be written as a safetensors file", Value(ramp({2})), {}},
      {"the root is an int", Value(3), {}},
      {"two tensors would have the name 'a.b'", collide, {}},
      {"'self' holds itself", cycle, {}},
      {"a key of the root is a tuple", one(Value::tuple({1, 2}), ramp({2})), {}},
      {"'w' is of type complex128, which safetensors files lack", one("w", ramp({1}, kComplex128)), {}},
      {"'w' is on meta", one("w", empty({2}, TensorOptions(kMeta))), {}},
      {"cannot have the name '__metadata__'", one("__metadata__", ramp({1})), {}},
      {"the name 'a\\udcff' is not UTF-8", one(std::string("a\xff"), ramp({1})), {}},
      {"metadata should be a mapping of strings, and is a list", good, Value::list()},
      {"here 'k' is an int", good, one("k", 1)},
      {"here a key is an int", good, one(1, "k")},
      {"readers would take it for two names of one tensor", good, one("v", "w")},
      {"readers would take it for two names of one tensor", tied, one("b", "pt")},
      {"written", good, one("w", "x")},
      {"written", good, one("total_size", 8)},
      {"written", tied, one("b", "a")},
      {"written", Value::dict(), {}},
  };
  for (const auto& [expected, v, metadata] : cases) {
    EXPECT_NE(error(v, metadata).find(expected), std::string::npos) << expected << ": " << error(v, metadata);
    if (expected != "written") {
      EXPECT_TRUE(std::filesystem::is_empty(folder.path())) << expected;
    }
    std::filesystem::remove(folder.path() / "a.safetensors");
  }
  std::cout << "[ cases ] " << std::size(cases) << " trees\n";
}

TEST(SafetensorsSave, AnUnfoldingTreeIsLimited) {
  Value v = Value::list({Value(ramp({1}))});
  for (int i = 0; i < 64; ++i) v = Value::list({v, v});
  const TemporaryFolder folder;
  EXPECT_THROW(save(v, folder.path() / "a.safetensors", kFast), LimitError);
}

TEST(SafetensorsSave, EveryLayoutIsWrittenInPiecesAsItsRows) {
  const TemporaryFolder folder;
  const Tensor base = ramp({700, 3, 900}, kFloat32);
  StateDict d;
  d.insert("last_first", base.alias({900, 700, 3}, {1, 2700, 900}, 0));
  d.insert("swapped", base.alias({3, 700, 900}, {900, 2700, 1}, 0));
  d.insert("middle", base.alias({700, 900, 3}, {2700, 1, 900}, 0));
  d.insert("strided", base.alias({350, 3, 300}, {5400, 900, 3}, 1));
  d.insert("repeated", base.alias({400'000, 2}, {0, 900}, 17));
  d.insert("long_row", base.alias({2, 600'000}, {1, 3}, 0));
  d.insert("one", base.alias({1, 1}, {5, 7}, 3));
  std::uint64_t done = 0;
  std::uint64_t total = 0;
  save(d, folder.path() / "a.safetensors",
       {.fsync = false, .progress = [&](std::uint64_t now, std::uint64_t all) {
          EXPECT_GT(now, done);
          done = now;
          total = all;
        }});
  EXPECT_EQ(done, total);
  const StateDict back = load(folder.path() / "a.safetensors");
  std::uint64_t bytes = 0;
  for (const auto& [name, t] : d) {
    EXPECT_EQ(bytes_of(back[name]), bytes_of(t)) << name;
    bytes += bytes_of(t).size();
  }
  EXPECT_EQ(total, bytes);
}

TEST(SafetensorsSave, LargeTensorsAreStreamed) {
  if (kUnderSanitizer) GTEST_SKIP();  // its own memory hides ours
  const TemporaryFolder folder;
  const Tensor base = ramp({4096, 4096});
  StateDict d;
  d.insert("t", base.alias({4096, 4096}, {1, 4096}, 0));
  d.insert("w", base);
  const pid_t child = ::fork();
  if (child == 0) {
    rusage before = {};
    rusage after = {};
    ::getrusage(RUSAGE_SELF, &before);
    save(d, folder.path() / "a.safetensors", kFast);
    ::getrusage(RUSAGE_SELF, &after);
    ::_exit(static_cast<int>(std::min(200L, (after.ru_maxrss - before.ru_maxrss) / 1024)));
  }
  int status = 0;
  ::waitpid(child, &status, 0);
  ASSERT_TRUE(WIFEXITED(status));
  EXPECT_LT(WEXITSTATUS(status), 8);
  std::cout << "[ memory ] " << WEXITSTATUS(status)
            << " MiB more for 128 MiB written, half of it transposed\n";
}

TEST(SafetensorsSave, ThePackageReadsIt) {
  if (std::system("python3 -c 'import torch, safetensors' > /dev/null 2>&1") != 0) {
    std::cout << "skipped: torch not installed\n";
    GTEST_SKIP();
  }
  const TemporaryFolder folder;
  Json expected = Json::array();
  const auto write = [&](const std::string& name, const Value& v) {
    save(v, folder.path() / name, kFast);
    const auto back = load(folder.path() / name);
    Json tensors = Json::object();
    for (const auto& t : back.tensors()) tensors[t.name] = sha256_of(bytes_of(t.value.tensor().resolved()));
    expected.push_back({{"file", name}, {"tensors", tensors}});
  };
  for (const char* file : {"mlp", "lenet", "views", "shared_storage", "scalars_and_empties", "tied_embedding",
                           "bi_gru", "transformer"}) {
    const auto path = data_path(std::string("checkpoints/zip/") + file + ".pth");
    if (std::filesystem::exists(path))
      write(std::string(file) + ".safetensors", Value(load(path).state_dict()));
  }
  write("all_types.safetensors", load(data_path(kPackage + "all_types.safetensors")).root());
  StateDict tied;
  tied.insert("b.weight", ramp({6, 4}));
  tied.insert("b.bias", ramp({6}));
  tied.insert("a.weight", tied["b.weight"]);
  tied.insert("a.bias", ramp({6}, kFloat32));
  write("tied.safetensors", Value(tied));
  static_cast<void>(folder.file("expected.json", expected.dump()));
  static_cast<void>(folder.file("check.py", R"(
import hashlib, json, sys
import torch
from torch import nn
from safetensors import safe_open
from safetensors.torch import load_file, load_model
folder = sys.argv[1] + "/"
for e in json.load(open(folder + "expected.json")):
    tensors = load_file(folder + e["file"])
    with safe_open(folder + e["file"], "pt") as f:
        ties = {k: v for k, v in (f.metadata() or {}).items()}
    for k, v in ties.items():
        assert k not in tensors
        tensors[k] = tensors[v]
    ours = {k: hashlib.sha256(bytes(t.contiguous().view(-1).view(torch.uint8).tolist())).hexdigest() for k, t in tensors.items()}
    assert ours == e["tensors"], e["file"]
m = nn.Module()
m.a, m.b = nn.Linear(4, 6), nn.Linear(4, 6)
m.a.weight = m.b.weight
missing, unexpected = load_model(m, folder + "tied.safetensors", strict=True)
assert not missing and not unexpected
print(len(json.load(open(folder + "expected.json"))), "files read by safetensors, one into a tied module")
)"));
  const std::string command =
      "python3 '" + (folder.path() / "check.py").string() + "' '" + folder.path().string() + "' 2>&1";
  EXPECT_EQ(std::system(command.c_str()), 0);
  std::cout << "[ cases ] " << expected.size() << " files\n";
  EXPECT_GT(expected.size(), 4u);
}

}  // namespace
}  // namespace ballast::testing
