#include <iostream>

#include "tests/checkpoint/craft.h"
#include "tests/support/golden.h"
#include <gtest/gtest.h>

#include "ballast/checkpoint/archives/zip_reader.h"
#include "ballast/checkpoint/archives/zip_writer.h"
#include "ballast/checkpoint/bytes/atomic_file.h"

namespace ballast::testing {
namespace {

using checkpoint::AtomicFile;
using checkpoint::InputFile;
using checkpoint::LoadLimits;
using checkpoint::ZipReader;
using checkpoint::ZipWriter;

std::string refusal(const TemporaryFolder& folder, const std::string& bytes, const LoadLimits& limits = {}) {
  try {
    ZipReader zip(InputFile::open(folder.file("a.zip", bytes)), limits);
    for (const auto& e : zip.entries()) static_cast<void>(zip.read(e));
  } catch (const FormatError& e) {
    return e.what();
  } catch (const LimitError& e) {
    return e.what();
  }
  return "read";
}

TEST(Zip, MembersAreReadStoredAndDeflated) {
  const TemporaryFolder folder;
  const std::string text(1000, 'a');
  ZipReader zip(
      InputFile::open(folder.file(
          "a.zip",
          crafted_zip(
              {{"x/a", "hello"},
               {.name = "x/b", .bytes = deflated(text), .method = 8, .size = 1000, .crc = crc_of(text)},
               {.name = "x/c", .bytes = "", .aligned = false}},
              "a comment"))),
      {});
  ASSERT_EQ(zip.entries().size(), 3u);
  EXPECT_EQ(zip.read(*zip.find("x/a")), "hello");
  EXPECT_EQ(zip.read(*zip.find("x/b")), text);
  EXPECT_EQ(zip.read(*zip.find("x/c")), "");
  EXPECT_EQ(zip.find("x/d"), nullptr);
  EXPECT_EQ(zip.find("x/a")->data % 64, 0u);
}

TEST(Zip, DataDescriptorsOfEveryFormAreRead) {
  const std::string crc = little(crc_of("hello"), 4);
  const std::string forms[] = {
      "PK\7\10" + crc + little(5, 4) + little(5, 4), crc + little(5, 4) + little(5, 4),
      "PK\7\10" + crc + little(5, 8) + little(5, 8), crc + little(5, 8) + little(5, 8)};
  const TemporaryFolder folder;
  for (const std::string& form : forms) {
    EXPECT_EQ(refusal(folder, crafted_zip({{.name = "x/a", .bytes = "hello", .flags = 8, .behind = form},
                                           {"x/b", "y"}})),
              "read");
  }
}

TEST(Zip, WhatCanBeReadInTwoWaysIsRefused) {
  struct Case {
    std::string what;
    std::string bytes;
    std::string says;
  };
  const std::string wrong = "PK\7\10" + little(1, 4) + little(5, 4) + little(5, 4);
  const std::string good = crafted_zip({{"x/a", "hello"}, {"x/b", "world"}});
  const Case cases[] = {
      {"a name twice", crafted_zip({{"x/a", "1"}, {"x/a", "2"}}), "two members have this name"},
      {"a member behind which there are bytes",
       crafted_zip({{.name = "x/a", .bytes = "1", .behind = "hidden"}, {"x/b", ""}}), "belong to nothing"},
      {"bytes before the directory", crafted_zip({{.name = "x/a", .bytes = "1", .behind = "hidden"}}),
       "belong to nothing"},
      {"bytes before the archive", "#!/bin/sh\n" + good, "it ends at"},
      {"bytes after the archive", good + "junk", "without an end-of-directory"},
      {"another name in the local header", crafted_zip({{.name = "x/a", .bytes = "1", .local_name = "x/z"}}),
       "name"},
      {"a descriptor that disagrees",
       crafted_zip({{.name = "x/a", .bytes = "hello", .flags = 8, .behind = wrong}}), "descriptor"},
      {"no descriptor", crafted_zip({{.name = "x/a", .bytes = "hello", .flags = 8}}), "descriptor"},
      {"an encrypted member", crafted_zip({{.name = "x/a", .bytes = "1", .flags = 1}}), "encrypted"},
      {"a strange method", crafted_zip({{.name = "x/a", .bytes = "1", .method = 12}}), "method 12"},
      {"a link", crafted_zip({{.name = "x/a", .bytes = "/etc/passwd", .attributes = 0xA1FF0000}}),
       "symbolic link"},
      {"a folder with data", crafted_zip({{.name = "x/a", .bytes = "1", .attributes = 0x10}}),
       "marked as a folder"},
      {"a folder by name with data", crafted_zip({{"x/a/", "1"}}), "marked as a folder"},
      {"an absolute name", crafted_zip({{"/etc/passwd", "1"}}), "absolute"},
      {"a name that climbs", crafted_zip({{"x/../../y", "1"}}), "\"..\""},
      {"a name with a backslash", crafted_zip({{"x\\y", "1"}}), "backslash"},
      {"a name with NUL", crafted_zip({{std::string("x\0y", 3), "1"}}), "NUL"},
      {"no name", crafted_zip({{"", "1"}}), "empty"},
      {"a wrong checksum", crafted_zip({{.name = "x/a", .bytes = "1", .crc = 7}}), "checksum"},
      {"deflate that is none", crafted_zip({{.name = "x/a", .bytes = "junk", .method = 8, .size = 4}}),
       "no deflate stream"},
      {"deflate with more behind it",
       crafted_zip({{.name = "x/a",
                     .bytes = deflated("hello") + "more",
                     .method = 8,
                     .size = 5,
                     .crc = crc_of("hello")}}),
       "follow"},
      {"deflate that is shorter than announced",
       crafted_zip(
           {{.name = "x/a", .bytes = deflated("hello"), .method = 8, .size = 6, .crc = crc_of("hello")}}),
       "6"},
      {"a size that deflate cannot reach",
       crafted_zip({{.name = "x/a", .bytes = deflated("hello"), .method = 8, .size = 1 << 30, .crc = 1}}),
       "cannot unpack"},
      {"a second end record in the comment", crafted_zip({{"x/a", "1"}}, "PK\5\6" + std::string(18, '\0')),
       "second end"},
  };
  const TemporaryFolder folder;
  for (const Case& c : cases) {
    const std::string message = refusal(folder, c.bytes);
    EXPECT_NE(message.find(c.says), std::string::npos) << c.what << ": " << message;
  }
  std::cout << "[ cases ] " << std::size(cases) << " archives\n";
}

TEST(Zip, SeveralDisksAreRefusedWhereverTheyAreNamed) {
  const std::string good = read_file(data_path("checkpoints/zip/zip64.pth"));
  const std::size_t locator = good.rfind("PK\6\7"), end64 = good.rfind("PK\6\6"), end = good.rfind("PK\5\6");
  ASSERT_NE(locator, std::string::npos);
  const TemporaryFolder folder;
  ASSERT_EQ(refusal(folder, good), "read");
  for (const std::size_t at : {locator + 4, locator + 16, end64 + 16, end64 + 20, end + 4, end + 6}) {
    std::string bad = good;
    bad[at] = at == locator + 16 ? 0 : 2;
    EXPECT_NE(refusal(folder, bad).find("several disks"), std::string::npos) << at;
  }
}

TEST(Zip, NamesInMessagesAreFitForATerminal) {
  const TemporaryFolder folder;
  const std::string message =
      refusal(folder, crafted_zip({{.name = "x/\x1b[31m\n\xff", .bytes = "1", .crc = 3}}));
  EXPECT_NE(message.find("x/\\x1b[31m\\n\\udcff"), std::string::npos) << message;
}

TEST(Zip, UnpackedBytesAreLimited) {
  const TemporaryFolder folder;
  const std::string zeros(1 << 20, '\0');
  const std::string bomb = crafted_zip(
      {{.name = "x/a", .bytes = deflated(zeros), .method = 8, .size = 1 << 20, .crc = crc_of(zeros)}});
  LoadLimits limits;
  EXPECT_EQ(refusal(folder, bomb, limits), "read");
  limits.inflated_bytes = 1 << 19;
  EXPECT_NE(refusal(folder, bomb, limits).find("inflated_bytes"), std::string::npos);
  limits.entries = 0;
  EXPECT_NE(refusal(folder, bomb, limits).find("entries"), std::string::npos);
}

TEST(Zip, WhatIsWrittenIsRead) {
  const TemporaryFolder folder;
  for (const int members : {0, 1, 3, 70'000}) {
    const auto path = folder.path() / "w.zip";
    {
      AtomicFile file(path);
      ZipWriter zip(file);
      for (int i = 0; i < members; ++i)
        zip.add("a/" + std::to_string(i), std::string(static_cast<std::size_t>(i % 100), 'x'));
      zip.finish();
      file.commit(false);
    }
    ZipReader zip(InputFile::open(path), {});
    ASSERT_EQ(zip.entries().size(), static_cast<std::size_t>(members));
    for (int i = 0; i < members; i += 997) {
      const auto* e = zip.find("a/" + std::to_string(i));
      ASSERT_NE(e, nullptr);
      EXPECT_EQ(e->data % 64, 0u);
      EXPECT_EQ(zip.read(*e), std::string(static_cast<std::size_t>(i % 100), 'x'));
    }
  }
}

}  // namespace
}  // namespace ballast::testing
