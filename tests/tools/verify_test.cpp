// `ballast verify`: every attack named, every damage found, and nothing said of good files.
#include "ballast/checkpoint/verify.h"

#include <filesystem>
#include <fstream>
#include <iostream>
#include <map>

#include "tests/checkpoint/craft.h"
#include "tests/tools/command.h"
#include "tests/tools/golden_checkpoints.h"
#include <gtest/gtest.h>

#include "ballast/checkpoint/archives/zip_reader.h"

namespace ballast::testing {
namespace {

namespace fs = std::filesystem;

bool prints_only(const std::string& text) {
  return std::ranges::none_of(text, [](unsigned char c) { return (c < ' ' && c != '\n') || c == 0x7F; });
}

/// Of `ballast verify --json FILE`.
Json verified(const std::string& path, int* status = nullptr) {
  const Outcome outcome = ballast_command({"verify", path, "--json"});
  if (status != nullptr) *status = outcome.status;
  Json json = Json::parse(outcome.out, nullptr, false);
  if (json.is_discarded()) {
    ADD_FAILURE() << outcome.out << outcome.error;
    return {};
  }
  return json["files"][0];
}

/// What the pickle at the bottom of each verified exploit runs.
const std::map<std::string, std::string>& runs() {
  static const std::map<std::string, std::string> all = {{"exec_reduce_posix_system.pth", "posix.system"},
                                                         {"exec_newobj_popen.pth", "subprocess.Popen"},
                                                         {"exec_eval.pth", "builtins.eval"},
                                                         {"exec_exec_py2_name.pth", "__builtin__.exec"},
                                                         {"exec_open_write.pth", "builtins.open"},
                                                         {"exec_import_then_eval.pth", "builtins.eval"},
                                                         {"exec_runpy.pth", "runpy._run_code"}};
  return all;
}

TEST(Verify, NamesEveryExploitAndFindsEveryBadFile) {
  std::size_t files = 0, exploits = 0;
  std::map<int, std::size_t> by_status;
  for (const Json& e : read_json("hostile/expected.json")) {
    const std::string name = e["file"], path = data_path("hostile/" + name);
    if (!fs::exists(path)) continue;
    SCOPED_TRACE(name + ": " + e["what"].get<std::string>());
    const Outcome outcome = ballast_command({"verify", path});
    ++files;
    ++by_status[outcome.status];
    EXPECT_TRUE(prints_only(outcome.out + outcome.error)) << outcome.out << outcome.error;
    const bool found = outcome.status == 1 || outcome.status == 2;
    EXPECT_TRUE(found || (e["must"] != "refuse" && outcome.status == 0)) << outcome.out;
    EXPECT_EQ(outcome.status == 2, !outcome.error.empty()) << outcome.error;
    if (!e.value("exploit_verified", false)) continue;
    ++exploits;
    EXPECT_EQ(outcome.status, 1);
    const auto it = runs().find(name);
    const std::string run = it == runs().end() ? "os.system" : it->second;
    bool named = false;
    const Json report = verified(path);
    for (const Json& f : report["findings"])
      named = named || (f["severity"] == "danger" && f["what"] == run && f["byte"].is_number());
    EXPECT_TRUE(named) << run << " is not in:\n" << outcome.out;
  }
  std::cout << "[ cases ] " << files << " files of hostile/expected.json: " << by_status[0] << " clean, "
            << by_status[1] << " with findings, " << by_status[2] << " unreadable; " << exploits
            << " exploits named\n";
  EXPECT_EQ(exploits, 27u);
  EXPECT_GT(files, 160u);
}

TEST(Verify, HasNothingButNotesAgainstGoodFiles) {
  std::size_t files = 0, notes = 0;
  for (const GoldenCheckpoint& c : golden_checkpoints()) {
    if (!c.content) continue;
    SCOPED_TRACE(c.name);
    int status = -1;
    const Json json = verified(c.path, &status);
    EXPECT_EQ(status, 0) << json.dump(2);
    EXPECT_EQ(json["status"], 0);
    for (const Json& f : json["findings"]) {
      EXPECT_EQ(f["severity"], "note") << f.dump();
      ++notes;
    }
    ++files;
  }
  std::cout << "[ cases ] " << files << " good files, " << notes << " notes\n";
  EXPECT_GT(files, 60u);
}

TEST(Verify, ClassesAreNotesAndCountUnderStrict) {
  const std::string path = data_path("checkpoints/zip/whole_custom_class.pth");
  EXPECT_EQ(ballast_command({"verify", path}).status, 0);
  EXPECT_EQ(ballast_command({"verify", path, "--strict"}).status, 1);
  const Outcome outcome = ballast_command({"verify", path});
  EXPECT_NE(outcome.out.find(
                "note: archive/data.pkl: byte 2: fixture_net.Net: an unpickler would import the class"),
            std::string::npos)
      << outcome.out;
}

TEST(Verify, ABitFlippedInAnyMemberIsFound) {
  const std::string path = data_path("checkpoints/zip/mlp.pth"), good = read_file(path);
  const TemporaryFolder folder;
  std::size_t cases = 0;
  const checkpoint::ZipReader zip(checkpoint::InputFile::open(path), {});
  for (const checkpoint::ZipEntry& e : zip.entries()) {
    for (std::uint64_t at = e.data; at < e.data + e.stored_size; ++at) {
      std::string bent = good;
      bent[at] = static_cast<char>(bent[at] ^ 0x10);
      const auto report = checkpoint::verify(folder.file("bent.pth", bent));
      EXPECT_TRUE(report.has(checkpoint::Severity::kDamage)) << e.name << " byte " << at;
      ++cases;
    }
  }
  std::cout << "[ cases ] " << cases << " flipped bits\n";
  EXPECT_GT(cases, 500u);
}

TEST(Verify, EveryCutIsFound) {
  const std::string good = read_file(data_path("checkpoints/zip/mlp.pth"));
  const TemporaryFolder folder;
  for (std::size_t n = 0; n < good.size(); n += 3) {
    const auto report = checkpoint::verify(folder.file("cut.pth", good.substr(0, n)));
    EXPECT_FALSE(report.clean()) << n;
  }
  std::cout << "[ cases ] " << good.size() / 3 << " cuts\n";
}

TEST(Verify, LooksIntoArraysOfObjectsPackedMembersAndArchivesInside) {
  const TemporaryFolder folder;
  const std::string attack = pickle(global("os", "system") + tuple({text("true")}) + "R");
  std::string header = "{'descr': '|O', 'fortran_order': False, 'shape': (1,), }\n";
  const std::string array =
      "\x93NUMPY\x01" + std::string(1, '\0') + little(header.size(), 2) + header + attack;
  const struct {
    const char* what;
    std::string bytes;
    const char* member;
  } cases[] = {
      {"an array of objects", array, ""},
      {"an archive of them", crafted_zip({{"a.npy", array}}), "a.npy: "},
      {"a packed member",
       crafted_zip({{.name = "archive/data.pkl",
                     .bytes = deflated(attack),
                     .method = 8,
                     .size = static_cast<std::int64_t>(attack.size()),
                     .crc = crc_of(attack)}}),
       "archive/data.pkl: "},
      {"an archive inside another", crafted_zip({{"m/data/inputs/model.pt", checkpoint_of(attack)}}),
       "m/data/inputs/model.pt: archive/data.pkl: "},
      {"a pickle that is not the one that is read",
       crafted_zip(
           {{"archive/data.pkl", pickle("N")}, {"archive/version", "3\n"}, {"archive/extra.pkl", attack}}),
       "archive/extra.pkl: "},
  };
  for (const auto& c : cases) {
    const Outcome outcome = ballast_command({"verify", folder.file("file", c.bytes).string()});
    EXPECT_EQ(outcome.status, 1) << c.what << outcome.out;
    EXPECT_NE(outcome.out.find("danger: " + std::string(c.member) + "byte "), std::string::npos)
        << c.what << outcome.out;
    EXPECT_NE(outcome.out.find("os.system"), std::string::npos) << c.what << outcome.out;
  }
  std::cout << "[ cases ] " << std::size(cases) << " hiding places\n";
}

TEST(Verify, FilesOfAFolderAreScanned) {
  const TemporaryFolder folder;
  static_cast<void>(folder.file("good.pth", read_file(data_path("checkpoints/zip/mlp.pth"))));
  static_cast<void>(folder.file(".metadata", pickle(global("os", "system") + tuple({text("true")}) + "R")));
  const Outcome outcome = ballast_command({"verify", folder.path().string()});
  EXPECT_EQ(outcome.status, 1);
  EXPECT_NE(outcome.out.find("danger: .metadata: byte 2: os.system"), std::string::npos) << outcome.out;
}

TEST(Verify, NamesFromTheFileCannotWriteOnTheTerminal) {
  const TemporaryFolder folder;
  const auto path =
      folder.file("evil\x1b[2J.pth", checkpoint_of(pickle(global("os", "sys\x1b[2Jtem\xe2\x80\xae") + ")R")))
          .string();
  const Outcome outcome = ballast_command({"verify", path});
  EXPECT_EQ(outcome.status, 1);
  EXPECT_TRUE(prints_only(outcome.out)) << outcome.out;
  EXPECT_NE(outcome.out.find("os.sys\\x1b[2Jtem\\u202e"), std::string::npos) << outcome.out;
  EXPECT_EQ(verified(path)["findings"][0]["what"], "os.sys\x1b[2Jtem\xe2\x80\xae");
}

TEST(Verify, StatusSaysTheWorstOfSeveralFiles) {
  const std::string good = data_path("checkpoints/zip/mlp.pth"),
                    bad = data_path("hostile/zip_wrong_crc_storage.pth");
  EXPECT_EQ(ballast_command({"verify", good}).status, 0);
  EXPECT_EQ(ballast_command({"verify", good, bad}).status, 1);
  const Outcome three = ballast_command({"verify", bad, "/nonexistent", good});
  EXPECT_EQ(three.status, 2);
  EXPECT_EQ(three.error, "ballast: /nonexistent: cannot open it: No such file or directory\n");
  EXPECT_NE(three.out.find("mlp.pth: ok: torch-zip, 4 tensors"), std::string::npos) << three.out;
  EXPECT_EQ(ballast_command({"verify", good, bad, "--quiet"}).out, "");
  EXPECT_EQ(ballast_command({"verify", good, bad, "--quiet"}).status, 1);
  EXPECT_EQ(ballast_command({"verify"}).status, 2);
}

TEST(Verify, TakesLinearTimeOnManyNames) {
  const TemporaryFolder folder;
  std::string body;
  constexpr int kNames = 200'000;
  for (int i = 0; i < kNames; ++i) body += global("os", "f" + std::to_string(i));
  const Outcome outcome =
      ballast_command({"verify", folder.file("many.pth", checkpoint_of(pickle(body))).string()});
  EXPECT_EQ(outcome.status, 1);
  EXPECT_NE(outcome.out.find("more findings"), std::string::npos);
  EXPECT_LT(std::ranges::count(outcome.out, '\n'), 1100);
}

TEST(Verify, TellsHowFarItIsAndCanBeEnded) {
  std::uint64_t last = 0, whole = 0;
  const std::string path = data_path("checkpoints/zip/training.pth");
  const auto report = checkpoint::verify(path, {.progress = [&](std::uint64_t done, std::uint64_t total) {
                                           EXPECT_GE(done, last);
                                           EXPECT_LE(done, total);
                                           last = done, whole = total;
                                         }});
  EXPECT_TRUE(report.clean());
  EXPECT_EQ(last, whole);
  EXPECT_GT(whole, 0u);
  struct Ended {};
  EXPECT_THROW((void)checkpoint::verify(path, {.progress = [](auto, auto) { throw Ended(); }}), Ended);
}

}  // namespace
}  // namespace ballast::testing
