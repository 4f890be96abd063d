#include <filesystem>
#include <iostream>
#include <numeric>
#include <random>

#include "tests/checkpoint/craft.h"
#include "tests/checkpoint/describe.h"
#include "tests/support/golden.h"
#include <gtest/gtest.h>

#include "ballast/checkpoint/formats/nested_keys.h"
#include "ballast/checkpoint/formats/torch_distributed.h"
#include "ballast/checkpoint/formats/torch_distributed_tiling.h"
#include "ballast/checkpoint/tree/value_arena.h"
#include "ballast/core/shape.h"

namespace ballast::testing {
namespace {

using checkpoint::DistributedPiece;
using checkpoint::Kind;
using checkpoint::load_distributed;
using checkpoint::LoadOptions;
using checkpoint::NestedKeys;
using checkpoint::Value;
using checkpoint::Verify;

const std::string kFolders = "checkpoints/distributed/";

/// What the golden description says of each tensor: it leaves out how memory is shared and laid out, which is ours to choose.
void expect_tensors(const checkpoint::Checkpoint& c, const Json& golden) {
  const Json ours = describe(c);
  ASSERT_EQ(ours["tensors"].size(), golden["tensors"].size());
  for (std::size_t i = 0; i < golden["tensors"].size(); ++i) {
    for (const auto& [field, value] : golden["tensors"][i].items()) {
      if (field == "name") continue;
      EXPECT_EQ(ours["tensors"][i][field], value) << i << " " << field;
    }
  }
}

TEST(Distributed, EveryGoldenFolderHoldsWhatPyTorchReads) {
  int cases = 0;
  for (const Json& e : read_json(kFolders + "expected.json")) {
    const std::string folder = e["folder"];
    SCOPED_TRACE(folder);
    for (const bool mmap : {true, false}) {
      const auto c = load_distributed(data_path(kFolders + folder), {.mmap = mmap, .verify = Verify::kAll});
      expect_tensors(c, e);
      EXPECT_EQ(plain(describe(c)["tree"]), plain(e["tree"]));
      EXPECT_EQ(c.format(), "torch-distributed");
      EXPECT_TRUE(c.fully_verified());
      EXPECT_EQ(c.tensors().size(), e["tensors"].size());
      ++cases;
    }
  }
  std::cout << "[ cases ] " << cases << " of " << kFolders << "expected.json, mapped and read\n";
  EXPECT_GT(cases, 0);
}

TEST(Distributed, ShardsAreReadOnlyWhereTheyAreWanted) {
  const std::string folder = data_path(kFolders + "sharded");
  const auto whole = load_distributed(folder, {});
  EXPECT_EQ(whole.state_dict().size(), 6u);
  const auto shapes = load_distributed(folder, {.map_location = kMeta});
  for (const auto& t : shapes.tensors()) EXPECT_TRUE(t.value.tensor().tensor.is_meta());
  const auto part = load_distributed(folder, {.filter = [](auto name) { return name == "model.grid"; }});
  ASSERT_EQ(part.tensors().size(), 1u);
  EXPECT_EQ(part.storages().size(), 1u);
  EXPECT_EQ(bytes_of(part.tensors()[0].value.tensor().tensor), bytes_of(whole.state_dict()["grid"]));
  // Of what is not asked for, files may be missing.
  const TemporaryFolder copy;
  for (const auto& f : std::filesystem::directory_iterator(folder)) {
    if (f.path().filename() != "__3_0.distcp")
      std::filesystem::copy_file(f.path(), copy.path() / f.path().filename());
  }
  EXPECT_THROW(static_cast<void>(load_distributed(copy.path(), {})), IoError);
  const auto first =
      load_distributed(copy.path(), {.filter = [](auto name) { return name == "model.whole"; }});
  EXPECT_EQ(first.tensors().size(), 1u);
}

// Folders made by hand.
std::string dict(const std::vector<std::pair<std::string, std::string>>& entries) {
  std::string out = "}(";
  for (const auto& [key, value] : entries) out += key + value;
  return out + "u";
}
std::string object(const std::string& name, const std::vector<std::pair<std::string, std::string>>& fields,
                   const std::string& module = "torch.distributed.checkpoint.metadata") {
  std::vector<std::pair<std::string, std::string>> state;
  for (const auto& [key, value] : fields) state.emplace_back(text(key), value);
  return global(module, name) + ")\x81" + (fields.empty() ? "" : dict(state) + "b");
}
std::string size(const std::vector<std::int64_t>& dims) {
  std::vector<std::string> items;
  for (const std::int64_t d : dims) items.push_back(integer(d));
  return global("torch", "Size") + tuple({tuple(items)}) + "R";
}
std::string info(const std::string& file, const std::string& offset, const std::string& length,
                 const std::string& more = "") {
  std::vector<std::pair<std::string, std::string>> fields{
      {"relative_path", text(file)}, {"offset", offset}, {"length", length}};
  if (!more.empty()) fields.emplace_back("transform_descriptors", more);
  return object("_StorageInfo", fields, "torch.distributed.checkpoint.filesystem");
}

struct Piece {
  std::vector<std::int64_t> offsets, sizes;
};
std::int64_t product(const std::vector<std::int64_t>& v) {
  return std::accumulate(v.begin(), v.end(), std::int64_t{1}, std::multiplies<>());
}

/// The archive of a piece of a tensor whose elements are their positions in it.
std::string archive_of(const Piece& p, const std::vector<std::int64_t>& whole) {
  std::string data;
  for (std::int64_t i = 0; i < product(p.sizes); ++i) {
    std::int64_t rest = i, at = 0, step = 1;
    for (std::size_t d = whole.size(); d-- > 0;) {
      at += (p.offsets[d] + rest % p.sizes[d]) * step;
      rest /= p.sizes[d];
      step *= whole[d];
    }
    const auto value = static_cast<float>(at);
    data.append(reinterpret_cast<const char*>(&value), sizeof(value));
  }
  const Dims strides = contiguous_strides(p.sizes);
  return checkpoint_of(pickle(tensor(product(p.sizes), p.sizes, IntArrayRef(strides).vec())), {data});
}

/// A folder with a tensor "w".
struct Folder {
  std::vector<std::int64_t> sizes;
  std::vector<Piece> pieces;
  std::string properties = tuple({global("torch", "float32"), "N", "\x89", "N", "\x89"});
  std::string planner = "N";
  std::vector<std::pair<std::string, std::string>> more_entries{}, more_places{};
  std::string file = "__0_0.distcp", named_file{}, transforms{};
  std::vector<std::string> archives{};
  std::string more_chunks{};

  void write(const TemporaryFolder& folder) const {
    std::string bytes = "some bytes that belong to nobody";
    std::string chunks = "](";
    std::vector<std::pair<std::string, std::string>> places;
    for (std::size_t i = 0; i < pieces.size(); ++i) {
      const std::string archive = i < archives.size() ? archives[i] : archive_of(pieces[i], sizes);
      chunks += object("ChunkStorageMetadata",
                       {{"offsets", size(pieces[i].offsets)}, {"sizes", size(pieces[i].sizes)}});
      places.emplace_back(
          object("MetadataIndex",
                 {{"fqn", text("w")}, {"offset", size(pieces[i].offsets)}, {"index", integer(0)}}),
          info(named_file.empty() ? file : named_file, integer(static_cast<std::int64_t>(bytes.size())),
               integer(static_cast<std::int64_t>(archive.size())), transforms));
      bytes += archive;
    }
    places.insert(places.end(), more_places.begin(), more_places.end());
    std::vector<std::pair<std::string, std::string>> entries{
        {text("w"),
         object("TensorStorageMetadata",
                {{"properties", global("torch.distributed.checkpoint.metadata", "TensorProperties") +
                                    ")\x81" + properties + "b"},
                 {"size", size(sizes)},
                 {"chunks", chunks + more_chunks + "e"}})}};
    entries.insert(entries.end(), more_entries.begin(), more_entries.end());
    static_cast<void>(folder.file(file, bytes));
    static_cast<void>(
        folder.file(".metadata", pickle(object("Metadata", {{"state_dict_metadata", dict(entries)},
                                                            {"planner_data", planner},
                                                            {"storage_data", dict(places)}}))));
  }
  [[nodiscard]] std::string message(const LoadOptions& options = {}) const {
    const TemporaryFolder folder;
    write(folder);
    try {
      const auto c = load_distributed(folder.path(), options);
      const Tensor& w = c.tensors().at(0).value.tensor().tensor;
      if (w.is_meta()) return "read";
      const Tensor w_bytes = tensor_of_bytes(bytes_of(w), kFloat32, {w.numel()});
      for (std::int64_t i = 0; i < w.numel(); ++i) {
        if (w_bytes.data_ptr<float>()[i] != static_cast<float>(i))
          return fmt::format("element {} is wrong", i);
      }
    } catch (const LimitError& e) {
      return std::string("limit: ") + e.what();
    } catch (const Error& e) {
      return e.what();
    }
    return "read";
  }
};

TEST(Distributed, PiecesAreAssembledWhereverTheyAre) {
  // Random cuts of random boxes, each once more.
  std::mt19937 random(5);
  const auto below = [&](std::int64_t n) {
    return static_cast<std::int64_t>(random() % static_cast<std::uint64_t>(n));
  };
  int cases = 0;
  int pieces = 0;
  for (; cases < 60; ++cases) {
    Folder f{};
    const std::int64_t rank = below(4);
    for (std::int64_t d = 0; d < rank; ++d) f.sizes.push_back(1 + below(6));
    f.pieces = {{std::vector<std::int64_t>(f.sizes.size(), 0), f.sizes}};
    for (std::int64_t cuts = rank == 0 ? 0 : below(6); cuts > 0; --cuts) {
      const auto which = static_cast<std::size_t>(below(static_cast<std::int64_t>(f.pieces.size())));
      const auto d = static_cast<std::size_t>(below(rank));
      Piece& p = f.pieces[which];
      if (p.sizes[d] < 2) continue;
      const std::int64_t at = 1 + below(p.sizes[d] - 1);
      Piece right = p;
      right.offsets[d] += at;
      right.sizes[d] -= at;
      p.sizes[d] = at;
      f.pieces.push_back(right);
    }
    std::shuffle(f.pieces.begin(), f.pieces.end(), random);
    pieces += static_cast<int>(f.pieces.size());
    EXPECT_EQ(f.message({.mmap = cases % 2 == 0}), "read");
    EXPECT_EQ(f.message({.map_location = kMeta}), "read");
    if (f.pieces.size() < 2) continue;
    Folder hole = f;
    hole.pieces.pop_back();
    EXPECT_NE(hole.message().find("the pieces cover"), std::string::npos) << hole.message();
  }
  std::cout << "[ cases ] " << cases << " tensors, " << pieces << " pieces\n";
}

TEST(Distributed, PiecesThatDoNotTileAreRefused) {
  const auto message = [](std::vector<std::int64_t> sizes, std::vector<Piece> pieces) {
    return Folder{.sizes = std::move(sizes), .pieces = std::move(pieces)}.message();
  };
  EXPECT_EQ(message({4}, {{{0}, {2}}, {{2}, {2}}}), "read");
  EXPECT_NE(message({4}, {{{0}, {2}}, {{1}, {2}}}).find("overlap"), std::string::npos);
  EXPECT_NE(message({4}, {{{0}, {3}}, {{2}, {2}}}).find("overlap"), std::string::npos);
  EXPECT_NE(message({4}, {{{0}, {2}}, {{3}, {1}}}).find("cover 3 of the 4"), std::string::npos);
  EXPECT_NE(message({4}, {}).find("cover 0 of the 4"), std::string::npos);
  EXPECT_NE(message({2, 2}, {{{0, 0}, {2, 1}}, {{0, 0}, {2, 2}}}).find("two places"), std::string::npos);
  // Listed twice: older versions do so, of what several processes had.
  Folder twice{.sizes = {2}, .pieces = {{{0}, {2}}}};
  twice.more_chunks = object("ChunkStorageMetadata", {{"offsets", size({0})}, {"sizes", size({2})}});
  EXPECT_EQ(twice.message(), "read");
  twice.more_chunks = object("ChunkStorageMetadata", {{"offsets", size({0})}, {"sizes", size({1})}});
  EXPECT_NE(twice.message().find("two pieces at [0], of sizes [2] and [1]"), std::string::npos);
  twice.more_chunks = object("ChunkStorageMetadata", {{"offsets", size({1})}, {"sizes", size({1})}});
  EXPECT_NE(twice.message().find("has no place"), std::string::npos);
  EXPECT_NE(message({4}, {{{2}, {3}}}).find("reaches out"), std::string::npos);
  EXPECT_NE(message({4}, {{{5}, {0}}}).find("reaches out"), std::string::npos);
  EXPECT_NE(message({4}, {{{0, 0}, {4, 1}}}).find("of a tensor of sizes [4]"), std::string::npos);
  EXPECT_EQ(message({0, 3}, {{{0, 0}, {0, 3}}}), "read");
  EXPECT_EQ(message({2}, {{{0}, {2}}, {{2}, {0}}}), "read");  // a process without a share
}

TEST(Distributed, PiecesMustBeWhatTheMetadataSays) {
  const auto message = [](const std::string& archive) {
    return Folder{.sizes = {2}, .pieces = {{{0}, {2}}}, .archives = {archive}}.message();
  };
  EXPECT_EQ(message(archive_of({{0}, {2}}, {2})), "read");
  EXPECT_NE(message(archive_of({{0}, {3}}, {3})).find("float32 of sizes [3] stands there"),
            std::string::npos);
  EXPECT_NE(message(checkpoint_of(pickle(tensor(1, {2}, {0})), {"1234"})).find("fill a block"),
            std::string::npos);
  EXPECT_NE(message(checkpoint_of(pickle("N"))).find("should be a tensor, not None"), std::string::npos);
  EXPECT_NE(message("PK").find("no zip archive"), std::string::npos);
  EXPECT_NE(
      message(checkpoint_of(pickle(global("os", "system") + tuple({text("true")}) + "R"))).find("os.system"),
      std::string::npos);
  const Folder f{.sizes = {2},
                 .pieces = {{{0}, {2}}},
                 .properties = tuple({global("torch", "float64"), "N", "\x89", "N", "\x89"})};
  EXPECT_NE(f.message().find("float64 of sizes [2] should"), std::string::npos);
  const Folder odd{.sizes = {2}, .pieces = {{{0}, {2}}}, .properties = tuple({global("torch", "quint8")})};
  EXPECT_NE(odd.message().find("quint8 are not read"), std::string::npos);
}

TEST(Distributed, HostileMetadataIsRefused) {
  const Folder good{.sizes = {2}, .pieces = {{{0}, {2}}}};
  ASSERT_EQ(good.message(), "read");
  const auto with = [&](auto change) {
    Folder f = good;
    change(f);
    return f.message();
  };
  for (const char* path : {"../__0_0.distcp", "/etc/passwd", "a/../../b", "", "..", "a/.."}) {
    Folder f = good;
    f.named_file = path;
    if (*path == '\0')
      f.file = "x",
      f.more_places = {{object("MetadataIndex", {{"fqn", text("v")}}), info("", integer(0), integer(0))}};
    EXPECT_NE(f.message().find("does not stand in the folder"), std::string::npos)
        << path << ": " << f.message();
  }
  EXPECT_NE(with([](Folder& f) { f.named_file = "absent"; }).find("absent"), std::string::npos);
  EXPECT_NE(with([](Folder& f) { f.transforms = tuple({text("zstd")}); }).find("transformed"),
            std::string::npos);
  EXPECT_NE(with([](Folder& f) {
              f.planner = global("os", "system") + tuple({text("true")}) + "R";
            }).find("os.system"),
            std::string::npos);
  EXPECT_NE(with([](Folder& f) { f.planner = text("x") + "Q"; }).find("persistent"), std::string::npos);
  // Two tensors on the same bytes.
  const std::int64_t begin = 32;
  EXPECT_NE(with([&](Folder& f) {
              f.more_entries = {{text("b"), object("BytesStorageMetadata", {})}};
              f.more_places = {{object("MetadataIndex", {{"fqn", text("b")}}),
                                info(f.file, integer(begin + 1), integer(9))}};
            }).find("belong to two pieces"),
            std::string::npos);
  EXPECT_NE(with([&](Folder& f) {
              f.more_entries = {{text("b"), object("BytesStorageMetadata", {})}};
              f.more_places = {{object("MetadataIndex", {{"fqn", text("b")}}),
                                info(f.file, integer(1 << 20), integer(9))}};
            }).find("the file has"),
            std::string::npos);
  EXPECT_NE(with([&](Folder& f) {
              f.more_entries = {{text("b"), object("BytesStorageMetadata", {})}};
            }).find("'b': it has no place"),
            std::string::npos);
  EXPECT_NE(with([&](Folder& f) {
              f.more_entries = {{text("b"), "N"}};
            }).find("'b': it should be"),
            std::string::npos);
  const std::int64_t large = std::int64_t{1} << 62;
  EXPECT_NE(with([&](Folder& f) { f.sizes = {large, 4}, f.pieces.clear(); }).find("'w'"), std::string::npos);
  EXPECT_NE(with([&](Folder& f) { f.sizes = {large}, f.pieces.clear(); }).find("cover 0"), std::string::npos);
  EXPECT_NE(
      with([&](Folder& f) { f.sizes = std::vector<std::int64_t>(65, 1), f.pieces.clear(); }).find("limit"),
      std::string::npos);
  EXPECT_NE(with([&](Folder& f) { f.sizes = {-1}, f.pieces.clear(); }).find("'w'"), std::string::npos);
}

TEST(Distributed, NamesBecomeKeysAsThePlannerSays) {
  const auto planned = [](const std::string& path) {
    return Folder{.sizes = {2}, .pieces = {{{0}, {2}}}, .planner = dict({{text("w"), path}})}.message();
  };
  EXPECT_EQ(planned(tuple({text("a"), integer(0), text("b")})), "read");
  EXPECT_NE(planned(tuple({text("a"), integer(1 << 30)})).find("position"), std::string::npos);
  EXPECT_NE(planned(tuple({integer(0)})).find("planner_data"), std::string::npos);
  EXPECT_NE(planned(tuple({})).find("planner_data"), std::string::npos);
  EXPECT_NE(planned(tuple({text("a"), "N"})).find("planner_data"), std::string::npos);
  EXPECT_NE(planned(tuple(std::vector<std::string>(300, text("a")))).find("limit"), std::string::npos);

  NestedKeys keys(checkpoint::TreeArena::make(), Kind::kDict, 8);
  keys.set({"a", 1, "x"}, 1);
  keys.set({"a", 0, "x"}, 2);
  keys.set({"b"}, 3);
  EXPECT_THROW(keys.set({"b", "c"}, 4), FormatError);
  EXPECT_THROW(keys.set({"a"}, 4), FormatError);
  EXPECT_THROW(keys.set({"a", "x"}, 4), FormatError);
  EXPECT_THROW(keys.set({"b"}, 4), FormatError);
  EXPECT_THROW(keys.set({"c", 100}, 4), FormatError);
  const Value tree = keys.take();
  EXPECT_EQ(tree.at("a").item(0).at("x").as_int(), 2);
  EXPECT_EQ(tree.at("a").item(1).at("x").as_int(), 1);
  EXPECT_EQ(tree.at("b").as_int(), 3);
}

TEST(Distributed, TilingEqualsMarkingEveryElement) {
  std::mt19937 random(6);
  int good = 0;
  int bad = 0;
  for (int round = 0; round < 4000; ++round) {
    const std::size_t rank = 1 + random() % 3;
    Dims sizes(rank);
    for (auto& s : sizes) s = static_cast<std::int64_t>(1 + random() % 3);
    std::vector<DistributedPiece> pieces;
    std::vector<int> marks(static_cast<std::size_t>(numel_of(sizes)));
    for (std::size_t n = 1 + random() % 4; n > 0; --n) {
      DistributedPiece p{Dims(rank), Dims(rank), {}};
      for (std::size_t d = 0; d < rank; ++d) {
        p.offsets[d] = static_cast<std::int64_t>(random() % static_cast<std::uint64_t>(sizes[d]));
        p.sizes[d] =
            static_cast<std::int64_t>(1 + random() % static_cast<std::uint64_t>(sizes[d] - p.offsets[d]));
      }
      for (std::int64_t i = 0; i < numel_of(p.sizes); ++i) {
        std::int64_t rest = i, at = 0, step = 1;
        for (std::size_t d = rank; d-- > 0;) {
          at += (p.offsets[d] + rest % p.sizes[d]) * step;
          rest /= p.sizes[d];
          step *= sizes[d];
        }
        ++marks[static_cast<std::size_t>(at)];
      }
      pieces.push_back(std::move(p));
    }
    const bool tiles = std::all_of(marks.begin(), marks.end(), [](int m) { return m == 1; });
    (tiles ? good : bad) += 1;
    bool accepted = true;
    try {
      checkpoint::check_tiling(sizes, pieces);
    } catch (const FormatError&) {
      accepted = false;
    }
    EXPECT_EQ(accepted, tiles);
  }
  std::cout << "[ cases ] " << good << " that tile, " << bad << " that do not\n";
  EXPECT_GT(good, 100);
}

TEST(Distributed, LargeGridsAreCheckedAndAbsurdOnesRefused) {
  const auto grid = [](std::int64_t rows, std::int64_t columns) {
    std::vector<DistributedPiece> out;
    for (std::int64_t r = 0; r < rows; ++r) {
      for (std::int64_t c = 0; c < columns; ++c) out.push_back({{r, c}, {1, 1}, {}});
    }
    return out;
  };
  EXPECT_NO_THROW(checkpoint::check_tiling({1, 100000}, grid(1, 100000)));
  EXPECT_NO_THROW(checkpoint::check_tiling({128, 128}, grid(128, 128)));
  EXPECT_THROW(checkpoint::check_tiling({2000, 2000}, grid(2000, 2000)), LimitError);
}

TEST(Distributed, EveryTruncationAndEveryByteChangedIsReadOrRefused) {
  const std::string source = data_path(kFolders + "sharded");
  const TemporaryFolder folder;
  for (const auto& f : std::filesystem::directory_iterator(source))
    std::filesystem::copy_file(f.path(), folder.path() / f.path().filename());
  const std::string bytes = read_file(source + "/.metadata");
  const auto attempt = [&](const std::string& b) {
    static_cast<void>(folder.file(".metadata", b));
    try {
      const auto c = load_distributed(folder.path(), {});
      for (const auto& t : c.tensors()) static_cast<void>(bytes_of(t.value.tensor().tensor));
      return true;
    } catch (const Error&) {
      return false;
    }
  };
  EXPECT_TRUE(attempt(bytes));
  int cases = 0;
  constexpr std::size_t kCutStep = 41;
  constexpr std::size_t kFlipStep = 7;
  for (std::size_t n = 0; n < bytes.size(); n += kCutStep, ++cases) EXPECT_FALSE(attempt(bytes.substr(0, n)));
  for (std::size_t at = 0; at < bytes.size(); at += kFlipStep, ++cases) {
    std::string b = bytes;
    b[at] = static_cast<char>(b[at] ^ (1 << at % 8));
    static_cast<void>(attempt(b));
  }
  std::cout << "[ cases ] " << cases << " changes of .metadata\n";
}

}  // namespace
}  // namespace ballast::testing
