// Files larger than memory are shown by what is read of them: the directory, the pickle, the ends of the members.
#include <fstream>

#include "tests/checkpoint/craft.h"
#include "tests/tools/command.h"
#include <gtest/gtest.h>

#include "ballast/core/sanitizer.h"

namespace ballast::testing {
namespace {

/// A checkpoint of `storages` tensors of `bytes` zeros each, which are holes: they take no room on the disk. The members say
/// that no checksum was computed.
std::string file_of_holes(const TemporaryFolder& folder, std::int64_t storages, std::int64_t bytes) {
  std::string tree = "}(";
  for (std::int64_t i = 0; i < storages; ++i) {
    const std::string key = std::to_string(i);
    std::string t = tensor(bytes / 4, {bytes / 4}, {1});
    t.replace(t.find(text("0")), text("0").size(), text(key));
    tree += text("layer." + key) + t;
  }
  const std::string small = checkpoint_of(pickle(tree + "u"));
  // The archive without storages, whose directory moves behind the storages that are put in.
  const std::size_t end = small.rfind("PK\5\6"), directory_begin = small.find("PK\1\2");
  std::string directory = small.substr(directory_begin, end - directory_begin);

  std::string path = (folder.path() / (std::to_string(bytes) + ".pth")).string();
  std::ofstream out(path, std::ios::binary);
  out << small.substr(0, directory_begin);
  std::int64_t count = 3;
  for (std::int64_t i = 0; i < storages; ++i, ++count) {
    const auto header = static_cast<std::uint64_t>(out.tellp());
    const std::string name = "archive/data/" + std::to_string(i);
    const std::string fill((64 - (header + 34 + name.size()) % 64) % 64, 'Z'),
        size = little(static_cast<std::uint64_t>(bytes), 4);
    const std::string middle = little(0, 12) + size + size + little(name.size(), 2);
    out << "PK\3\4" << little(0, 2) << middle << little(4 + fill.size(), 2) << name << "FB"
        << little(fill.size(), 2) << fill;
    out.seekp(bytes, std::ios::cur);
    directory += "PK\1\2" + little(0, 4) + middle + little(0, 12) + little(header, 4) + name;
  }
  const auto begin = static_cast<std::uint64_t>(out.tellp());
  const std::string n = little(static_cast<std::uint64_t>(count), 2);
  out << directory << "PK\5\6" << little(0, 4) << n << n << little(directory.size(), 4) << little(begin, 4)
      << little(0, 2);
  EXPECT_TRUE(out.good());
  return path;
}

TEST(ShowLarge, AGibibyteCostsWhatAMebibyteCosts) {
  const TemporaryFolder folder;
  const std::string small = file_of_holes(folder, 16, 64 << 10), large = file_of_holes(folder, 16, 64 << 20);
  for (const char* option : {"--sort=size", "--json"}) {
    const Outcome s = ballast_command({"show", small, option}), l = ballast_command({"show", large, option});
    ASSERT_EQ(s.status, 0) << s.error;
    ASSERT_EQ(l.status, 0) << l.error;
    EXPECT_LT(l.peak_mib, s.peak_mib + 2) << option;
    EXPECT_LT(l.seconds, kUnderSanitizer ? 20 : 2) << option;
  }
  const Json json = shown_json({large});
  EXPECT_EQ(json["totals"]["bytes"], std::uint64_t{1} << 30);
}

TEST(ShowLarge, DamageInALargeStorageIsFoundWhenItIsHashed) {
  const TemporaryFolder folder;
  const std::string bytes(9 << 20, 'x');
  const std::string file =
      folder
          .file("a.pth",
                crafted_zip({{"a/data.pkl", pickle("}" + text("w") + tensor(9 << 18, {9 << 18}, {1}) + "s")},
                             {.name = "a/data/0", .bytes = bytes, .crc = 5},
                             {"a/version", "3\n"}}))
          .string();
  EXPECT_EQ(ballast_command({"show", file}).status, 0);
  EXPECT_EQ(ballast_command({"show", file, "--hash", "--filter", "nothing"}).status, 0);
  const Outcome outcome = ballast_command({"show", file, "--hash"});
  EXPECT_EQ(outcome.status, 2);
  EXPECT_NE(outcome.error.find("a/data/0: the member's bytes give the checksum"), std::string::npos)
      << outcome.error;
}

TEST(ShowLarge, HashesAreMadePieceByPiece) {
  const TemporaryFolder folder;
  const Json json = shown_json({file_of_holes(folder, 1, 1 << 20), "--hash"});
  EXPECT_EQ(json["tensors"][0]["sha256"], sha256_of(std::string(1 << 20, '\0')));
}

}  // namespace
}  // namespace ballast::testing
