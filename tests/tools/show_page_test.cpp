// The pages for users show what the command prints: every command on them is run, in the order of the page.
#include <cstdio>
#include <filesystem>
#include <iostream>
#include <sstream>

#include "tests/support/golden.h"
#include "tests/tools/command.h"
#include <gtest/gtest.h>
#include <sys/wait.h>

namespace ballast::testing {
namespace {

const std::string kRoot = data_path("../..");

/// Runs a command line that begins with "ballast" in `folder`; standard error goes where output goes.
std::string printed(const std::string& line, const std::string& folder) {
  const std::string command =
      "cd '" + folder + "' && '" BALLAST_COMMAND "'" + line.substr(std::string("ballast").size()) + " 2>&1";
  std::string out;
  FILE* pipe = ::popen(command.c_str(), "r");
  if (pipe == nullptr) return "cannot run a shell";
  for (int c = 0; (c = std::fgetc(pipe)) != EOF;) out += static_cast<char>(c);
  ::pclose(pipe);
  return out;
}

/// A folder in which the repository's files have the paths that they have from its root, and where a command may write.
std::string folder_like_the_root() {
  std::string folder = scratch_folder();
  for (const char* part : {"tests", "examples", "docs"})
    std::filesystem::create_directory_symlink(std::filesystem::canonical(kRoot + "/" + part),
                                              folder + "/" + part);
  return folder;
}

TEST(Pages, HaveWhatTheCommandPrints) {
  for (const char* name : {"show", "stats", "check", "diff", "verify", "convert", "loading", "trust"}) {
    const std::string folder = folder_like_the_root();
    std::istringstream page(read_file(kRoot + "/docs/" + name + ".md"));
    std::string command, expected;
    int commands = 0;
    for (std::string line; std::getline(page, line);) {
      if (line == "```" && !command.empty()) {
        EXPECT_EQ(printed(command, folder), expected) << command;
        command.clear();
        ++commands;
      } else if (!command.empty()) {
        expected += line + "\n";
      } else if (line.starts_with("$ ballast ")) {
        command = line.substr(2);
        expected.clear();
      }
    }
    std::cout << "[ cases ] " << commands << " commands of docs/" << name << ".md\n";
    EXPECT_GT(commands, 2) << name;
  }
}

}  // namespace
}  // namespace ballast::testing
