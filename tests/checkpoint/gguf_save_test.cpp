// Writing GGUF: every type, keys of every kind, what is refused, and what Python's own package finds.
#include <cstdlib>
#include <cstring>
#include <functional>
#include <iostream>

#include "tests/checkpoint/craft.h"
#include "tests/checkpoint/refused.h"
#include "tests/support/golden.h"
#include <gtest/gtest.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "ballast/checkpoint/bytes/storage_source.h"
#include "ballast/checkpoint/formats/gguf_types.h"
#include "ballast/checkpoint/load.h"
#include "ballast/checkpoint/save.h"
#include "ballast/core/sanitizer.h"

namespace ballast::testing {
namespace {

using checkpoint::SaveOptions;
using checkpoint::Value;

const std::string kSmall = "checkpoints/gguf/small.gguf";
const std::string kQuants = "checkpoints/gguf/quants.gguf";

template <class E>
void refused(const Value& v, std::string_view word, const Value& metadata = {}) {
  SaveOptions options{.fsync = false};
  options.metadata = metadata;
  expect_refused<E>(v, "a.gguf", word, options);
}

StateDict plain_dict() {
  StateDict d;
  d.insert("f32", tensor_of_bytes(std::string(24, 'f'), kFloat32, {2, 3}));
  d.insert("f16", tensor_of_bytes(std::string(12, 'h'), kFloat16, {3, 2, 1}));
  d.insert("bf16", tensor_of_bytes("abcd", kBFloat16, {2}));
  d.insert("f64", tensor_of_bytes(std::string(8, 'd'), kFloat64, {1, 1, 1, 1}));
  d.insert("i8", tensor_of_bytes("xyz", kInt8, {3}));
  d.insert("i16", tensor_of_bytes("ab", kInt16, {}));
  d.insert("i32", tensor_of_bytes("abcd", kInt32, {1}));
  d.insert("i64", tensor_of_bytes(std::string(16, 'i'), kInt64, {2}));
  d.insert("none", tensor_of_bytes("", kFloat32, {0, 3}));
  return d;
}

TEST(Gguf, EveryTypeComesBack) {
  const TemporaryFolder folder;
  const auto path = folder.path() / "a.gguf";
  const StateDict d = plain_dict();
  save(d, path);
  const StateDict back = load(path);
  EXPECT_EQ(back.keys(), d.keys());
  for (const auto& [name, t] : d) {
    EXPECT_EQ(back[name].dtype(), t.dtype()) << name;
    EXPECT_EQ(back[name].sizes().vec(), t.dim() == 0 ? std::vector<std::int64_t>{1} : t.sizes().vec())
        << name;
    EXPECT_EQ(bytes_of(back[name]), bytes_of(t)) << name;
  }
  EXPECT_EQ(load(path).metadata().at("general.architecture").as_text(), "ballast");
}

TEST(Gguf, GoldenFilesAreWrittenWithTheSameBytes) {
  const TemporaryFolder folder;
  for (const std::string& file : {kSmall, kQuants}) {
    const auto c = load(data_path(file));
    SaveOptions options{.fsync = false};
    options.metadata = c.metadata();
    const auto path = folder.path() / "a.gguf";
    save(c.root(), path, options);
    EXPECT_EQ(read_file(path), read_file(data_path(file))) << file;
    // Over the file that the tensors are mapped from.
    const auto again = load(path);
    options.metadata = again.metadata();
    save(again.root(), path, options);
    EXPECT_EQ(read_file(path), read_file(data_path(file))) << file;
  }
}

TEST(Gguf, TensorsOfAnyLayoutAreWrittenRowMajor) {
  const TemporaryFolder folder;
  const Tensor large = empty({700, 900});
  auto* p = static_cast<float*>(large.data_ptr());
  for (std::int64_t i = 0; i < large.numel(); ++i) p[i] = static_cast<float>(i);
  StateDict d;
  d.insert("turned", large.alias({900, 700}, {1, 900}, 0));
  d.insert("steps", large.alias({350, 10, 3}, {1800, 7, 200}, 5));
  d.insert("repeated", large.alias({4, 1000}, {0, 3}, 1));
  std::uint64_t last = 0;
  std::uint64_t total = 0;
  SaveOptions options{.fsync = false};
  options.progress = [&](std::uint64_t done, std::uint64_t all) {
    EXPECT_GT(done, last);
    last = done;
    total = all;
  };
  save(d, folder.path() / "a.gguf", options);
  EXPECT_EQ(last, total);
  EXPECT_EQ(total, 4u * (900 * 700 + 350 * 30 + 4000));
  const StateDict back = load(folder.path() / "a.gguf");
  for (const auto& [name, t] : d) EXPECT_EQ(bytes_of(back[name]), bytes_of(t)) << name;
}

/// Mebibytes that a process of its own needs more than it had, to do this.
double mebibytes_for(const std::function<void()>& work) {
  int ends[2] = {};
  if (::pipe(ends) != 0) throw std::runtime_error("no pipe");
  const auto peak = [] {
    rusage used = {};
    ::getrusage(RUSAGE_SELF, &used);
    return static_cast<double>(used.ru_maxrss) / 1024;
  };
  const pid_t child = ::fork();
  if (child == 0) {
    const double before = peak();
    work();
    const double more = peak() - before;
    const bool told = ::write(ends[1], &more, sizeof(more)) == sizeof(more);
    ::_exit(told ? 0 : 1);
  }
  double more = -1;
  ::close(ends[1]);
  EXPECT_EQ(::read(ends[0], &more, sizeof(more)), static_cast<ssize_t>(sizeof(more)));
  ::close(ends[0]);
  ::waitpid(child, nullptr, 0);
  return more;
}

TEST(Gguf, WritingTakesNoSecondCopy) {
  if (kUnderSanitizer) GTEST_SKIP() << "a sanitizer's own memory is no measure";
  const TemporaryFolder folder;
  const Tensor large = empty({4096, 4096});
  std::memset(large.data_ptr(), 1, std::size_t{64} << 20);
  StateDict d;
  d.insert("rows", large);
  d.insert("columns", large.alias({4096, 4096}, {1, 4096}, 0));
  d.insert("steps", large.alias({2048, 2048}, {8192, 2}, 0));
  for (const char* file : {"a.gguf", "a.npz"}) {
    const double more = mebibytes_for([&] { save(d, folder.path() / file, {.fsync = false}); });
    std::cout << "[ memory ] " << file << ": " << more << " MiB more than the tensors\n";
    EXPECT_GE(more, 0);
    EXPECT_LT(more, 8);
  }
}

TEST(Gguf, BlocksHaveNoPlaceInOtherFormats) {
  const TemporaryFolder folder;
  const Value root = load(data_path(kSmall)).root();
  EXPECT_THROW(save(root, folder.path() / "a.pth", {.fsync = false}), NotImplementedError);
  EXPECT_THROW(save(root, folder.path() / "a.npz", {.fsync = false}), NotImplementedError);
  EXPECT_TRUE(std::filesystem::is_empty(folder.path()));
}

TEST(Gguf, MetadataOfEveryKind) {
  const TemporaryFolder folder;
  Value m = Value::dict();
  m.set("general.architecture", "llama");
  m.set("general.alignment", 128);
  m.set("count", 12);
  m.set("minus", -12);
  m.set("wide", std::int64_t{1} << 40);
  m.set("widest", Value::integer("18446744073709551615"));
  m.set("half", 0.5);
  m.set("tenth", 0.1);
  m.set("yes", true);
  m.set("raw", Value::bytes("\xff\x00x"));
  m.set("types", Value::list({1, 3, -1}));
  m.set("unsigned", Value::list({1, std::int64_t{4'000'000'000}}));
  m.set("scores", Value::list({0.5, -1.0}));
  m.set("words", Value::tuple({"a", "", "b"}));
  m.set("flags", Value::list({true, false}));
  m.set("nothing", Value::list());
  SaveOptions options{.fsync = false};
  options.metadata = m;
  const auto path = folder.path() / "a.gguf";
  save(plain_dict(), path, options);
  const auto c = load(path);
  const Value back = c.metadata();
  ASSERT_EQ(back.size(), m.size());
  for (std::size_t i = 0; i < m.size(); ++i) EXPECT_EQ(back.key(i).as_text(), m.key(i).as_text());
  const auto type = [&](const char* key) { return back.attributes().at("gguf_types").at(key).as_text(); };
  EXPECT_EQ(type("general.alignment"), "uint32");
  EXPECT_EQ(type("count"), "uint32");
  EXPECT_EQ(type("minus"), "int32");
  EXPECT_EQ(type("wide"), "int64");
  EXPECT_EQ(type("widest"), "uint64");
  EXPECT_EQ(back.at("widest").int_text(), "18446744073709551615");
  EXPECT_EQ(type("half"), "float32");
  EXPECT_EQ(type("tenth"), "float64");
  EXPECT_EQ(back.at("tenth").as_float(), 0.1);
  EXPECT_EQ(type("types"), "[int32]");
  EXPECT_EQ(type("unsigned"), "[uint32]");
  EXPECT_EQ(type("scores"), "[float32]");
  EXPECT_EQ(back.at("raw").as_bytes(), std::string_view("\xff\0x", 1));
  EXPECT_EQ(back.at("words").item(2).as_text(), "b");
  EXPECT_TRUE(back.at("flags").item(0).as_bool());
  EXPECT_EQ(back.at("nothing").size(), 0u);
  for (const auto& t : c.tensors()) EXPECT_EQ(c.storages()[t.storage].source->offset % 128, 0u) << t.name;
}

TEST(Gguf, WhatCannotBeWrittenIsNamed) {
  const Tensor t = tensor_of_bytes("abcd", kFloat32, {1});
  refused<KeyError>(one(std::string(64, 'n'), t), "at most 63");
  refused<KeyError>(one("", t), "without a name");
  refused<KeyError>(Value(t), "without a name");
  refused<DTypeError>(one("u", tensor_of_bytes("abcd", kUInt8, {4})), "'u' is a tensor of type uint8");
  refused<DTypeError>(one("b", tensor_of_bytes("\1", kBool, {1})), "bool");
  refused<ShapeError>(one("deep", tensor_of_bytes("abcd", kFloat32, {1, 1, 1, 1, 1})), "5 dimensions");
  refused<ValueError>(one("epoch", 3), "'epoch' is an int");
  refused<ValueError>(one("inner", one("list", Value::list())), "'inner.list' is a list without entries");
  refused<ValueError>(one("m", empty({2}, TensorOptions(kMeta))), "on meta");
  Value twice = one("a.b", t);
  twice.set("a", one("b", t));
  refused<KeyError>(twice, "two tensors would have the name 'a.b'");
  Value numbered = Value::dict();
  numbered.set(0.5, t);
  refused<ValueError>(numbered, "a key of the root is a float");
  Value round = Value::dict();
  round.set("self", round);
  refused<ValueError>(round, "holds itself");
  const Value d = one("w", t);
  refused<ValueError>(d, "'k'", one("k", Value()));
  refused<ValueError>(d, "'k'", one("k", Value::list({1, 0.5})));
  refused<ValueError>(d, "'k'", one("k", Value::list({Value::list({1})})));
  refused<ValueError>(d, "'k'", one("k", Value::integer("18446744073709551616")));
  refused<ValueError>(d, "'k'", one("k", t));
  refused<ValueError>(d, "power of two", one("general.alignment", 24));
  refused<ValueError>(d, "general.architecture", one("general.architecture", 1));
  refused<ValueError>(d, "a mapping", Value(3));
}

TEST(Gguf, PythonsPackageReadsIt) {
  if (std::system("python3 -c 'import gguf' > /dev/null 2>&1") != 0) {
    std::cout << "skipped: gguf not installed\n";
    GTEST_SKIP();
  }
  const TemporaryFolder folder;
  const auto c = load(data_path(kSmall));
  SaveOptions options{.fsync = false};
  options.metadata = c.metadata();
  save(c.root(), folder.path() / "again.gguf", options);
  StateDict d = plain_dict();
  const Tensor turned = empty({5, 4});
  auto* p = static_cast<float*>(turned.data_ptr());
  for (int i = 0; i < 20; ++i) p[i] = static_cast<float>(i);
  d.insert("turned", turned.alias({4, 5}, {1, 4}, 0));
  save(d, folder.path() / "plain.gguf", {.fsync = false});
  Json expected;
  for (const auto& [name, t] : d)
    expected[name] = {{"sizes", t.sizes().vec()}, {"bytes", to_hex(bytes_of(t))}};
  static_cast<void>(folder.file("expected.json", expected.dump()));
  static_cast<void>(folder.file("check.py", R"(
import json, sys
import numpy as np
from gguf import GGUFReader
here, data = sys.argv[1], sys.argv[2]
e = json.load(open(data + "/checkpoints/gguf/expected.json"))[0]
r = GGUFReader(here + "/again.gguf")
assert [t.name for t in r.tensors] == [t["name"] for t in e["tensors"]]
for t, x in zip(r.tensors, e["tensors"]):
    assert t.tensor_type.name == x["type"] and list(map(int, t.shape)) == x["ne"], t
fields = {k: f for k, f in r.fields.items()}
for x in e["fields"]:
    f = fields[x["key"]]
    assert [t.name for t in f.types] == x["types"], x
    v = f.contents()
    assert (v if isinstance(v, (str, int, bool, list)) else repr(v)) == x["value"], x
r = GGUFReader(here + "/plain.gguf")
want = json.load(open(here + "/expected.json"))
assert [t.name for t in r.tensors] == list(want)
for t in r.tensors:
    w = want[t.name]
    assert [int(n) for n in reversed(t.shape)] == (w["sizes"] or [1]), (t.name, t.shape)
    assert np.ascontiguousarray(t.data).tobytes().hex() == w["bytes"], t.name
)"));
  const std::string command = "python3 '" + (folder.path() / "check.py").string() + "' '" +
                              folder.path().string() + "' '" + data_path("") + "' 2>&1";
  EXPECT_EQ(std::system(command.c_str()), 0);
}

}  // namespace
}  // namespace ballast::testing
