// `ballast report`: what it writes, where, and what it refuses. How the page behaves is tested in tests/report.
#include <filesystem>
#include <fstream>
#include <iostream>

#include "tests/checkpoint/craft.h"
#include "tests/tools/command.h"
#include "tests/tools/golden_checkpoints.h"
#include "tools/ballast/files/sha256.h"
#include <gtest/gtest.h>

#include "ballast/checkpoint/save.h"

namespace ballast::testing {
namespace {

namespace fs = std::filesystem;

Json data_of(const std::string& page) {
  const std::string before = R"(id="data">)";
  const std::size_t begin = page.find(before);
  if (begin == std::string::npos) return {};
  const std::size_t from = begin + before.size();
  return Json::parse(page.substr(from, page.find("</script>", from) - from), nullptr, false);
}

TEST(ReportCommand, WritesAPageAndSaysSo) {
  const TemporaryFolder folder;
  const std::string page = (folder.path() / "page.html").string();
  const Outcome outcome = ballast_command({"report", data_path("checkpoints/zip/mlp.pth"), "-o", page});
  EXPECT_EQ(outcome.status, 0) << outcome.error;
  EXPECT_EQ(outcome.error, "");
  EXPECT_TRUE(outcome.out.starts_with(page + ": ")) << outcome.out;
  const Json data = data_of(read_file(page));
  EXPECT_EQ(data["title"], "mlp.pth");
  EXPECT_EQ(data["tensors"]["name"].size(), 4u);
  EXPECT_EQ(ballast_command({"report", data_path("checkpoints/zip/mlp.pth"), "-o", page, "--quiet"}).out, "");
}

TEST(ReportCommand, HashesEveryFileThatTheCheckpointIsReadFrom) {
  const TemporaryFolder folder;
  // Python: hashlib.sha256(b"abc" * 100000).hexdigest()
  std::string bytes;
  for (int i = 0; i < 100'000; ++i) bytes += "abc";
  EXPECT_EQ(tool::file_sha256(folder.file("abc", bytes)),
            "a77aedfe2e4a7232ea628a71745a966224c4521d93134b993cde5b65ea2f6e3c");
  EXPECT_EQ(tool::file_sha256(folder.file("empty", "")),
            "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
  const std::string folder_of_shards = data_path("checkpoints/safetensors/sharded/");
  const Outcome outcome =
      ballast_command({"report", folder_of_shards + "model.safetensors.index.json", "-o", "-"});
  EXPECT_EQ(outcome.status, 0) << outcome.error;
  const Json data = data_of(outcome.out);
  const Json& hashes = data["file"]["hashes"];
  ASSERT_EQ(hashes.size(), 4u);
  for (const Json& hash : hashes) {
    EXPECT_EQ(hash["sha256"], tool::file_sha256(hash["file"].get<std::string>()));
    EXPECT_EQ(hash["bytes"], fs::file_size(hash["file"].get<std::string>()));
  }
}

TEST(ReportCommand, AFolderIsNamedByItsOwnNameAndHashedByItsFiles) {
  const std::string folder = data_path("checkpoints/distributed/sharded");
  for (const auto& [file, where] : {std::pair(folder, std::string()), {folder + "/", ""}, {".", folder}}) {
    const Outcome outcome = ballast_command({"report", file, "-o", "-"}, where);
    EXPECT_EQ(outcome.status, 0) << outcome.error;
    const Json data = data_of(outcome.out);
    EXPECT_EQ(data["title"], "sharded");
    EXPECT_EQ(data["file"]["hashes"].size(), 5u) << data["file"]["hashes"];
  }
}

TEST(ReportCommand, TwoFilesTitleAndFilter) {
  const std::string file = data_path("checkpoints/zip/mlp.pth");
  const Outcome outcome =
      ballast_command({"report", file, file, "-o", "-", "--title", "<twice>", "--filter", "*.bias"});
  EXPECT_EQ(outcome.status, 0) << outcome.error;
  const Json data = data_of(outcome.out);
  EXPECT_EQ(data["title"], "<twice>");
  EXPECT_EQ(data["filter"], "*.bias");
  EXPECT_EQ(data["file"]["tensors"], 2);
  EXPECT_EQ(data["file"]["tensors_in_file"], 4);
  EXPECT_EQ(data["changes"]["compared"], 2);
  EXPECT_EQ(data["changes"]["equal"], 2);
  EXPECT_EQ(data["other"]["hashes"][0]["sha256"], data["file"]["hashes"][0]["sha256"]);
}

TEST(ReportCommand, LeavesWhatItShowsAlone) {
  const TemporaryFolder folder;
  const std::string bytes = read_file(data_path("checkpoints/zip/mlp.pth"));
  const std::string file = folder.file("model.pth", bytes).string();
  fs::create_symlink(file, folder.path() / "link.html");
  for (const std::string& out : {file, (folder.path() / "link.html").string()}) {
    for (const auto& arguments : {std::vector<std::string>{"report", file, "-o", out},
                                  {"report", data_path("checkpoints/zip/mlp.pth"), file, "-o", out}}) {
      const Outcome outcome = ballast_command(arguments);
      EXPECT_EQ(outcome.status, 2);
      EXPECT_NE(outcome.error.find("is a file that is to be shown"), std::string::npos) << outcome.error;
      EXPECT_EQ(read_file(file), bytes);
    }
  }
  // A shard that was not named is one too.
  fs::copy(data_path("checkpoints/safetensors/sharded"), folder.path() / "sharded");
  const std::string shard = (folder.path() / "sharded/model-00002-of-00003.safetensors").string();
  const std::string before = read_file(shard);
  EXPECT_EQ(ballast_command({"report", (folder.path() / "sharded").string(), "-o", shard}).status, 2);
  EXPECT_EQ(read_file(shard), before);
}

TEST(ReportCommand, RefusesInOneLineAndWritesNothing) {
  const TemporaryFolder folder;
  const std::string page = (folder.path() / "page.html").string(),
                    good = data_path("checkpoints/zip/mlp.pth");
  const struct {
    std::vector<std::string> arguments;
    const char* part;
  } cases[] = {
      {{"report", good}, "-o is missing: ballast report "},
      {{"report", "-o", page}, "FILE"},
      {{"report", "/nonexistent", "-o", page}, "/nonexistent: cannot open it: No such file or directory"},
      {{"report", good, "/nonexistent", "-o", page}, "/nonexistent: cannot open it"},
      {{"report", data_path("hostile/exec_reduce_os_system.pth"), "-o", page}, "os.system"},
      {{"report", good, "-o", page, "--filter", "*.wait"}, "matches *.wait"},
      {{"report", good, "-o", folder.path().string()}, "this is a folder; -o should be a file"},
      {{"report", good, "-o", (folder.path() / "none/page.html").string()}, "none/page.html"},
  };
  for (const auto& c : cases) {
    const Outcome outcome = ballast_command(c.arguments);
    EXPECT_EQ(outcome.status, 2) << c.part;
    EXPECT_EQ(outcome.out, "");
    EXPECT_EQ(std::ranges::count(outcome.error, '\n'), 1) << outcome.error;
    EXPECT_NE(outcome.error.find(c.part), std::string::npos) << outcome.error;
    EXPECT_FALSE(fs::exists(page));
  }
}

TEST(ReportCommand, MakesAPageOfEveryCheckpoint) {
  std::size_t files = 0;
  for (const GoldenCheckpoint& c : golden_checkpoints()) {
    if (!c.content) continue;
    SCOPED_TRACE(c.name);
    const Outcome outcome = ballast_command({"report", c.path, "-o", "-"});
    EXPECT_EQ(outcome.status, 0) << outcome.error;
    const Json data = data_of(outcome.out);
    ASSERT_TRUE(data.is_object());
    EXPECT_LT(outcome.out.size(), 5u << 20);
    ++files;
  }
  std::cout << "[ cases ] " << files << " files\n";
  EXPECT_GT(files, 60u);
}

TEST(ReportCommand, StaysSmallOnAFileLargerThanItMayBecome) {
  // Elements that were never written: the file takes no room on the disk.
  const TemporaryFolder folder;
  std::string header = R"({"a":{"dtype":"F32","shape":[8192,16384],"data_offsets":[0,536870912]}})";
  header.append(64 - (8 + header.size()) % 64, ' ');
  const auto file = folder.file("large.safetensors", little(header.size(), 8) + header);
  fs::resize_file(file, 8 + header.size() + (std::uint64_t{1} << 29));
  const Outcome outcome = ballast_command({"report", file.string(), "-o", "-"});
  EXPECT_EQ(outcome.status, 0) << outcome.error;
  EXPECT_EQ(data_of(outcome.out)["figures"][0][6], 8192 * 16384);
#if !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)
  EXPECT_LT(outcome.peak_mib, 192);
#endif
  std::cout << "[ memory ] " << outcome.peak_mib << " MiB for a tensor of 512 MiB\n";
}

}  // namespace
}  // namespace ballast::testing
