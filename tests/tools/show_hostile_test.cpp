// Malicious and corrupt files under `ballast show`: a refusal in one line, or inert data; nothing run, nothing slow or large.
#include <filesystem>
#include <functional>
#include <iostream>

#include "tests/checkpoint/craft.h"
#include "tests/tools/command.h"
#include <gtest/gtest.h>

#include "ballast/core/sanitizer.h"

namespace ballast::testing {
namespace {

// Sanitizers take their share of both.
constexpr double kSlower = kUnderSanitizer ? 10 : 1;
constexpr double kSeconds = 2 * kSlower, kMebibytes = 512 * kSlower;

/// Runs the command in an empty folder, which must stay empty, as must the one around it.
Outcome in_empty_folder(const std::vector<std::string>& arguments) {
  const std::string outer = scratch_folder(), inner = outer + "/inner";
  std::filesystem::create_directory(inner);
  Outcome outcome = ballast_command(arguments, inner);
  EXPECT_TRUE(std::filesystem::is_empty(inner));
  EXPECT_EQ(std::distance(std::filesystem::directory_iterator(outer), {}), 1) << "pwned.txt?";
  EXPECT_LT(outcome.seconds, kSeconds);
  EXPECT_LT(outcome.peak_mib, kMebibytes);
  return outcome;
}

bool prints_only(const std::string& text) {
  return std::ranges::none_of(text, [](unsigned char c) { return (c < ' ' && c != '\n') || c == 0x7F; });
}

/// "ballast: FILE: [RECORD: ]what is wrong (at byte N)", on one line.
void expect_refusal(const Outcome& outcome, const std::string& file) {
  EXPECT_EQ(outcome.status, 2);
  EXPECT_EQ(outcome.out, "");
  EXPECT_TRUE(outcome.error.starts_with("ballast: " + file + ": ")) << outcome.error;
  EXPECT_EQ(std::ranges::count(outcome.error, '\n'), 1) << outcome.error;
  EXPECT_TRUE(outcome.error.ends_with('\n'));
  EXPECT_TRUE(prints_only(outcome.error)) << outcome.error;
  EXPECT_LT(outcome.error.size(), file.size() + 400);
}

/// Whether the message is about the file as a whole: then it has no place to name.
bool is_about_the_file(const std::string& error) {
  constexpr const char* kWhole[] = {
      "legacy (pre-1.6)", "a bare pickle",    "the file is empty", "not a checkpoint",
      "a web page",       "Git LFS",          "an empty zip",      "not a PyTorch checkpoint",
      "TorchScript",      "no version record"};
  return std::ranges::any_of(kWhole, [&](const char* s) { return error.find(s) != std::string::npos; });
}

TEST(ShowHostile, EveryFileIsRefusedInOneLineOrShownAsData) {
  std::size_t files = 0, refused = 0, with_place = 0;
  for (const Json& e : read_json("hostile/expected.json")) {
    const std::string name = e["file"], path = data_path("hostile/" + name);
    if (!name.ends_with(".pth") && !name.ends_with(".pt") && !name.ends_with(".pkl")) continue;
    SCOPED_TRACE(name + ": " + e["what"].get<std::string>());
    ++files;
    for (const std::vector<std::string>& arguments :
         {std::vector<std::string>{"show", path}, {"show", path, "--json", "--hash"}}) {
      const Outcome outcome = in_empty_folder(arguments);
      if (outcome.status == 0) {
        EXPECT_EQ(e["must"], "refuse_or_load_safely");
        EXPECT_EQ(outcome.error, "");
        EXPECT_TRUE(prints_only(outcome.out));
        EXPECT_LT(outcome.out.size(), 1u << 20);
      } else {
        expect_refusal(outcome, path);
        const bool place = outcome.error.find(" (at byte ") != std::string::npos;
        EXPECT_NE(place, is_about_the_file(outcome.error)) << outcome.error;
        with_place += place;
        ++refused;
      }
    }
  }
  std::cout << "[ cases ] " << files
            << " files of hostile/expected.json, each as text and as JSON with hashes: " << refused
            << " refusals (" << with_place << " say at which byte), " << 2 * files - refused
            << " shown as data\n";
  EXPECT_GT(files, 150u);
}

TEST(ShowHostile, WhatIsWrongIsSaid) {
  const std::pair<const char*, const char*> cases[] = {
      {"exec_reduce_os_system.pth", "archive/data.pkl: the file names os.system, which is not among"},
      {"exec_stack_global.pth", "os.system"},
      {"exec_ext_registry.pth", "extension registry"},
      {"cut_zip_50_percent.pth", "the file was cut short"},
      {"cut_legacy_50_percent.pth", "the pickle ends without STOP"},
      {"legacy_trailing_bytes.pth", "4 bytes follow the last storage"},
      {"tensor_legacy_storage_short.pth", "the storage is said to have 4 elements, and 1000 are named"},
      {"exec_bare_pickle.pkl", "a bare pickle"},
      {"zip_lfs_pointer.pth", "git lfs pull"},
      {"zip_html.pth", "a web page"},
      {"zip_duplicate_pickle.pth", "archive/data.pkl: two members have this name"},
      {"zip_overlapping.pth", "archive/data/1: the member lies over another one"},
      {"zip_wrong_crc_storage.pth",
       "archive/data/0: the member's bytes give the checksum 8ba71454, 12345678 is announced"},
      {"tensor_size_overflow.pth",
       "'w': the number of elements of shape [4294967296, 4294967296] does not fit"},
      {"tensor_two_types_one_storage.pth",
       "the storage '0' has the type IntStorage here, and had FloatStorage before"},
      {"tensor_offset_beyond.pth", "reaches outside its storage of 16 bytes"},
      {"tensor_storage_key_traversal.pth", "'../../pwned.txt' cannot be the key of a storage"},
  };
  for (const auto& [name, says] : cases) {
    const Outcome outcome = in_empty_folder({"show", data_path(std::string("hostile/") + name)});
    EXPECT_NE(outcome.error.find(says), std::string::npos) << name << ": " << outcome.error;
  }
  std::cout << "[ cases ] " << std::size(cases) << " messages\n";
}

TEST(ShowHostile, InertDataIsShownForWhatItIs) {
  const auto shown = [](const char* name) {
    return shown_json({data_path(std::string("hostile/") + name), "--hash"});
  };
  EXPECT_EQ(shown("pickle_self_reference.pth")["data"].dump(), R"([{"cycle":1}])");

  const Json repeated = shown("bomb_stride_zero.pth");
  EXPECT_EQ(repeated["tensors"][0]["numel"], std::uint64_t{1} << 40);
  EXPECT_EQ(repeated["tensors"][0]["sha256"], nullptr) << "2^42 bytes are not hashed";
  EXPECT_EQ(repeated["totals"]["parameters"], std::uint64_t{1} << 40);
  EXPECT_EQ(repeated["totals"]["parameters_unique"], 1u);

  for (const char* deep : {"bomb_deep_list.pth", "bomb_deep_tuple.pth", "bomb_deep_dict.pth"}) {
    EXPECT_NE(shown(deep)["data"].dump().find("omitted"), std::string::npos) << deep;
  }
}

TEST(ShowHostile, NamesAndTextsDoNotReachTheTerminalAsTheyAre) {
  const std::string evil = "\x1b]0;owned\x07\x1b[2Jx\r\n\u202egnp\u0085\u200b\x7f";
  const TemporaryFolder folder;
  const std::string body = "}(" + text(evil) + tensor(1, {1}, {1}) + "q\1" + text("again " + evil) + "h\1" +
                           text("note") + text(evil) + text("k" + evil) + "K\1" + text("bytes") +
                           global("_codecs", "encode") + text(evil.substr(0, 8)) + text("latin1") + "\x86Ru";
  const std::string path =
      folder.file(evil.substr(1, 5) + "\x1b[31m\n.pth", checkpoint_of(pickle(body), {"1234"})).string();
  for (const std::vector<std::string>& options : {std::vector<std::string>{},
                                                  {"--hash"},
                                                  {"--depth", "0"},
                                                  {"--depth", "1"},
                                                  {"--filter", "*" + evil.substr(0, 3) + "*"}}) {
    std::vector<std::string> arguments = {"show", path};
    arguments.insert(arguments.end(), options.begin(), options.end());
    const Outcome outcome = in_empty_folder(arguments);
    EXPECT_EQ(outcome.status, 0) << outcome.error;
    EXPECT_TRUE(prints_only(outcome.out)) << outcome.out;
    for (const char* raw : {"\u202e", "\u0085", "\u200b"})
      EXPECT_EQ(outcome.out.find(raw), std::string::npos) << raw;
  }
  const Json json = shown_json({path});
  EXPECT_EQ(json["file"], path);
  EXPECT_EQ(json["tensors"][0]["name"], evil);
  EXPECT_EQ(json["data"]["note"], evil);
  const Outcome raw = ballast_command({"show", path, "--json"});
  EXPECT_TRUE(prints_only(raw.out)) << raw.out;
}

TEST(ShowHostile, NamesInRefusalsAreFitForATerminal) {
  const TemporaryFolder folder;
  const std::string evil = "os\x1b[31m",
                    file = folder.file("x\x1b[2J\n.pth", checkpoint_of(pickle(global(evil, "sys\x07tem"))))
                               .string();
  const Outcome outcome = in_empty_folder({"show", file});
  EXPECT_EQ(outcome.status, 2);
  EXPECT_EQ(std::ranges::count(outcome.error, '\n'), 1);
  EXPECT_TRUE(prints_only(outcome.error)) << outcome.error;
  EXPECT_NE(outcome.error.find("x\\x1b[2J\\n.pth"), std::string::npos) << outcome.error;
}

TEST(ShowHostile, BytesThatAreNoUtf8InAFileNameKeepTheJsonValid) {
  const TemporaryFolder folder;
  const std::string file = folder.file("caf\xe9.pth", checkpoint_of(pickle("N"))).string();
  const Outcome outcome = in_empty_folder({"show", file, "--json"});
  EXPECT_EQ(outcome.status, 0) << outcome.error;
  EXPECT_NE(outcome.out.find("caf\\udce9.pth\""), std::string::npos) << outcome.out;
}

TEST(ShowHostile, ManyTensorsInManyPlacesAreBounded) {
  // A list of 64 tensors, in 64 lists, in 64 lists, in 64 lists: 2^24 places.
  std::string body = std::string("](") + tensor(1, {1}, {1}) + "q\1";
  for (int i = 0; i < 63; ++i) body += "h\1";
  body += "eq\2";
  for (char level = 2; level < 5; ++level) {
    body += "](";
    for (int i = 0; i < 64; ++i) body += std::string("h") + level;
    body += std::string("eq") + static_cast<char>(level + 1);
  }
  // Only the last list may stay on the stack.
  const std::string kept = std::string("q\7") + "0000h\7";
  const TemporaryFolder folder;
  const std::string file = folder.file("many.pth", checkpoint_of(pickle(body + kept), {"1234"})).string();
  const Outcome outcome = in_empty_folder({"show", file});
  EXPECT_EQ(outcome.status, 0) << outcome.error;
  EXPECT_NE(outcome.out.find("not all are listed"), std::string::npos);
}

}  // namespace
}  // namespace ballast::testing
