#include <functional>
#include <iostream>

#include "tests/checkpoint/craft.h"
#include "tests/checkpoint/describe.h"
#include "tests/support/golden.h"
#include <gtest/gtest.h>

#include "ballast/checkpoint/load.h"

namespace ballast::testing {
namespace {

using checkpoint::Kind;
using checkpoint::LoadOptions;
using checkpoint::Verify;

const std::string kExports = "checkpoints/export/";
const std::string kScripts = "checkpoints/script/";

TEST(Export, EveryGoldenArchiveHoldsWhatPyTorchReads) {
  int cases = 0;
  for (const Json& e : read_json(kExports + "expected.json")) {
    const std::string file = e["file"];
    SCOPED_TRACE(file);
    for (const bool mmap : {true, false}) {
      const auto c = load(data_path(kExports + file), {.mmap = mmap, .verify = Verify::kAll});
      expect_content(c, e);
      EXPECT_EQ(c.format(), "pt2");
      EXPECT_EQ(c.file(), data_path(kExports + file));
      EXPECT_EQ(c.tensors().size(), e["tensors"].size());
      ++cases;
    }
  }
  std::cout << "[ cases ] " << cases << " of " << kExports << "expected.json, mapped and read\n";
  EXPECT_GT(cases, 0);
}

TEST(Export, ScriptsAndExportsHoldTheirStateByName) {
  int tensors = 0;
  for (const Json& e : read_json(kScripts + "expected.json")) {
    const std::string file = e["file"];
    SCOPED_TRACE(file);
    const auto c = load(data_path(kScripts + file));
    EXPECT_EQ(c.format(), e["format"].get<std::string>());
    const StateDict s = c.state_dict();
    ASSERT_EQ(s.size(), e["state_dict"]["tensors"].size());
    for (const Json& t : e["state_dict"]["tensors"]) {
      const std::string name = t["name"];
      SCOPED_TRACE(name);
      ASSERT_TRUE(s.contains(name));
      EXPECT_EQ(dtype_name(s[name].dtype()), t["dtype"].get<std::string>());
      EXPECT_EQ(Json(IntArrayRef(s[name].sizes()).vec()), t["shape"]);
      EXPECT_EQ(Json(IntArrayRef(s[name].strides()).vec()), t["stride"]);
      EXPECT_EQ(sha256_of(bytes_of(s[name])), t["sha256"].get<std::string>());
      ++tensors;
    }
    if (e["format"] != "pt2") continue;
    for (std::size_t i = 0; i < c.tensors().size(); ++i) {
      const Json& t = e["state_dict"]["tensors"][i];
      EXPECT_EQ(c.tensors()[i].name, t["name"].get<std::string>());
      EXPECT_EQ(c.tensors()[i].value.tensor().parameter, t["parameter"].get<bool>());
      EXPECT_EQ(c.tensors()[i].value.tensor().requires_grad, t["requires_grad"].get<bool>());
    }
    EXPECT_TRUE(c.root().is(Kind::kOrderedDict));
  }
  std::cout << "[ cases ] " << tensors << " tensors of " << kScripts << "expected.json\n";
  EXPECT_GT(tensors, 0);
}

TEST(Export, StateDictIsFoundBesideConstants) {
  EXPECT_EQ(load(data_path(kExports + "types.pt2")).state_dict().keys().front(), "weight");
  EXPECT_EQ(load(data_path(kExports + "old_pt.pt2")).state_dict().keys().front(), "weight");
  const auto two = load(data_path(kExports + "two_models.pt2"));
  EXPECT_EQ(two.state_dict("small").size(), 6u);
  EXPECT_EQ(two.state_dict("large.state_dict").keys().front(), "weight");
}

TEST(Export, AlignedWeightsAreMappedAndTied) {
  const StateDict s = load(data_path(kExports + "ties.pt2"));
  EXPECT_EQ(s["base"].storage().kind(), StorageImpl::Kind::kMapped);
  EXPECT_TRUE(s["base"].storage().is_same(s["column"].storage()));
  EXPECT_TRUE(s["embed.weight"].storage().is_same(s["head.weight"].storage()));
  s["base"].data_ptr<float>()[2] = 42;
  EXPECT_EQ(s["column"].data_ptr<float>()[0], 42);
}

TEST(Export, FilterTypeAndMetaApplyToWeightsInsideToo) {
  for (const char* file : {"types.pt2", "pickled_weights.pt2", "old_json.pt2", "old_pt.pt2"}) {
    SCOPED_TRACE(file);
    const auto whole = load(data_path(kExports + file));
    const bool both = whole.tensors().front().name != "weight";
    const std::string name = both ? "state_dict.narrow" : "narrow";
    const auto only = [&](std::string_view n) { return n == name; };
    for (const bool mmap : {true, false}) {
      const auto c = load(data_path(kExports + file), {.mmap = mmap, .dtype = kFloat32, .filter = only});
      ASSERT_EQ(c.tensors().size(), 1u);
      EXPECT_EQ(c.storages().size(), 1u);
      const Tensor& narrow = c.tensors()[0].value.tensor().tensor;
      EXPECT_EQ(narrow.dtype(), kFloat32);
      EXPECT_EQ(narrow.numel(), 5);
    }
    const auto shapes = load(data_path(kExports + file), {.map_location = kMeta});
    ASSERT_EQ(shapes.tensors().size(), whole.tensors().size());
    for (std::size_t i = 0; i < shapes.tensors().size(); ++i) {
      EXPECT_TRUE(shapes.tensors()[i].value.tensor().tensor.is_meta());
      EXPECT_EQ(shapes.tensors()[i].value.tensor().sizes().vec(),
                whole.tensors()[i].value.tensor().sizes().vec());
    }
  }
}

/// One weight of a config.
std::string weight(const std::string& name, const std::string& more = "", const std::string& meta_more = "") {
  Json meta = {{"dtype", 7},
               {"sizes", {{{"as_int", 2}}}},
               {"requires_grad", true},
               {"strides", {{{"as_int", 1}}}},
               {"storage_offset", {{"as_int", 0}}},
               {"layout", 7}};
  Json w = {{"path_name", "weight_0"}, {"is_param", true}, {"use_pickle", false}};
  if (!meta_more.empty()) meta.update(Json::parse(meta_more));
  w["tensor_meta"] = meta;
  if (!more.empty()) w.update(Json::parse(more));
  return Json(name).dump() + ": " + w.dump();
}

std::vector<CraftedMember> archive(const std::string& weights, const std::string& data = "12345678") {
  return {{"a/data/weights/weight_0", data},
          {"a/data/weights/model_weights_config.json", "{\"config\": {" + weights + "}}"},
          {"a/archive_format", "pt2"},
          {"a/byteorder", "little"}};
}

std::string message(const std::vector<CraftedMember>& members, const LoadOptions& options = {}) {
  const TemporaryFolder folder;
  try {
    static_cast<void>(load(folder.file("a.pt2", crafted_zip(members)), options));
  } catch (const LimitError& e) {
    return std::string("limit: ") + e.what();
  } catch (const FormatError& e) {
    return e.what();
  }
  return "read";
}

TEST(Export, WhatIsWrongIsRefusedByTheNameOfTheWeight) {
  const std::pair<std::string, std::string> cases[] = {
      {weight("w"), "read"},
      {weight("w", "", R"({"sizes": [{"as_int": 3}]})"), "'w'"},
      {weight("w", "", R"({"storage_offset": {"as_int": 1}})"), "'w'"},
      {weight("w", "", R"({"storage_offset": {"as_int": 9223372036854775807}})"), "'w'"},
      {weight("w", "", R"({"storage_offset": {"as_int": 18446744073709551615}})"), "'w': \"storage_offset\""},
      {weight("w", "", R"({"sizes": [{"as_int": -1}]})"), "'w': \"sizes\""},
      {weight("w", "", R"({"strides": [{"as_int": -1}]})"), "'w': \"strides\""},
      {weight("w", "", R"({"strides": []})"), "'w': 1 sizes and 0 strides"},
      {weight(
           "w", "",
           R"({"sizes": [{"as_int": 4611686018427387904}, {"as_int": 4}], "strides": [{"as_int": 0}, {"as_int": 0}]})"),
       "'w'"},
      {weight("w", "", R"({"sizes": [{"as_expr": {"expr_str": "s0", "hint": {"as_int": 2}}}]})"),
       "'w': \"sizes\" holds an expression"},
      {weight("w", "", R"({"sizes": [2]})"), "'w': \"sizes\""},
      {weight("w", "", R"({"sizes": 2})"), "'w': \"sizes\" should be an array"},
      {weight("w", "", R"({"dtype": 0})"), "'w': 0 is no element type"},
      {weight("w", "", R"({"dtype": 14})"), "'w': 14 is no element type"},
      {weight("w", "", R"({"dtype": "7"})"), "'w': \"dtype\" should be an integer"},
      {weight("w", "", R"({"layout": 1})"), "'w': layout 1"},
      {weight("w", "", R"({"dtype": 11, "sizes": []})"), "'w'"},
      {weight("w", "", R"({"dtype": 5})"), "'w'"},
      {weight("w", R"({"path_name": "weight_1"})"),
       "'w' is not in the file: no member a/data/weights/weight_1"},
      {weight("w", R"({"path_name": "../weights/weight_0"})"), "'w': \"path_name\""},
      {weight("w", R"({"path_name": ""})"), "'w': \"path_name\""},
      {weight("w", R"({"path_name": 0})"), "'w': \"path_name\""},
      {weight("w", R"({"is_param": "yes"})"), "'w': \"is_param\""},
      {weight("w", R"({"tensor_meta": null})"), "'w': \"tensor_meta\""},
      {weight("w", R"({"use_pickle": true})"), "no zip archive of torch.save"},
      {weight("a") + ", " + weight("b"), "read"},
      {weight("a") + ", " + weight("a"), "the key 'a' stands there twice"},
      {weight("a") + ", " + weight("b", "", R"({"dtype": 4, "requires_grad": false})"),
       "'b': a/data/weights/weight_0 has the type int32 here"},
      {"\"w\": 1", "'w'"},
      {"\"w\": ", "no JSON"},
      {"\"w\": " + std::string(100, '['), "more than 64 levels"},
      {"\"\\ud800\": 1", "no JSON"},
      {"\"\xff\": 1", "not UTF-8"},
  };
  for (const auto& [weights, expected] : cases) {
    const std::string got = message(archive(weights));
    EXPECT_NE(got.find(expected), std::string::npos) << weights << "\n" << got;
    // Where nothing is read, the same is found.
    const std::string meta = message(archive(weights), {.map_location = kMeta});
    EXPECT_NE(meta.find(expected), std::string::npos) << weights << "\n" << meta;
  }
  std::cout << "[ cases ] " << std::size(cases) << " configs\n";
}

TEST(Export, MembersThatDoNotFitTheirTypeAreRefused) {
  EXPECT_NE(message(archive(weight("w"), "1234567")).find("7 bytes, which is no whole number"),
            std::string::npos);
  EXPECT_NE(message(archive(weight("w"), "1234")).find("'w'"), std::string::npos);
  // No bytes at all: the values were never there.
  EXPECT_EQ(message(archive(weight("w"), "")), "read");
}

TEST(Export, RecordsMustBeWhatTheyAre) {
  const auto with = [](const std::string& name, const std::string& bytes) {
    auto members = archive(weight("w"));
    std::erase_if(members, [&](const CraftedMember& m) { return m.name == name; });
    members.push_back({name, bytes});
    return message(members);
  };
  EXPECT_NE(with("a/byteorder", "middle").find("byteorder"), std::string::npos);
  EXPECT_NE(with("a/archive_format", "pt3").find("archive_format"), std::string::npos);
  EXPECT_NE(with("b/extra", "").find("outside"), std::string::npos);
  EXPECT_NE(message({{"a/archive_format", "pt2"}}).find("without weights"), std::string::npos);
  EXPECT_NE(with("a/data/weights/model_weights_config.json", "[]").find("config"), std::string::npos);
}

TEST(Export, ChecksumsAreComparedAsTheOptionsSay) {
  auto members = archive(weight("w"));
  members[0].crc = 5;
  EXPECT_NE(message(members).find("checksum"), std::string::npos);
  EXPECT_EQ(message(members, {.verify = Verify::kNone}), "read");
  EXPECT_NE(message(members, {.mmap = false, .verify = Verify::kNone}).find("checksum"), std::string::npos);
  EXPECT_NE(message(members, {.map_location = kMeta}).find("checksum"), std::string::npos);
  EXPECT_EQ(message(members, {.verify = Verify::kNone, .map_location = kMeta}), "read");
  members = archive(weight("w"));
  members[1].crc = 5;
  EXPECT_NE(message(members, {.verify = Verify::kNone}).find("checksum"), std::string::npos);
}

TEST(Export, ArchivesInsideAreReadAsCarefullyAsOthers) {
  const std::string use = R"({"use_pickle": true})";
  const std::string good = checkpoint_of(pickle(tensor(2, {2}, {1})), {"12345678"});
  EXPECT_EQ(message(archive(weight("w", use), good)), "read");
  const std::string evil = checkpoint_of(pickle(global("os", "system") + tuple({text("true")}) + "R"));
  EXPECT_NE(message(archive(weight("w", use), evil)).find("os.system"), std::string::npos);
  // An archive of torch.export is none of torch.save: nothing nests deeper.
  EXPECT_NE(message(archive(weight("w", use), crafted_zip(archive(weight("w"))))).find("no data.pkl"),
            std::string::npos);
  EXPECT_NE(message(archive(weight("v", use) + ", " + weight("w", use), good)).find("'w'"),
            std::string::npos);
  auto packed = archive(weight("w", use));
  packed[0] = {.name = packed[0].name,
               .bytes = deflated(good),
               .method = 8,
               .size = static_cast<std::int64_t>(good.size()),
               .crc = crc_of(good)};
  EXPECT_NE(message(packed).find("compressed"), std::string::npos);
}

TEST(Export, EveryTruncationAndEveryByteChangedIsReadOrRefused) {
  const TemporaryFolder folder;
  int cut = 0;
  int changed = 0;
  for (const char* file : {"types.pt2", "old_pt.pt2"}) {
    const std::string bytes = read_file(data_path(kExports + file));
    const auto attempt = [&](const std::string& b) {
      try {
        const auto c = load(folder.file("x.pt2", b), {.verify = Verify::kNone});
        for (const auto& t : c.tensors()) static_cast<void>(bytes_of(t.value.tensor().tensor));
        return true;
      } catch (const Error&) {
        return false;
      }
    };
    constexpr std::size_t kCutStep = 97;
    constexpr std::size_t kFlipStep = 41;
    for (std::size_t n = 0; n < bytes.size(); n += kCutStep, ++cut)
      EXPECT_FALSE(attempt(bytes.substr(0, n))) << n;
    for (std::size_t at = 0; at < bytes.size(); at += kFlipStep, ++changed) {
      std::string b = bytes;
      b[at] = static_cast<char>(b[at] ^ (1 << at % 8));
      static_cast<void>(attempt(b));
    }
  }
  std::cout << "[ cases ] " << cut << " cut, " << changed << " changed\n";
}

}  // namespace
}  // namespace ballast::testing
