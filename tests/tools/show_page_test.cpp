// The page for users shows what the command prints: every command on it is run.
#include <cstdio>
#include <iostream>
#include <sstream>

#include "tests/support/golden.h"
#include <gtest/gtest.h>
#include <sys/wait.h>

namespace ballast::testing {
namespace {

const std::string kRoot = data_path("../..");

/// Runs a command line that begins with "ballast", from the root of the repository; standard error goes where output goes.
std::string printed(const std::string& line) {
  const std::string command =
      "cd '" + kRoot + "' && '" BALLAST_COMMAND "'" + line.substr(std::string("ballast").size()) + " 2>&1";
  std::string out;
  FILE* pipe = ::popen(command.c_str(), "r");
  if (pipe == nullptr) return "cannot run a shell";
  for (int c = 0; (c = std::fgetc(pipe)) != EOF;) out += static_cast<char>(c);
  ::pclose(pipe);
  return out;
}

TEST(ShowPage, HasWhatTheCommandPrints) {
  std::istringstream page(read_file(kRoot + "/docs/show.md"));
  std::string command, expected;
  int commands = 0;
  for (std::string line; std::getline(page, line);) {
    if (line == "```" && !command.empty()) {
      EXPECT_EQ(printed(command), expected) << command;
      command.clear();
      ++commands;
    } else if (!command.empty()) {
      expected += line + "\n";
    } else if (line.starts_with("$ ballast ")) {
      command = line.substr(2);
      expected.clear();
    }
  }
  std::cout << "[ cases ] " << commands << " commands of docs/show.md\n";
  EXPECT_GT(commands, 4);
}

}  // namespace
}  // namespace ballast::testing
