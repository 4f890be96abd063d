// Reading safetensors files: what the package wrote, the format's rules one by one, and damage anywhere.
#include <algorithm>
#include <cstdlib>
#include <ctime>
#include <iostream>
#include <map>

#include "tests/checkpoint/craft.h"
#include "tests/checkpoint/safetensors_twin.h"
#include "tests/support/golden.h"
#include "tests/support/thrown.h"
#include <gtest/gtest.h>

#include "ballast/checkpoint/load.h"
#include "ballast/core/sanitizer.h"

namespace ballast::testing {
namespace {

using checkpoint::LoadOptions;

Json by_place(Json tensors) {
  std::stable_sort(tensors.begin(), tensors.end(),
                   [](const Json& a, const Json& b) { return a["data_offsets"] < b["data_offsets"]; });
  return tensors;
}

void expect_content(const checkpoint::Checkpoint& c, const Json& golden) {
  EXPECT_EQ(c.format(), "safetensors");
  const Json tensors = by_place(golden["tensors"]);
  ASSERT_LE(tensors.size(), c.tensors().size());  // tied names come behind
  for (std::size_t i = 0; i < tensors.size(); ++i) {
    const auto& ours = c.tensors()[i];
    SCOPED_TRACE(ours.name);
    EXPECT_EQ(ours.name, tensors[i]["name"].get<std::string>());
    const Tensor& t = ours.value.tensor().tensor;
    EXPECT_EQ(safetensors_twin_name(t.dtype()), tensors[i]["dtype"].get<std::string>());
    EXPECT_EQ(Json(IntArrayRef(t.sizes()).vec()), tensors[i]["shape"]);
    EXPECT_TRUE(t.is_contiguous());
    EXPECT_EQ(sha256_of(bytes_of(t)), tensors[i]["sha256"].get<std::string>());
  }
  std::size_t texts = c.tensors().size() - tensors.size();
  if (c.metadata().is_mapping()) {
    texts += c.metadata().size();
    for (std::size_t i = 0; i < c.metadata().size(); ++i) {
      EXPECT_EQ(golden["metadata"][std::string(c.metadata().key(i).as_text())].get<std::string>(),
                c.metadata().value(i).as_text());
    }
  }
  EXPECT_EQ(texts, golden["metadata"].size());
  EXPECT_EQ(c.metadata().is_none(), golden["metadata"].is_null());
}

TEST(Safetensors, EveryGoldenFileHoldsWhatThePackageSaved) {
  int cases = 0;
  for (const std::string folder : {"checkpoints/safetensors/", "checkpoints/safetensors_package/", "real/"}) {
    for (const Json& e : read_json(folder + "expected.json")) {
      if (e["format"] != "safetensors") continue;
      const std::string file = e["file"];
      SCOPED_TRACE(file);
      for (const bool mmap : {true, false}) expect_content(load(data_path(folder + file), {.mmap = mmap}), e);
      ++cases;
    }
  }
  std::cout << "[ cases ] " << cases << " files, mapped and read\n";
  EXPECT_GT(cases, 18);
}

/// A file with this header and so many bytes behind it.
std::string file_of(const std::string& header, std::size_t bytes) {
  return little(header.size(), 8) + header + std::string(bytes, 'x');
}
/// The entry of a tensor.
std::string entry(const std::string& name, std::size_t begin, std::size_t end, const std::string& shape,
                  const std::string& dtype = "U8") {
  return "\"" + name + R"(":{"dtype":")" + dtype + R"(","shape":)" + shape + R"(,"data_offsets":[)" +
         std::to_string(begin) + "," + std::to_string(end) + "]}";
}

TEST(Safetensors, EachRuleOfTheFormatIsKept) {
  struct Case {
    std::string header;
    std::size_t bytes;
    std::string error;
  };
  const std::string good = entry("a", 0, 2, "[2]");
  const std::string odd_field = R"({"a":{"dtype":"U8","shape":[2],"data_offsets":[0,2],"Dtype":"U8"}})";
  const Case cases[] = {
      {" {" + good + "}", 2, "should begin with { (at byte 8)"},
      {"\xEF\xBB\xBF{" + good + "}", 2, "should begin with { (at byte 8)"},
      {"\n{" + good + "}", 2, "should begin with { (at byte 8)"},
      {"[" + good + "]", 2, "should begin with { (at byte 8)"},
      {"{" + good + "}\n", 2, "should end with }, and spaces behind it (at byte 61)"},
      {"{" + good + "}\t ", 2, "should end with }"},
      {"{" + good + "}" + std::string(1, '\0'), 2, "should end with }"},
      {"{" + good + "} {}", 2, "more follows"},
      {"{" + good + "}}", 2, "more follows"},
      {"{" + good, 2, "no JSON"},
      {"{" + good + ",}", 2, "no JSON"},
      {"{," + good + "}", 2, "no JSON"},
      {"{" + good + " " + entry("b", 2, 2, "[0]") + "}", 2, "no JSON"},
      {"{" + good + "," + good + "}", 2, "the name 'a' stands there twice (at byte 61)"},
      {"{" + entry("e", 0, 0, "[0]") + "," + entry("e", 0, 0, "[0]") + "}", 0,
       "the name 'e' stands there twice"},
      {R"({"a":{"dtype":"U8","dtype":"U8","shape":[2],"data_offsets":[0,2]}})", 2,
       "dtype stands there twice (at byte 27)"},
      {R"({"a":{"dtype":"U8","shape":[2],"sh\u0061pe":[2],"data_offsets":[0,2]}})", 2,
       "shape stands there twice"},
      {R"({"a":{"data_offsets":[0,2],"dtype":"U8","shape":[2],"data_offsets":[0,2]}})", 2,
       "data_offsets stands there twice"},
      {R"({"__metadata__":{"k":"1","k":"1"},)" + good + "}", 2, "'k' stands there twice (at byte 33)"},
      {R"({"__metadata__":{},"__metadata__":{},)" + good + "}", 2,
       "__metadata__ stands there twice (at byte 27)"},
      {R"({"__metadata__":null,)" + good + "}", 2,
       "an object of strings, as __metadata__, is expected (at byte 24)"},
      {R"({"__metadata__":{"k":null},)" + good + "}", 2, "a string, as all values of __metadata__"},
      {odd_field, 2, "the field 'Dtype'"},
      {R"({"a":{"dtype":"U8","shape":[2]}})", 2, "there is no data_offsets"},
      {R"({"a":{"dtype":"U8","data_offsets":[0,2]}})", 2, "there is no shape"},
      {R"({"a":["U8",[2],[0,2]]})", 2,
       "an object with dtype, shape and data_offsets is expected (at byte 13)"},
      {R"({"a":{"dtype":{"U8":null},"shape":[2],"data_offsets":[0,2]}})", 2, "a string, as every dtype"},
      {R"({"a":{"dtype":"U8","shape":null,"data_offsets":[0,2]}})", 2, "a list of integers, as every shape"},
      {R"({"a":{"dtype":"U8","shape":[2],"data_offsets":[0]}})", 2, "1 data_offsets, there should be two"},
      {R"({"a":{"dtype":"U8","shape":[2],"data_offsets":[]}})", 2, "0 data_offsets, there should be two"},
      {R"({"a":{"dtype":"U8","shape":[2],"data_offsets":[0,2,]}})", 2, "is expected"},
      {"{" + entry("a", 0, 2, "[+2]") + "}", 2, "is expected"},
      {"{" + entry("a", 0, 2, "[02]") + "}", 2, "is expected"},
      {"{" + entry("a", 0, 2, "[2.0]") + "}", 2, "is expected"},
      {"{" + entry("a", 0, 2, "[2e0]") + "}", 2, "is expected"},
      {"{" + entry("a", 0, 0, "[-0]") + "}", 0, "is expected"},
      {"{" + entry("a", 0, 2, "[Infinity]") + "}", 2, "is expected"},
      {"{" + entry("a", 0, 2, "[true]") + "}", 2, "is expected"},
      {"{" + entry("a", 0, 2, "[18446744073709551616]") + "}", 2, "is expected"},
      {"{" + entry("a", 0, 2, "[9223372036854775808]") + "}", 2, "more than 2^63 - 1"},
      {"{" + entry("a", 0, 0, "[0,9223372036854775807]", "U16") + "}", 0, "do not fit into 63 bits"},
      {"{" + entry("a", 0, 0, "[4294967296,4294967296,0]") + "}", 0, "do not fit into 63 bits"},
      {"{" + entry("a", 0, 2, "[3]") + "}", 2,
       "[3] elements of uint8 have 3 bytes, the range [0, 2) has 2 (at byte 9)"},
      {"{" + entry("a", 0, 2, "[2]") + "}", 1,
       "the tensors have 2 bytes, and 1 follow the header: the file is cut short"},
      {"{" + entry("a", 0, 2, "[2]") + "}", 3, "nothing may stand behind them"},
      {"{}", 1, "nothing may stand behind them"},
      {"{" + entry("a", 2, 4, "[2]") + "}", 4, "without holes and overlaps"},
      {"{" + entry("a", 0, 2, "[2]") + "," + entry("b", 1, 3, "[2]") + "}", 3,
       "'b' has bytes [1, 3), and the tensors before it end at 2"},
      {"{" + entry("a", 0, 2, "[2]") + "," + entry("b", 0, 2, "[2]") + "}", 2, "without holes and overlaps"},
      {"{" + entry("a", 0, 4, "[4]") + "," + entry("b", 2, 2, "[0]") + "}", 4, "without holes and overlaps"},
      {"{" + entry("a", 0, 1, "[2]", "F4") + "}", 1,
       "elements of type F4, which are no whole bytes, are not read"},
      {"{" + entry("a", 0, 3, "[4]", "F6_E2M3") + "}", 3, "elements of type F6_E2M3"},
      {"{" + entry("a", 0, 16, "[1]", "C128") + "}", 16, "'C128' is no dtype of the format"},
      {"{" + entry("a", 0, 2, "[2]", "u8") + "}", 2, "'u8' is no dtype of the format"},
      {"{" + entry("\xff", 0, 2, "[2]") + "}", 2, "is not UTF-8 (at byte 10)"},
      {"{" + entry("abc\xc3", 0, 2, "[2]") + "}", 2, "is not UTF-8 (at byte 13)"},
      {"{" + entry("\\ud800", 0, 2, "[2]") + "}", 2, "(at byte "},
      {"{" + entry("\\udc00", 0, 2, "[2]") + "}", 2, "(at byte "},
      {"{" + entry("\\udc00\\ud800", 0, 2, "[2]") + "}", 2, "(at byte "},
      {"{" + entry("\\ud800x", 0, 2, "[2]") + "}", 2, "(at byte "},
      {"{" + entry("\\x41", 0, 2, "[2]") + "}", 2, "(at byte "},
      {"{" + entry("a\tb", 0, 2, "[2]") + "}", 2, "no JSON"},
      {"{" + entry(std::string("a\0b", 3), 0, 2, "[2]") + "}", 2, "no JSON"},
      {"{'a':1}", 0, "no JSON"},
      {"{a:1}", 0, "no JSON"},
      {"{\"a\"}", 0, "no JSON"},
      {"{\"a\":}", 0, "is expected"},
      {"{/**/}", 0, "no JSON"},
  };
  const TemporaryFolder folder;
  for (const Case& c : cases) {
    SCOPED_TRACE(c.header);
    const auto path = folder.file("a.safetensors", file_of(c.header, c.bytes));
    EXPECT_THROWN(static_cast<void>(load(path)), FormatError, c.error);
    EXPECT_FALSE(safetensors_twin(read_file(path)).has_value());
  }
  std::string ones = "[1";
  for (int i = 0; i < 64; ++i) ones += ",1";
  const auto deep = folder.file("a.safetensors", file_of("{" + entry("a", 0, 1, ones + "]") + "}", 1));
  EXPECT_THROWN(static_cast<void>(load(deep)), LimitError, "more dimensions than the limit (rank) of 64");
  std::cout << "[ cases ] " << std::size(cases) << " broken rules, refused by the twin too\n";
}

TEST(Safetensors, OddNamesAndSpacesAreData) {
  const TemporaryFolder folder;
  const std::string header = "{ \"\" : {\"dtype\":\"U8\" ,\n \"shape\":[ ], \"data_offsets\" :[0,1]}," +
                             entry("a.b\\u0000\\ud83d\\ude00\\/", 1, 3, "[1,2]") + "," +
                             R"("../../x":{"d\u0074ype":"U8","data_offsets":[3,3],"shape":[2,0,3]},)" +
                             R"("__metadata__":{"":"","k\n":"\u0000"}})" + "   ";
  const auto c = load(folder.file("a", file_of(header, 3)));  // found by its content
  ASSERT_EQ(c.tensors().size(), 3u);
  EXPECT_EQ(c.tensors()[0].name, "");
  EXPECT_EQ(c.tensors()[1].name, std::string("a.b\0\xF0\x9F\x98\x80/", 9));
  EXPECT_EQ(c.tensors()[2].name, "../../x");
  EXPECT_EQ(c.tensors()[2].value.tensor().sizes().vec(), (std::vector<std::int64_t>{2, 0, 3}));
  EXPECT_EQ(c.metadata().at("k\n").as_text(), std::string(1, '\0'));
  EXPECT_EQ(c.state_dict().size(), 3u);
}

TEST(Safetensors, TensorsComeInTheOrderOfTheirBytes) {
  const TemporaryFolder folder;
  const auto c =
      load(folder.file("a", file_of("{" + entry("z", 1, 2, "[1]") + "," + entry("m", 1, 1, "[0]") + "," +
                                        entry("b", 1, 1, "[0]") + "," + entry("a", 2, 3, "[1]") + "," +
                                        entry("y", 0, 1, "[1]") + "}",
                                    3)));
  std::vector<std::string> names;
  for (const auto& t : c.tensors()) names.push_back(t.name);
  EXPECT_EQ(names, (std::vector<std::string>{"y", "m", "b", "z", "a"}));
}

TEST(Safetensors, AZipUnderItsNameIsRefused) {
  const TemporaryFolder folder;
  const auto path = folder.file("a.safetensors", read_file(data_path("checkpoints/zip/mlp.pth")));
  EXPECT_THROWN(static_cast<void>(load(path)), FormatError,
                "a zip archive under a name that promises a safetensors file");
  EXPECT_THROWN(static_cast<void>(load(folder.file("b.safetensors", "<html>"))), FormatError, "a web page");
}

TEST(Safetensors, TiedNamesComeBackOnOneStorage) {
  const auto c = load(data_path("checkpoints/safetensors_package/tied_three.safetensors"));
  const StateDict s = c;
  EXPECT_TRUE(s["b.weight"].storage().is_same(s["a.weight"].storage()));
  EXPECT_TRUE(s["c.weight"].storage().is_same(s["a.weight"].storage()));
  EXPECT_FALSE(s["c.bias"].storage().is_same(s["a.bias"].storage()));
  EXPECT_EQ(s["c.weight"].sizes().vec(), s["a.weight"].sizes().vec());
  EXPECT_EQ(s.keys().back(), "c.weight");
  EXPECT_EQ(c.metadata().size(), 1u);  // what ties said is in the tree now
  EXPECT_EQ(c.metadata().at("format").as_text(), "pt");
  // Not asked for, the other names are not there.
  const StateDict part = load(c.file(), {.filter = [](std::string_view n) { return n == "b.weight"; }});
  EXPECT_EQ(part.keys(), std::vector<std::string>{"b.weight"});
  EXPECT_EQ(bytes_of(part["b.weight"]), bytes_of(s["a.weight"]));
  const StateDict half = load(c.file(), {.dtype = kFloat16});
  EXPECT_TRUE(half["b.weight"].storage().is_same(half["a.weight"].storage()));
  EXPECT_EQ(half["b.weight"].dtype(), kFloat16);
}

TEST(Safetensors, StringsThatOnlyLookLikeTiesStayStrings) {
  const TemporaryFolder folder;
  const auto c =
      load(folder.file("a", file_of(R"({"__metadata__":{"a":"b","x":"y","y":"x","c":"d","d":"a"},)" +
                                        entry("a", 0, 1, "[1]") + "," + entry("b", 1, 2, "[1]") + "}",
                                    2)));
  EXPECT_EQ(c.tensors().size(), 3u);  // a, b, and d, which is a; nothing is tied to a tied name
  EXPECT_EQ(c.metadata().size(), 4u);
}

TEST(Safetensors, WhatBeginsAtAMultipleOfItsElementsIsMapped) {
  const TemporaryFolder folder;
  const auto kind = [&](const std::string& padding, const LoadOptions& options = {}) {
    const std::string header = "{" + entry("a", 0, 4, "[1]", "F32") + "," + entry("b", 4, 6, "[1]", "BF16") +
                               "," + entry("c", 6, 7, "[]") + "}" + padding;
    std::string kinds;
    const auto c = load(folder.file("a", file_of(header, 7)), options);
    for (const auto& s : c.storages()) {
      kinds += s.storage.kind() == StorageImpl::Kind::kMapped ? 'm' : 'r';
      EXPECT_EQ(std::string(reinterpret_cast<const char*>(s.storage.data()), s.storage.nbytes()),
                std::string(s.storage.nbytes(), 'x'));
    }
    return kinds;
  };
  std::map<std::string, int> seen;
  for (std::size_t n = 0; n < 8; ++n) ++seen[kind(std::string(n, ' '))];
  EXPECT_EQ(seen, (std::map<std::string, int>{{"mmm", 2}, {"rmm", 2}, {"rrm", 4}}));
  EXPECT_EQ(kind("", {.mmap = false}), "rrr");
}

TEST(Safetensors, WhatWasNotAskedForIsNotRead) {
  const auto path = data_path("checkpoints/safetensors/lenet.safetensors");
  std::uint64_t read = 0;
  const auto c = load(path, {.mmap = false,
                             .filter = [](std::string_view n) { return n.ends_with("0.weight"); },
                             .progress = [&](std::uint64_t done, std::uint64_t) { read = done; }});
  EXPECT_EQ(c.tensors().size(), 1u);
  EXPECT_EQ(read, 600u);
  const auto meta = load(path, {.map_location = kMeta});
  EXPECT_EQ(meta.tensors().size(), 10u);
  for (const auto& t : meta.tensors()) EXPECT_TRUE(t.value.tensor().tensor.is_meta());
}

TEST(Safetensors, CutAnywhereIsRefused) {
  const TemporaryFolder folder;
  int cases = 0;
  for (const std::string file : {"safetensors/dtypes", "safetensors/metadata", "safetensors_package/tied"}) {
    const std::string good = read_file(data_path("checkpoints/" + file + ".safetensors"));
    for (std::size_t n = 0; n < good.size(); ++n, ++cases)
      EXPECT_THROW(static_cast<void>(load(folder.file("a.safetensors", good.substr(0, n)))), FormatError)
          << n;
  }
  std::cout << "[ cases ] " << cases << " cuts\n";
}

/// What a load finds, or nothing if it refuses.
std::optional<TwinContent> content_of(const std::filesystem::path& path) {
  try {
    const auto c = load(path);
    TwinContent out;
    for (const auto& t : c.tensors()) {
      const Tensor& tensor = t.value.tensor().tensor;
      out.tensors[t.name] = {safetensors_twin_name(tensor.dtype()), tensor.sizes().vec(), bytes_of(tensor)};
    }
    for (std::size_t i = 0; c.metadata().is_mapping() && i < c.metadata().size(); ++i)
      out.texts.emplace(c.metadata().key(i).as_text(), c.metadata().value(i).as_text());
    return out;
  } catch (const FormatError&) {
  } catch (const LimitError&) {
  }
  return std::nullopt;
}

TEST(Safetensors, ChangedBytesAreReadAsTheTwinReadsThemOrRefused) {
  const TemporaryFolder folder;
  int cases = 0;
  int loaded = 0;
  for (const std::string file :
       {"safetensors/metadata", "safetensors/scalars_and_empties", "safetensors_package/escapes",
        "safetensors_package/tied", "safetensors/unpadded_header"}) {
    const std::string good = read_file(data_path("checkpoints/" + file + ".safetensors"));
    const std::size_t header =
        8 + static_cast<unsigned char>(good[0]) + 256u * static_cast<unsigned char>(good[1]);
    for (std::size_t at = 0; at < good.size(); ++at) {
      constexpr std::string_view kOthers = "\"\\{}[],: 0-.e\n";
      const std::size_t changes = at < header ? 8 + kOthers.size() : 1;
      for (std::size_t change = 0; change < changes; ++change, ++cases) {
        std::string bad = good;
        bad[at] = change < 8 ? static_cast<char>(bad[at] ^ (1 << change)) : kOthers[change - 8];
        const auto ours = content_of(folder.file("a.safetensors", bad));
        const auto twin = safetensors_twin(bad);
        ASSERT_EQ(ours.has_value(), twin.has_value()) << file << " byte " << at << " change " << change;
        if (ours) {
          EXPECT_TRUE(*ours == *twin) << file << " byte " << at << " change " << change;
        }
        loaded += ours.has_value();
      }
    }
  }
  std::cout << "[ cases ] " << cases << " changed bytes, " << loaded << " of them other data\n";
  EXPECT_GT(loaded, 0);
}

TEST(Safetensors, WhatIsReadThePackageReadsToo) {
  if (std::system("python3 -c 'import torch, safetensors' > /dev/null 2>&1") != 0) {
    std::cout << "skipped: torch not installed\n";
    GTEST_SKIP();
  }
  const TemporaryFolder folder;
  Json cases = Json::array();
  for (const std::string file : {"safetensors/scalars_and_empties", "safetensors_package/escapes"}) {
    const std::string good = read_file(data_path("checkpoints/" + file + ".safetensors"));
    for (std::size_t at = 0; at < good.size(); ++at) {
      for (int bit = 0; bit < 8; ++bit) {
        std::string bad = good;
        bad[at] = static_cast<char>(bad[at] ^ (1 << bit));
        const auto ours = content_of(folder.file("a.safetensors", bad));
        if (!ours) continue;
        Json tensors = Json::object();
        for (const auto& [name, t] : ours->tensors) tensors[name] = {t.shape, to_hex(t.bytes)};
        cases.push_back({{"file", to_hex(bad)}, {"tensors", tensors}});
      }
    }
  }
  static_cast<void>(folder.file("cases.json", cases.dump()));
  static_cast<void>(folder.file("check.py", R"(
import json, sys
import torch
from safetensors.torch import load
for c in json.load(open(sys.argv[1] + "/cases.json")):
    theirs = {k: [list(t.shape), bytes(t.reshape(-1).view(torch.uint8).tolist()).hex()] for k, t in load(bytes.fromhex(c["file"])).items()}
    assert theirs == c["tensors"], c
)"));
  const std::string command =
      "python3 '" + (folder.path() / "check.py").string() + "' '" + folder.path().string() + "' 2>&1";
  EXPECT_EQ(std::system(command.c_str()), 0);
  std::cout << "[ cases ] " << cases.size() << " changed files\n";
  EXPECT_GT(cases.size(), 100u);
}

TEST(Safetensors, AMillionTensorsAreOpened) {
  const std::size_t count = kUnderSanitizer ? 50'000 : 1'000'000;
  std::string header = "{";
  for (std::size_t i = 0; i < count; ++i)
    header += (i > 0 ? "," : "") +
              entry("layers." + std::to_string(i / 8) + ".experts." + std::to_string(i % 8) + ".w", i, i + 1,
                    "[1]");
  header += "}";
  const TemporaryFolder folder;
  const auto path = folder.file("a.safetensors", file_of(header, count));
  const std::clock_t begin = std::clock();
  const auto c = load(path);
  const double seconds = static_cast<double>(std::clock() - begin) / CLOCKS_PER_SEC;
  ASSERT_EQ(c.tensors().size(), count);
  EXPECT_TRUE(c.all_tensors_listed());
  EXPECT_EQ(c.tensors().back().storage, count - 1);
  std::cout << "[ times ] " << count << " tensors, a header of " << header.size() << " bytes: " << seconds
            << " s of CPU\n";
}

}  // namespace
}  // namespace ballast::testing
