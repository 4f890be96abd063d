// Every golden checkpoint, of whatever format, written again in every format that can hold it, and read by that format's own
// readers: PyTorch (weights_only=True, with and without mmap), safetensors, gguf, NumPy. Same names, bits, order and ties.
#include <cstdlib>
#include <iostream>
#include <map>

#include "tests/checkpoint/craft.h"
#include "tests/support/golden.h"
#include <gtest/gtest.h>

#include "ballast/checkpoint/load.h"
#include "ballast/checkpoint/save.h"

namespace ballast::testing {
namespace {

const std::vector<std::string> kFolders = {"checkpoints/zip",    "checkpoints/legacy",
                                           "checkpoints/script", "checkpoints/safetensors",
                                           "checkpoints/numpy",  "checkpoints/gguf"};

/// The tensors of a golden file as a state dict, or none if it is not one.
std::optional<StateDict> state_of(const std::string& path) {
  try {
    return load(path, {.dequantize = true}).state_dict();
  } catch (const Error&) {
    return std::nullopt;
  }
}

Json about(const StateDict& state) {
  Json tensors = Json::array();
  std::map<const void*, int> storages;
  for (const auto& [name, t] : state) {
    const int storage =
        storages.try_emplace(t.storage().id(), static_cast<int>(storages.size())).first->second;
    tensors.push_back({{"name", name},
                       {"dtype", std::string(dtype_name(t.dtype()))},
                       {"shape", t.sizes().vec()},
                       {"storage", storage},
                       {"sha256", sha256_of(bytes_of(t))}});
  }
  return tensors;
}

TEST(OtherReaders, ReadWhatIsWrittenFromEveryGoldenFile) {
  if (std::system("python3 -c 'import torch, safetensors, numpy' > /dev/null 2>&1") != 0) {
    std::cout << "skipped: torch, safetensors or numpy not installed\n";
    GTEST_SKIP();
  }
  const TemporaryFolder folder;
  Json expected = Json::array();
  int files = 0;
  for (const std::string& from : kFolders) {
    for (const Json& e : read_json(from + "/expected.json")) {
      const auto state = state_of(data_path(from + "/" + e["file"].get<std::string>()));
      if (!state || state->empty()) continue;
      ++files;
      Json written = Json::array();
      for (const char* ending : {".pth", ".safetensors", ".gguf", ".npz"}) {
        const std::string name = std::to_string(files) + ending;
        try {
          save(*state, folder.path() / name, {.fsync = false});
        } catch (const Error& refused) {  // types and names that the format has no place for
          EXPECT_NE(std::string(ending), ".pth") << refused.what();
          continue;
        }
        written.push_back(name);
      }
      expected.push_back({{"from", from + "/" + e["file"].get<std::string>()},
                          {"files", written},
                          {"tensors", about(*state)}});
    }
  }
  static_cast<void>(folder.file("expected.json", expected.dump()));
  static_cast<void>(folder.file("check.py", R"py(
import collections, hashlib, json, os, sys
import numpy, torch
from safetensors import safe_open
from safetensors.torch import load_file
try:
    from gguf import GGUFReader
except ImportError:
    GGUFReader = None

def raw(t):
    t = t.detach().resolve_conj().resolve_neg().contiguous()
    return t.reshape(-1).view(torch.uint8).numpy().tobytes() if t.numel() else b""

def digest(b):
    return hashlib.sha256(b).hexdigest()

def check(got, entry, what):
    want = {t["name"]: t for t in entry["tensors"]}
    assert set(got) == set(want), (what, set(got) ^ set(want))
    for name, (dtype, shape, data) in got.items():
        t = want[name]
        assert (dtype, list(shape), digest(data)) == (t["dtype"], t["shape"], t["sha256"]), (what, name)

def groups(pairs):
    """Names by storage: which are tied."""
    found = collections.defaultdict(list)
    for name, storage in pairs:
        found[storage].append(name)
    return sorted(found.values())

counts = collections.Counter()
folder = sys.argv[1]
for entry in json.load(open(folder + "/expected.json")):
    for file in entry["files"]:
        path = os.path.join(folder, file)
        what = (entry["from"], file)
        if file.endswith(".pth"):
            for mmap in (False, True):
                state = torch.load(path, weights_only=True, mmap=mmap)
                assert list(state) == [t["name"] for t in entry["tensors"]], what
                check({k: (str(v.dtype)[6:], v.shape, raw(v)) for k, v in state.items()}, entry, what)
                ours = groups((k, v.untyped_storage().data_ptr() or id(v)) for k, v in state.items() if v.numel())
                theirs = groups((t["name"], t["storage"]) for t in entry["tensors"] if 0 not in t["shape"])
                assert ours == theirs, (what, "ties", ours, theirs)
        elif file.endswith(".safetensors"):
            got = load_file(path)
            with safe_open(path, "pt") as f:
                tied = {k: v for k, v in (f.metadata() or {}).items() if v in got}
            for name, kept in tied.items():
                got[name] = got[kept]
            check({k: (str(v.dtype)[6:], v.shape, raw(v)) for k, v in got.items()}, entry, what)
        elif file.endswith(".npz"):
            got = numpy.load(path, allow_pickle=False)
            assert list(got) == [t["name"] for t in entry["tensors"]], what
            check({k: (got[k].dtype.name, got[k].shape, got[k].tobytes()) for k in got}, entry, what)
        elif GGUFReader is not None:
            want = {t["name"]: t for t in entry["tensors"]}
            got = GGUFReader(path).tensors
            assert [t.name for t in got] == list(want), what
            for t in got:
                assert digest(t.data.tobytes()) == want[t.name]["sha256"], (what, t.name)
                shape = want[t.name]["shape"] or [1]  # it knows no number without a dimension
                assert [int(n) for n in t.shape[::-1]] == shape, (what, t.name, t.shape, shape)
                kind = {"float32": "F32", "float16": "F16", "bfloat16": "BF16", "float64": "F64", "int8": "I8", "int16": "I16", "int32": "I32", "int64": "I64"}
                assert t.tensor_type.name == kind[want[t.name]["dtype"]], (what, t.name, t.tensor_type)
        else:
            continue
        counts[file[file.index("."):]] += 1
print("[ cases ]", ", ".join(f"{n} {ending} files" for ending, n in sorted(counts.items())),
      "" if GGUFReader else "(skipped: gguf not installed)")
assert min(counts[e] for e in (".pth", ".safetensors", ".npz") + ((".gguf",) if GGUFReader else ())) > 20
)py"));
  const std::string command =
      "python3 '" + (folder.path() / "check.py").string() + "' '" + folder.path().string() + "' 2>&1";
  EXPECT_EQ(std::system(command.c_str()), 0);
  std::cout << "[ cases ] " << files << " golden files\n";
}

}  // namespace
}  // namespace ballast::testing
