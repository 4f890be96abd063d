#include <cstdlib>
#include <cstring>
#include <iostream>

#include "tests/checkpoint/craft.h"
#include "tests/checkpoint/memory_file.h"
#include "tests/checkpoint/refused.h"
#include "tests/support/golden.h"
#include <gtest/gtest.h>

#include "ballast/checkpoint/bytes/storage_source.h"
#include "ballast/checkpoint/load.h"
#include "ballast/checkpoint/pickle/numpy_type.h"
#include "ballast/checkpoint/save.h"

namespace ballast::testing {
namespace {

using checkpoint::LoadOptions;
using checkpoint::SaveOptions;
using checkpoint::TensorValue;
using checkpoint::Value;
using checkpoint::Verify;

constexpr const char* kFolder = "checkpoints/numpy/";

std::string path_of(const std::string& file) { return data_path(kFolder + file); }

std::string without_order(std::string descr) {
  if (descr.front() == '>') descr.front() = '<';
  return descr;
}

void expect_array(const TensorValue& v, const Json& e) {
  EXPECT_EQ(*checkpoint::numpy_descr(v.tensor.dtype()), without_order(e["dtype"]));
  EXPECT_EQ(v.tensor.sizes().vec(), e["shape"].get<std::vector<std::int64_t>>());
  EXPECT_EQ(sha256_of(bytes_of(v.tensor)), e["sha256_row_major_little_endian"]);
  EXPECT_TRUE(!e["fortran_order"].get<bool>() || v.tensor.strides()[0] == 1);
}

TEST(Numpy, EveryGoldenFileIsReadAsExpected) {
  int cases = 0;
  for (const Json& file : read_json(std::string(kFolder) + "expected.json")) {
    const std::string name = file["file"];
    SCOPED_TRACE(name);
    if (file.contains("expect")) {
      EXPECT_THROW(static_cast<void>(load(path_of(name))), FormatError);
      ++cases;
      continue;
    }
    for (const bool mmap : {true, false}) {
      const auto c = load(path_of(name), {.mmap = mmap, .verify = Verify::kAll});
      EXPECT_EQ(c.format(), file["format"]);
      ASSERT_EQ(c.tensors().size(), file["arrays"].size());
      for (std::size_t i = 0; i < c.tensors().size(); ++i) {
        const Json& e = file["arrays"][i];
        SCOPED_TRACE(e["name"].get<std::string>());
        EXPECT_EQ(c.tensors()[i].name, e["name"]);
        expect_array(c.tensors()[i].value.tensor(), e);
      }
      EXPECT_EQ(c.fully_verified(), file["format"] == "npz");
    }
    ++cases;
  }
  std::cout << "[ cases ] " << cases << " files\n";
  EXPECT_GT(cases, 20);
}

TEST(Numpy, ObjectsAreRefusedByName) {
  try {
    static_cast<void>(load(path_of("object.npy")));
    FAIL();
  } catch (const FormatError& e) {
    EXPECT_NE(std::string(e.what()).find("a pickle: it is not run"), std::string::npos) << e.what();
  }
}

TEST(Numpy, AlignedArraysAreMapped) {
  const auto npy = load(path_of("f32.npy"));
  EXPECT_EQ(npy.storages().at(0).storage.kind(), StorageImpl::Kind::kMapped);
  const auto big = load(path_of("big_f32.npy"));
  EXPECT_EQ(big.storages().at(0).storage.kind(), StorageImpl::Kind::kOwned);
  const TemporaryFolder folder;
  StateDict d;
  d.insert("a", tensor_of_bytes(std::string(40, 'a'), kFloat32, {10}));
  save(d, folder.path() / "a.npz", {.fsync = false});
  const auto npz = load(folder.path() / "a.npz");
  EXPECT_EQ(npz.storages().at(0).storage.kind(), StorageImpl::Kind::kMapped);
  EXPECT_EQ(npz.storages().at(0).source->offset % 64, 0u);
}

TEST(Numpy, OptionsAreThoseOfAllFormats) {
  for (const char* file : {"stored.npz", "deflated.npz"}) {
    const auto meta = load(path_of(file), {.map_location = kMeta});
    EXPECT_TRUE(meta.root().at("f64").tensor().tensor.is_meta());
    EXPECT_FALSE(meta.fully_verified());
    const StateDict half = load(path_of(file), {.dtype = kFloat16});
    EXPECT_EQ(half["f64"].dtype(), kFloat16);
    EXPECT_EQ(half["i64"].dtype(), kInt64);
    const auto some = load(path_of(file), {.filter = [](std::string_view n) { return n == "u32"; }});
    ASSERT_EQ(some.tensors().size(), 1u);
    EXPECT_EQ(bytes_of(some.state_dict()["u32"]), "\xff\xff\xff\xff");
    EXPECT_TRUE(some.root().at("f64").tensor().tensor.is_meta());
  }
}

// ---------------------------------------------------------------- headers

std::string npy(const std::string& header, const std::string& data = std::string(16, 'x'), int version = 1) {
  return std::string("\x93NUMPY") + static_cast<char>(version) + '\0' +
         little(header.size(), version == 1 ? 2 : 4) + header + data;
}

std::string error_of(const std::string& bytes, const LoadOptions& options = {}) {
  const MemoryFile file(bytes);
  try {
    static_cast<void>(load(file.path(), options));
  } catch (const FormatError& e) {
    return e.what();
  } catch (const LimitError& e) {
    return e.what();
  }
  return "";
}

TEST(Numpy, HeadersAsPythonMayWriteThem) {
  const char* good[] = {
      "{'descr': '<f4', 'fortran_order': False, 'shape': (4,), }          \n",
      "{'descr': '<f4', 'fortran_order': False, 'shape': (4,)}",
      "{'shape':(2,2),'fortran_order':True,'descr':'<f4'}\n",
      " { \"shape\" : ( 4L , 1L ) ,\t\"descr\":\"<f4\", 'fortran_order': False , }\n",
      "{'descr': '>f8', 'fortran_order': False, 'shape': (2,), }\n",
      "{'descr': '|u1', 'fortran_order': False, 'shape': (16,), }\n",
      "{'descr': '<c16', 'fortran_order': False, 'shape': (), }\n",
      "{'descr': '=i2', 'fortran_order': False, 'shape': (1,2,4), }\n",
  };
  for (const char* header : good) {
    for (const int version : {1, 2, 3})
      EXPECT_EQ(error_of(npy(header, std::string(16, 'x'), version)), "") << header;
  }
}

TEST(Numpy, HeadersThatAreNoneAreRefusedWithTheReason) {
  struct Case {
    const char* header;
    const char* word;
  };
  const Case cases[] = {
      {"", "should be a dictionary"},
      {"{", "a key should be a string"},
      {"{}", "no 'descr'"},
      {"{'descr': '<f4', 'shape': (4,)}", "no 'fortran_order'"},
      {"{'descr': '<f4', 'fortran_order': False, 'shape': (4,)} 1", "something follows"},
      {"{'descr': '<f4', 'fortran_order': False, 'shape': (4,), 'x': 1}", "'x' is none that a header has"},
      {"{'descr': '<f4', 'descr': '<f4', 'fortran_order': False, 'shape': (4,)}", "twice"},
      {"{'descr': '<f4', 'fortran_order': 0, 'shape': (4,)}", "True or False"},
      {"{'descr': '<f4', 'fortran_order': False, 'shape': 4}", "a tuple"},
      {"{'descr': '<f4', 'fortran_order': False, 'shape': (4)}", "(4,), not (4)"},
      {"{'descr': '<f4', 'fortran_order': False, 'shape': (4.0,)}", "a comma or the end"},
      {"{'descr': '<f4', 'fortran_order': False, 'shape': (-4,)}", "negative"},
      {"{'descr': '<f4', 'fortran_order': False, 'shape': (04,)}", "begins with 0"},
      {"{'descr': '<f4', 'fortran_order': False, 'shape': (99999999999999999999,)}", "beyond 2^63"},
      {"{'descr': '<f4', 'fortran_order': False, 'shape': (4294967296,4294967296,0)}", "more elements"},
      {"{'descr': '<f4', 'fortran_order': False, 'shape': (,)}", "whole number"},
      {"{'descr': '<f4', 'fortran_order': False, 'shape': (5,)}", "cut short"},
      {"{'descr': '<f4', 'fortran_order': False, 'shape': (3,)}", "4 bytes follow"},
      {"{'descr': f('<f4'), 'fortran_order': False, 'shape': (4,)}", "string in quotes"},
      {"{'descr': '\\x3cf4', 'fortran_order': False, 'shape': (4,)}", "an escape"},
      {"{'descr': [('a', '<f4')], 'fortran_order': False, 'shape': (4,)}", "structured"},
      {"{'descr': '|O', 'fortran_order': False, 'shape': (2,)}", "pickle"},
      {"{'descr': '<U4', 'fortran_order': False, 'shape': (1,)}", "texts"},
      {"{'descr': '|S16', 'fortran_order': False, 'shape': (1,)}", "texts"},
      {"{'descr': '|V16', 'fortran_order': False, 'shape': (1,)}", "raw bytes"},
      {"{'descr': '<M8[s]', 'fortran_order': False, 'shape': (2,)}", "dates"},
      {"{'descr': '<f16', 'fortran_order': False, 'shape': (1,)}", "'<f16'"},
      {"{'descr': '', 'fortran_order': False, 'shape': (1,)}", "type ''"},
      {"{'descr': '<f4, 'fortran_order': False, 'shape': (4,)}", "a comma or the end"},
      {"{'descr': '<f4", "without an end"},
  };
  for (const Case& c : cases) {
    const std::string error = error_of(npy(c.header));
    EXPECT_NE(error.find(c.word), std::string::npos) << c.header << ": " << error;
  }
  std::cout << "[ cases ] " << std::size(cases) << " headers\n";
  EXPECT_NE(error_of(npy("{'descr': '\xff', }", "", 3)).find("UTF-8"), std::string::npos);
  std::string deep = "{'descr': '<f4', 'fortran_order': False, 'shape': (";
  for (int i = 0; i < 65; ++i) deep += "1,";
  EXPECT_NE(error_of(npy(deep + ")}", "1234")).find("rank"), std::string::npos);
}

bool loads(const std::string& bytes, bool mmap = false) {
  const MemoryFile file(bytes);
  try {
    const auto c = load(file.path(), {.mmap = mmap});
    for (const auto& t : c.tensors()) {
      if (t.value.tensor().numel() < 10000) static_cast<void>(bytes_of(t.value.tensor().tensor));
    }
    return true;
  } catch (const FormatError&) {
  } catch (const LimitError&) {
  }
  return false;
}

TEST(Numpy, CutAnywhereIsRefused) {
  int cases = 0;
  for (const char* file : {"f32.npy", "big_i64.npy", "version_3.npy", "stored.npz", "deflated.npz"}) {
    const std::string good = read_file(path_of(file));
    EXPECT_TRUE(loads(good));
    for (std::size_t n = 0; n < good.size(); ++n, ++cases)
      EXPECT_FALSE(loads(good.substr(0, n))) << file << " " << n;
    EXPECT_FALSE(loads(good + 'x')) << file;
  }
  std::cout << "[ cases ] " << cases << " cuts\n";
}

TEST(Numpy, FlippedBitsNeverCrash) {
  int cases = 0;
  int loaded = 0;
  for (const char* file : {"f32.npy", "fortran.npy", "version_2.npy", "stored.npz", "deflated.npz"}) {
    const std::string good = read_file(path_of(file));
    for (std::size_t at = 0; at < good.size(); ++at) {
      for (int b = 0; b < 8; ++b, ++cases) {
        std::string bad = good;
        bad[at] = static_cast<char>(bad[at] ^ (1 << b));
        loaded += loads(bad, b % 2 == 0);
      }
    }
  }
  std::cout << "[ cases ] " << cases << " flipped bits, " << loaded << " of them other data\n";
  EXPECT_GT(cases, loaded);
}

TEST(Numpy, AFlippedBitOfAMemberIsFoundByItsChecksum) {
  const std::string good = read_file(path_of("stored.npz"));
  const std::size_t at = good.find("\xff\xff\xff\xff\xff\xff\xff\xff");  // the elements of u64
  ASSERT_NE(at, std::string::npos);
  std::string bad = good;
  bad[at] ^= 1;
  for (const bool mmap : {true, false})
    EXPECT_NE(error_of(bad, {.mmap = mmap}).find("checksum"), std::string::npos);
}

// ---------------------------------------------------------------- archives

constexpr const char* kFour = "{'descr': '<f4', 'fortran_order': False, 'shape': (4,), }\n";

TEST(Numpy, LargeCompressedMembersAreOpenedByTheirBeginnings) {
  // Of two kinds: with little in them, and such that deflate keeps whole.
  std::uint32_t state = 1;
  std::string noise(4 << 20, '\0');
  for (char& c : noise) c = static_cast<char>((state = state * 1664525u + 1013904223u) >> 24);
  for (const std::string& data : {std::string(4 << 20, '\0'), noise}) {
    const std::string member = npy("{'descr': '|u1', 'fortran_order': False, 'shape': (4194304,), }\n", data);
    const std::string bytes = crafted_zip({{.name = "a.npy",
                                            .bytes = deflated(member),
                                            .method = 8,
                                            .size = static_cast<std::int64_t>(member.size()),
                                            .crc = crc_of(member)}});
    const MemoryFile file(bytes);
    EXPECT_EQ(bytes_of(load(file.path()).state_dict()["a"]), data);
    EXPECT_EQ(load(file.path(), {.map_location = kMeta}).tensors()[0].value.tensor().numel(), 4 << 20);
    LoadOptions little;
    little.limits.inflated_bytes = 1 << 20;
    EXPECT_NE(error_of(bytes, little).find("inflated_bytes"), std::string::npos);
    little.map_location = kMeta;  // nothing is unpacked
    EXPECT_EQ(error_of(bytes, little), "");
  }
}

TEST(Numpy, ArchivesThatAreNoneAreRefused) {
  const std::string array = npy(kFour);
  EXPECT_EQ(error_of(crafted_zip({{.name = "a.npy", .bytes = array}, {.name = "in/b.npy", .bytes = array}})),
            "");
  const auto refused = [&](const std::vector<CraftedMember>& members, std::string_view word) {
    const std::string error = error_of(crafted_zip(members));
    EXPECT_NE(error.find(word), std::string::npos) << error;
  };
  refused({{.name = "a.npy", .bytes = array}, {.name = "a.npy", .bytes = array}}, "two members");
  refused({{.name = "../a.npy", .bytes = array}}, "\"..\"");
  refused({{.name = "a.npy", .bytes = "x"}}, "a.npy");
  refused({{.name = "a.npy", .bytes = ""}}, "a.npy");
  refused({{.name = "a\xff.npy", .bytes = array}}, "UTF-8");
  refused({{.name = "a.npy", .bytes = array + "x"}}, "1 bytes follow");
}

// ---------------------------------------------------------------- writing

TEST(Numpy, GoldenArraysAreWrittenWithTheSameBytes) {
  const TemporaryFolder folder;
  int cases = 0;
  for (const Json& file : read_json(std::string(kFolder) + "expected.json")) {
    const std::string name = file["file"];
    if (file.contains("expect") || name.starts_with("version_") || name.starts_with("big_")) continue;
    SCOPED_TRACE(name);
    const auto c = load(path_of(name));
    save(c.root(), folder.path() / name, {.fsync = false});
    if (file["format"] == "npy") {
      EXPECT_EQ(read_file(folder.path() / name), read_file(path_of(name)));
    } else {
      const auto again = load(folder.path() / name, {.verify = Verify::kAll});
      EXPECT_TRUE(again.fully_verified());
      ASSERT_EQ(again.tensors().size(), c.tensors().size());
      for (std::size_t i = 0; i < c.tensors().size(); ++i) {
        EXPECT_EQ(again.tensors()[i].name, c.tensors()[i].name);
        expect_array(again.tensors()[i].value.tensor(), [&] {
          Json e = file["arrays"][i];
          return e;
        }());
      }
    }
    save(load(folder.path() / name).root(), folder.path() / name, {.fsync = false});  // over the mapped file
    static_cast<void>(load(folder.path() / name, {.verify = Verify::kAll}));
    ++cases;
  }
  std::cout << "[ cases ] " << cases << " files\n";
  EXPECT_GT(cases, 15);
}

TEST(Numpy, TensorsOfAnyLayoutAreWrittenRowMajor) {
  const TemporaryFolder folder;
  const Tensor large = empty({700, 900});
  auto* p = static_cast<float*>(large.data_ptr());
  for (std::int64_t i = 0; i < large.numel(); ++i) p[i] = static_cast<float>(i);
  StateDict d;
  d.insert("turned", large.alias({900, 700}, {1, 900}, 0));
  d.insert("steps", large.alias({350, 10, 3}, {1800, 7, 200}, 5));
  d.insert("column", large.alias({700}, {900}, 3));
  std::uint64_t done = 0;
  SaveOptions options{.fsync = false};
  options.progress = [&](std::uint64_t n, std::uint64_t) { done = n; };
  save(d, folder.path() / "a.npz", options);
  EXPECT_EQ(done, 4u * (900 * 700 + 350 * 30 + 700));
  const StateDict back = load(folder.path() / "a.npz");
  for (const auto& [name, t] : d) {
    EXPECT_EQ(bytes_of(back[name]), bytes_of(t)) << name;
    save(Value(t), folder.path() / "a.npy", {.fsync = false});
    EXPECT_EQ(bytes_of(load(folder.path() / "a.npy").root().tensor().tensor), bytes_of(t)) << name;
  }
  EXPECT_EQ(back["turned"].strides().vec(), (std::vector<std::int64_t>{1, 900}));
}

TEST(Numpy, SignsThatViewsTurnAreWritten) {
  const TemporaryFolder folder;
  const auto c = load(data_path("checkpoints/zip/views.pth"));
  int turned = 0;
  for (const auto& t : c.tensors()) {
    const TensorValue& v = t.value.tensor();
    if (!v.conj && !v.neg) continue;
    save(t.value, folder.path() / "a.npy", {.fsync = false});
    EXPECT_EQ(bytes_of(load(folder.path() / "a.npy").root().tensor().tensor), bytes_of(v.resolved()))
        << t.name;
    ++turned;
  }
  EXPECT_GT(turned, 0);
}

TEST(Numpy, NestedMappingsBecomeNames) {
  const TemporaryFolder folder;
  const Tensor t = tensor_of_bytes("abcd", kFloat32, {1});
  Value inner = Value::dict();
  inner.set("weight", t);
  Value v = Value::dict();
  v.set("encoder", inner);
  v.set("head", inner);
  save(v, folder.path() / "a.npz", {.fsync = false});
  EXPECT_EQ(StateDict(load(folder.path() / "a.npz")).keys(),
            (std::vector<std::string>{"encoder.weight", "head.weight"}));
  save(Value(t), folder.path() / "b.npz", {.fsync = false});
  EXPECT_EQ(StateDict(load(folder.path() / "b.npz")).keys(), (std::vector<std::string>{"arr_0"}));
}

TEST(Numpy, WhatCannotBeWrittenIsNamed) {
  const Tensor t = tensor_of_bytes("abcd", kFloat32, {1});
  expect_refused<DTypeError>(one("w", tensor_of_bytes("ab", kBFloat16, {1})), "a.npz",
                             "'w' is a tensor of type bfloat16");
  expect_refused<DTypeError>(Value(tensor_of_bytes("ab", kFloat8_e4m3fn, {2})), "a.npy", "float8_e4m3fn");
  expect_refused<ValueError>(one("w", t), "a.npy", "holds one tensor");
  expect_refused<ValueError>(one("epoch", 3), "a.npz", "'epoch' is an int");
  expect_refused<ValueError>(Value(3), "a.npy", "the root is an int");
  expect_refused<KeyError>(one("../w", t), "a.npz", "\"..\"");
  expect_refused<KeyError>(one("/w", t), "a.npz", "slash");
  expect_refused<KeyError>(one("a\\b", t), "a.npz", "backslash");
  expect_refused<KeyError>(one(std::string(1 << 16, 'n'), t), "a.npz", "65536 bytes long");
  const Value gguf = load(data_path("checkpoints/gguf/small.gguf")).root();
  expect_refused<NotImplementedError>(one("q", gguf.at("d.q4_0")), "a.npz", "dequantize");
  expect_refused<NotImplementedError>(gguf.at("d.q4_0"), "a.npy", "quantized");
}

TEST(Numpy, FilesOfNumpyAreRead) {
  if (std::system("python3 -c 'import numpy' > /dev/null 2>&1") != 0) {
    std::cout << "skipped: numpy not installed\n";
    GTEST_SKIP();
  }
  const TemporaryFolder folder;
  static_cast<void>(folder.file("make.py", R"(
import io, json, sys, zipfile
import numpy as np
here = sys.argv[1]
g = np.random.default_rng(3)
arrays = {"f": g.standard_normal((300, 200)).astype("f4"), "t": g.standard_normal((30, 20)).T, "i": np.arange(5, dtype=">u2"), "s": np.array(2 + 1j), "b": np.array([[True, False]]), "in/side": np.zeros((0, 3), "f2")}
np.savez(here + "/plain.npz", **arrays)
np.savez_compressed(here + "/packed.npz", **arrays)
class Pipe(io.RawIOBase):  # what cannot seek gets data descriptors
    def __init__(self, f): self.f = f
    def writable(self): return True
    def write(self, b): return self.f.write(b)
with open(here + "/piped.npz", "wb") as f:
    np.savez(Pipe(f), **arrays)
with open(here + "/piped_packed.npz", "wb") as f:
    np.savez_compressed(Pipe(f), **arrays)
with zipfile.ZipFile(here + "/appended.npz", "w") as z:  # as NumPy 1.8 wrote: from files
    for k, a in arrays.items():
        b = io.BytesIO(); np.lib.format.write_array(b, a, version=(1, 0))
        z.writestr(k + ".npy", b.getvalue())
json.dump({k: np.ascontiguousarray(a).astype(a.dtype.newbyteorder("<")).tobytes().hex() for k, a in arrays.items()}, open(here + "/expected.json", "w"))
)"));
  const std::string command =
      "python3 '" + (folder.path() / "make.py").string() + "' '" + folder.path().string() + "' 2>&1";
  ASSERT_EQ(std::system(command.c_str()), 0);
  const Json expected = Json::parse(read_file(folder.path() / "expected.json"));
  for (const char* file : {"plain.npz", "packed.npz", "piped.npz", "piped_packed.npz", "appended.npz"}) {
    SCOPED_TRACE(file);
    const auto c = load(folder.path() / file, {.verify = Verify::kAll});
    EXPECT_TRUE(c.fully_verified());
    ASSERT_EQ(c.tensors().size(), expected.size());
    for (const auto& t : c.tensors())
      EXPECT_EQ(to_hex(bytes_of(t.value.tensor().tensor)), expected[t.name]) << t.name;
  }
}

TEST(Numpy, NumpyReadsWhatIsWritten) {
  if (std::system("python3 -c 'import numpy' > /dev/null 2>&1") != 0) {
    std::cout << "skipped: numpy not installed\n";
    GTEST_SKIP();
  }
  const TemporaryFolder folder;
  StateDict d;
  constexpr DType kTypes[] = {kBool,   kInt8,   kInt16,   kInt32,   kInt64,   kUInt8,     kUInt16,
                              kUInt32, kUInt64, kFloat16, kFloat32, kFloat64, kComplex64, kComplex128};
  for (const DType type : kTypes) {
    const std::string bytes(static_cast<std::size_t>(6 * itemsize(type)), '\1');
    d.insert(std::string(dtype_name(type)), tensor_of_bytes(bytes, type, {2, 3}));
  }
  d.insert("turned", d["float32"].alias({3, 2}, {1, 3}, 0));
  d.insert("scalar", d["float64"].alias({}, {}, 0));
  d.insert("none", tensor_of_bytes("", kFloat32, {0, 1000000}));
  d.insert("deep", tensor_of_bytes("abcd", kFloat32, std::vector<std::int64_t>(32, 1)));
  d.insert("\xe4\xb8\xad\xe6\x96\x87", d["int8"]);
  save(d, folder.path() / "all.npz", {.fsync = false});
  Json expected;
  int i = 0;
  for (const auto& [name, t] : d) {
    save(Value(t), folder.path() / fmt::format("{}.npy", i), {.fsync = false});
    expected.push_back({{"name", name}, {"shape", t.sizes().vec()}, {"bytes", to_hex(bytes_of(t))}});
    ++i;
  }
  static_cast<void>(folder.file("expected.json", expected.dump()));
  static_cast<void>(folder.file("check.py", R"(
import io, json, sys
import numpy as np
here = sys.argv[1]
expected = json.load(open(here + "/expected.json"))
z = np.load(here + "/all.npz", allow_pickle=False)
assert z.files == [e["name"] for e in expected], z.files
for i, e in enumerate(expected):
    file = here + f"/{i}.npy"
    for a in (z[e["name"]], np.load(file, allow_pickle=False), np.load(file, allow_pickle=False, mmap_mode="r" if np.prod(e["shape"]) else None)):
        assert list(a.shape) == e["shape"], e
        assert np.ascontiguousarray(a).tobytes().hex() == e["bytes"], e
    b = io.BytesIO()
    np.save(b, np.load(file), allow_pickle=False)
    assert b.getvalue() == open(file, "rb").read(), (e["name"], b.getvalue()[:200], open(file, "rb").read()[:200])
)"));
  const std::string command =
      "python3 '" + (folder.path() / "check.py").string() + "' '" + folder.path().string() + "' 2>&1";
  EXPECT_EQ(std::system(command.c_str()), 0);
  std::cout << "[ cases ] " << i << " arrays, alone and in an archive\n";
}

}  // namespace
}  // namespace ballast::testing
