#include <cstdlib>
#include <cstring>
#include <functional>
#include <iostream>

#include "tests/checkpoint/craft.h"
#include "tests/checkpoint/memory_file.h"
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

using checkpoint::Kind;
using checkpoint::Layout;
using checkpoint::LoadOptions;
using checkpoint::TensorValue;
using checkpoint::Value;

const std::string kSmall = "checkpoints/gguf/small.gguf";
const std::string kQuants = "checkpoints/gguf/quants.gguf";

std::string lower(std::string s) {
  for (char& c : s) c = static_cast<char>(std::tolower(c));
  return s;
}

/// The elements, or the blocks.
std::string hash_of(const TensorValue& v) { return sha256_of(bytes_of(v.tensor)); }

TEST(Gguf, EveryGoldenTensorAsItIsAndAsNumbers) {
  int cases = 0;
  int with_numbers = 0;
  for (const Json& file : read_json("checkpoints/gguf/expected.json")) {
    const std::string path = data_path("checkpoints/gguf/" + file["file"].get<std::string>());
    for (const bool mmap : {true, false}) {
      const auto c = load(path, {.mmap = mmap});
      EXPECT_EQ(c.format(), "gguf");
      ASSERT_EQ(c.tensors().size(), file["tensors"].size());
      for (std::size_t i = 0; i < c.tensors().size(); ++i) {
        const Json& e = file["tensors"][i];
        SCOPED_TRACE(e["name"].get<std::string>());
        const auto& t = c.tensors()[i];
        const TensorValue& v = t.value.tensor();
        EXPECT_EQ(t.name, e["name"]);
        EXPECT_EQ(IntArrayRef(v.sizes()).vec(), e["shape_row_major"].get<std::vector<std::int64_t>>());
        EXPECT_EQ(v.nbytes(), e["nbytes"]);
        EXPECT_EQ(hash_of(v), e["stored_sha256"]);
        EXPECT_NE(t.storage, checkpoint::NamedTensor::kNoStorage);
        if (v.layout == Layout::kQuantized) {
          EXPECT_EQ(lower(std::string(v.dtype())), lower(e["type"]));
          EXPECT_EQ(v.quantized->scheme, checkpoint::kGgmlBlocks);
          EXPECT_EQ(v.tensor.storage().kind(), mmap ? StorageImpl::Kind::kMapped : StorageImpl::Kind::kOwned);
        }
        ++cases;
        if (!e.contains("dequantized_f32_sha256")) continue;
        const std::string name = e["name"];
        const auto numbers = load(
            path, {.mmap = mmap, .dtype = kFloat32, .filter = [&](std::string_view n) { return n == name; }});
        ASSERT_EQ(numbers.tensors().size(), 1u);
        const TensorValue& floats = numbers.tensors()[0].value.tensor();
        EXPECT_EQ(floats.layout, Layout::kStrided);
        EXPECT_EQ(floats.dtype(), "float32");
        EXPECT_EQ(IntArrayRef(floats.sizes()).vec(), e["shape_row_major"].get<std::vector<std::int64_t>>());
        EXPECT_EQ(hash_of(floats), e["dequantized_f32_sha256"]);
        ++with_numbers;
      }
    }
  }
  std::cout << "[ cases ] " << cases << " tensors, " << with_numbers << " of them as numbers too\n";
  EXPECT_GT(with_numbers, 0);
}

TEST(Gguf, DequantizeIsAskedForOrImplied) {
  const auto raw = load(data_path(kSmall));
  try {
    static_cast<void>(raw.state_dict());
    FAIL() << "blocks are no state dict";
  } catch (const FormatError& e) {
    EXPECT_NE(std::string(e.what()).find("dequantize"), std::string::npos) << e.what();
  }
  const StateDict floats = load(data_path(kSmall), {.dequantize = true});
  EXPECT_EQ(floats["c.q8_0"].dtype(), kFloat32);
  EXPECT_EQ(floats["b.f16"].dtype(), kFloat16);  // not quantised: as it is
  const StateDict halves = load(data_path(kSmall), {.dtype = kFloat16});
  for (const auto& [name, t] : floats) {
    EXPECT_EQ(halves[name].dtype(), kFloat16) << name;
    const Tensor expected = empty(t.sizes(), TensorOptions(kFloat16));
    copy_elements(expected, t);
    EXPECT_EQ(bytes_of(halves[name]), bytes_of(expected)) << name;
  }
  const StateDict shapes = load(data_path(kSmall), {.map_location = kMeta, .dtype = kFloat16});
  EXPECT_TRUE(shapes["d.q4_0"].is_meta());
  EXPECT_EQ(shapes["d.q4_0"].sizes().vec(), (std::vector<std::int64_t>{3, 96}));
  const auto meta = load(data_path(kSmall), {.map_location = kMeta});
  EXPECT_EQ(IntArrayRef(meta.root().at("d.q4_0").tensor().sizes()).vec(), (std::vector<std::int64_t>{3, 96}));
}

TEST(Gguf, TypesWithoutNumbersAreNamedWhereNumbersAreAskedFor) {
  try {
    static_cast<void>(load(data_path(kQuants), {.dequantize = true}));
    FAIL();
  } catch (const FormatError& e) {
    EXPECT_NE(std::string(e.what()).find("iq2_xxs"), std::string::npos) << e.what();
  }
}

TEST(Gguf, UnwantedBlocksAreOnMeta) {
  const auto c =
      load(data_path(kSmall), {.mmap = false, .filter = [](std::string_view n) { return n == "f.q4_1"; }});
  ASSERT_EQ(c.tensors().size(), 1u);
  EXPECT_FALSE(c.tensors()[0].value.tensor().tensor.is_meta());
  EXPECT_TRUE(c.root().at("c.q8_0").tensor().tensor.is_meta());
  EXPECT_EQ(c.storages().size(), 1u);
}

TEST(Gguf, ProgressCountsWhatIsRead) {
  std::uint64_t last = 0;
  std::uint64_t total = 0;
  static_cast<void>(
      load(data_path(kSmall), {.mmap = false, .progress = [&](std::uint64_t done, std::uint64_t all) {
                                 EXPECT_GE(done, last);
                                 last = done;
                                 total = all;
                               }}));
  EXPECT_EQ(last, total);
  EXPECT_EQ(total, 60u + 32 + 272 + 162 + 28 + 40 + 44 + 16);
}

TEST(Gguf, KeysKeepOrderTypesAndValues) {
  const Json expected = read_json("checkpoints/gguf/expected.json")[0]["fields"];
  const Value metadata = load(data_path(kSmall)).metadata();
  std::size_t i = 0;
  for (const Json& field : expected) {
    const std::string key = field["key"];
    if (key.starts_with("GGUF.")) continue;  // the file's own counts
    SCOPED_TRACE(key);
    ASSERT_LT(i, metadata.size());
    EXPECT_EQ(metadata.key(i).as_text(), key);
    const Value v = metadata.value(i++);
    const Json& want = field["value"];
    const std::string type = field["types"][0];
    if (type == "STRING") {
      EXPECT_EQ(v.as_text(), want.get<std::string>());
    } else if (type == "BOOL") {
      EXPECT_EQ(v.as_bool(), want.get<bool>());
    } else if (type == "FLOAT32" || type == "FLOAT64") {
      EXPECT_EQ(v.as_float(), std::stod(want.get<std::string>()));
    } else if (type == "ARRAY") {
      ASSERT_EQ(v.size(), want.size());
      for (std::size_t k = 0; k < want.size(); ++k) {
        if (want[k].is_string()) {
          EXPECT_EQ(v.item(k).as_text(), want[k].get<std::string>());
        } else {
          EXPECT_EQ(v.item(k).as_int(), want[k].get<std::int64_t>());
        }
      }
    } else {
      EXPECT_EQ(v.as_int(), want.get<std::int64_t>());
    }
    std::string noted(metadata.attributes().at("gguf_types").at(key).as_text());
    EXPECT_EQ(noted, type == "ARRAY" ? "[" + lower(field["types"][1]) + "]" : lower(type));
  }
  EXPECT_EQ(i, metadata.size());
}

// ---------------------------------------------------------------- blocks beside their twins

std::uint16_t u16_at(const std::string& b, std::size_t i) {
  return static_cast<std::uint16_t>(static_cast<unsigned char>(b[i]) | static_cast<unsigned char>(b[i + 1])
                                                                           << 8);
}

/// Bit `i` of a run of bytes, lowest first.
int bit(const std::string& b, std::size_t from, std::size_t i) {
  return static_cast<unsigned char>(b[from + i / 8]) >> i % 8 & 1;
}

/// Q8_1 and Q8_K, which no package of Python reads: a scale and signed bytes.
TEST(Gguf, BytesWithAScaleEqualTheirTwin) {
  std::string small(36, '\0');
  std::string large(292, '\0');
  for (std::size_t i = 0; i < small.size(); ++i) small[i] = static_cast<char>(i * 37 + 11);
  for (std::size_t i = 0; i < large.size(); ++i) large[i] = static_cast<char>(i * 29 + 5);
  const float scale = -0.375f;
  std::memcpy(large.data(), &scale, sizeof(scale));
  small[0] = '\x66';
  small[1] = '\x2e';  // 0.1 as float16
  const auto check = [&](std::string_view type, const std::string& block, std::size_t from, float d) {
    const checkpoint::GgmlType* t = checkpoint::ggml_type(type);
    ASSERT_NE(t, nullptr);
    ASSERT_EQ(t->block_bytes, block.size());
    std::vector<float> out(t->block);
    t->to_floats(reinterpret_cast<const std::byte*>(block.data()), 1, out.data());
    for (std::size_t i = 0; i < out.size(); ++i)
      EXPECT_EQ(out[i], d * static_cast<float>(static_cast<signed char>(block[from + i])))
          << type << " " << i;
  };
  check("q8_1", small, 4, static_cast<float>(Half::from_bits(u16_at(small, 0))));
  check("q8_K", large, 4, scale);
}

/// A second way to the numbers of q3_K: each bit looked up where the format's drawing has it.
TEST(Gguf, ThreeBitsEqualTheirTwin) {
  const checkpoint::GgmlType* t = checkpoint::ggml_type("q3_K");
  std::string block(t->block_bytes, '\0');
  for (std::size_t i = 0; i < block.size(); ++i) block[i] = static_cast<char>(i * 83 + 17);
  block[108] = '\x66';
  block[109] = '\x2e';
  std::vector<float> out(t->block);
  t->to_floats(reinterpret_cast<const std::byte*>(block.data()), 1, out.data());
  const auto d = static_cast<float>(Half::from_bits(u16_at(block, 108)));
  for (std::size_t i = 0; i < out.size(); ++i) {
    const std::size_t byte = i / 128 * 32 + i % 32;
    const std::size_t lane = i % 128 / 32;
    const int low = bit(block, 32 + byte, 2 * lane) + 2 * bit(block, 32 + byte, 2 * lane + 1);
    const int high = bit(block, i % 32, i / 32);
    const std::size_t k = i / 16;
    int sc = 0;
    for (std::size_t b = 0; b < 4; ++b) sc += bit(block, 96 + k % 8, b + (k < 8 ? 0 : 4)) << b;
    for (std::size_t b = 0; b < 2; ++b) sc += bit(block, 104 + k % 4, 2 * (k / 4) + b) << (4 + b);
    EXPECT_EQ(out[i], d * static_cast<float>(sc - 32) * static_cast<float>(low + 4 * high - 4)) << i;
  }
}

TEST(Gguf, ManyBlocksEqualOneAtATime) {
  int cases = 0;
  for (std::uint32_t id = 0; id < 64; ++id) {
    const checkpoint::GgmlType* t = checkpoint::ggml_type(id);
    if (t == nullptr || t->to_floats == nullptr) continue;
    constexpr std::size_t kBlocks = 5;
    std::string blocks(kBlocks * t->block_bytes, '\0');
    for (std::size_t i = 0; i < blocks.size(); ++i) blocks[i] = static_cast<char>((i * 73 + i / 7) & 0x3B);
    std::vector<float> all(kBlocks * t->block);
    t->to_floats(reinterpret_cast<const std::byte*>(blocks.data()), kBlocks, all.data());
    for (std::size_t i = 0; i < kBlocks; ++i) {
      std::vector<float> one(t->block);
      t->to_floats(reinterpret_cast<const std::byte*>(blocks.data()) + i * t->block_bytes, 1, one.data());
      EXPECT_EQ(std::memcmp(one.data(), all.data() + i * t->block, one.size() * sizeof(float)), 0) << t->name;
    }
    ++cases;
  }
  std::cout << "[ cases ] " << cases << " types of blocks\n";
  EXPECT_GT(cases, 15);
}

// ---------------------------------------------------------------- bad files

std::string gguf_text(const std::string& s) { return little(s.size(), 8) + s; }

struct CraftedTensor {
  std::string name;
  std::vector<std::uint64_t> ne;
  std::uint32_t type = 0;
  std::uint64_t offset = 0;
};
std::string crafted(const std::vector<CraftedTensor>& tensors, const std::string& keys,
                    std::uint64_t key_count, std::size_t data, std::uint32_t version = 3) {
  std::string out = "GGUF" + little(version, 4) + little(tensors.size(), 8) + little(key_count, 8) + keys;
  for (const CraftedTensor& t : tensors) {
    out += gguf_text(t.name) + little(t.ne.size(), 4);
    for (const std::uint64_t n : t.ne) out += little(n, 8);
    out += little(t.type, 4) + little(t.offset, 8);
  }
  out.resize((out.size() + 31) / 32 * 32);
  return out + std::string(data, 'x');
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

TEST(Gguf, ErrorsSayWhatIsWrong) {
  struct Case {
    std::string bytes;
    std::string_view word;
  };
  const std::string huge_key = gguf_text("k");
  const Case cases[] = {
      {crafted({}, "", 0, 0, 1), "version 1"},
      {crafted({}, "", 0, 0, 0x03000000), "big-endian"},
      {crafted({{"a", {4}, 4, 0}}, "", 0, 16), "element type 4"},
      {crafted({{"a", {4}, 0, 0}, {"b", {4}, 0, 0}}, "", 0, 64), "'b' lies over 'a'"},
      {crafted({{"a", {8, 4}, 2, 0}}, "", 0, 512), "no multiple of the 32"},
      {crafted({{"a", {}, 8, 0}}, "", 0, 512), "no multiple of the 32"},
      {crafted({{"a", {0, std::uint64_t{1} << 62, 4}, 0, 0}}, "", 0, 64), "more elements"},
      {crafted({{"a", {5}, 0, 0}}, "", 0, 16), "cut short"},
      {crafted({{"a", {4}, 0, 8}}, "", 0, 64), "no multiple of 32"},
      {crafted({{"a", {1, 1, 1, 1, 1}, 0, 0}}, "", 0, 64), "5 dimensions"},
      {crafted({}, gguf_text("") + little(0, 4) + "x", 1, 0), "without a name"},
      {crafted({}, gguf_text("k") + little(13, 4) + std::string(8, 'x'), 1, 0), "type 13"},
      {crafted({}, gguf_text("k") + little(7, 4) + '\2', 1, 0), "bool of value 2"},
      {crafted({}, gguf_text("k") + little(9, 4) + little(10, 4) + little(1000, 8), 1, 0), "1000 values"},
      {crafted({}, gguf_text("general.alignment") + little(4, 4) + little(0, 4), 1, 0), "power of two"},
      {crafted({}, gguf_text("general.alignment") + little(10, 4) + little(32, 8), 1, 0),
       "should be a uint32"},
      {crafted({{"a\xff", {4}, 0, 0}}, "", 0, 16), "UTF-8"},
  };
  for (const Case& c : cases) {
    const std::string error = error_of(c.bytes);
    EXPECT_NE(error.find(c.word), std::string::npos) << c.word << ": " << error;
  }
}

TEST(Gguf, LimitsHold) {
  const std::string array =
      gguf_text("k") + little(9, 4) + little(0, 4) + little(100, 8) + std::string(100, 'x');
  LoadOptions options;
  options.limits.metadata_values = 50;
  EXPECT_NE(error_of(crafted({}, array, 1, 0), options).find("metadata_values"), std::string::npos);
  options = {};
  options.limits.string_bytes = 10;
  const std::string text = gguf_text("k") + little(8, 4) + gguf_text(std::string(100, 'x'));
  EXPECT_NE(error_of(crafted({}, text, 1, 0), options).find("string_bytes"), std::string::npos);
  EXPECT_EQ(error_of(crafted({}, text, 1, 0)), "");
}

TEST(Gguf, WhatIsAllowedIsRead) {
  const TemporaryFolder folder;
  // Version 2; arrays in arrays; gaps and another order of the data; scalars; text that is no UTF-8; an alignment of 8; no padding.
  std::string keys = gguf_text("general.alignment") + little(4, 4) + little(8, 4);
  keys += gguf_text("nested") + little(9, 4) + little(9, 4) + little(2, 8);
  keys += little(0, 4) + little(2, 8) + "\1\2";
  keys += little(8, 4) + little(1, 8) + gguf_text("\xff");
  const std::string bytes =
      crafted({{"late", {2}, 0, 64}, {"early", {}, 28, 0}, {"empty", {0, 7}, 0, 8}}, keys, 2, 72, 2);
  const auto c = load(folder.file("a.gguf", bytes));
  ASSERT_EQ(c.tensors().size(), 3u);
  EXPECT_EQ(c.tensors()[0].name, "late");
  EXPECT_EQ(bytes_of(c.tensors()[0].value.tensor().tensor), std::string(8, 'x'));
  EXPECT_EQ(c.tensors()[1].value.tensor().tensor.dim(), 0);
  EXPECT_EQ(c.tensors()[2].value.tensor().sizes().size(), 2u);
  EXPECT_EQ(c.metadata().at("nested").item(0).item(1).as_int(), 2);
  EXPECT_EQ(c.metadata().at("nested").item(1).item(0).kind(), Kind::kBytes);
}

bool loads(const std::string& bytes, const LoadOptions& options = {}) {
  const MemoryFile file(bytes);
  try {
    const auto c = load(file.path(), options);
    for (const auto& t : c.tensors()) {
      if (t.value.tensor().numel() < 10000) static_cast<void>(bytes_of(t.value.tensor().tensor));
    }
    return true;
  } catch (const FormatError&) {
  } catch (const LimitError&) {
  }
  return false;
}

TEST(Gguf, CutAnywhereIsRefused) {
  const std::string good = read_file(data_path(kSmall));
  int cases = 0;
  // The last tensor has 16 bytes, and 16 of padding that nobody needs.
  for (std::size_t n = 0; n < good.size(); ++n, ++cases)
    EXPECT_EQ(loads(good.substr(0, n), {.mmap = false}), n + 16 >= good.size()) << n;
  std::cout << "[ cases ] " << cases << " cuts\n";
}

TEST(Gguf, FlippedBitsNeverCrash) {
  int cases = 0;
  int loaded = 0;
  const std::string good = read_file(data_path(kSmall));
  const std::string header = good.substr(0, 800);
  for (std::size_t at = 0; at < header.size(); ++at) {
    for (int b = 0; b < 8; ++b, ++cases) {
      std::string bad = good;
      bad[at] = static_cast<char>(bad[at] ^ (1 << b));
      loaded += loads(bad, {.mmap = b % 2 == 0, .dequantize = b % 3 == 0});
    }
  }
  std::cout << "[ cases ] " << cases << " flipped bits, " << loaded << " of them other data\n";
  EXPECT_GT(cases, loaded);
}

}  // namespace
}  // namespace ballast::testing
