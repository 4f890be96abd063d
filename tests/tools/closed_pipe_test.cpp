// A reader that has gone before the first line: every command ends quietly.
#include <iostream>
#include <map>

#include "tests/tools/command.h"
#include "tools/ballast/command_line/command_line.h"
#include "tools/ballast/shell/command_description.h"
#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

namespace ballast::testing {
namespace {

using Arguments = std::vector<std::string>;

/// Runs the command with a pipe for standard output that nobody reads; the exit status and standard error.
std::pair<int, std::string> with_closed_pipe(Arguments arguments, const std::string& folder) {
  int pipe[2], error[2];
  if (::pipe(pipe) != 0 || ::pipe(error) != 0) return {-1, "cannot make a pipe"};
  ::close(pipe[0]);
  const pid_t child = ::fork();
  if (child == 0) {
    arguments.insert(arguments.begin(), "ballast");
    std::vector<char*> argv;
    for (std::string& a : arguments) argv.push_back(a.data());
    argv.push_back(nullptr);
    if (::chdir(folder.c_str()) != 0) ::_exit(126);
    ::dup2(pipe[1], STDOUT_FILENO);
    ::dup2(error[1], STDERR_FILENO);
    ::close(error[0]);
    ::execv(BALLAST_COMMAND, argv.data());
    ::_exit(127);
  }
  ::close(pipe[1]);
  ::close(error[1]);
  std::string said;
  char piece[512];
  for (ssize_t n = 0; (n = ::read(error[0], piece, sizeof(piece))) > 0;)
    said.append(piece, static_cast<std::size_t>(n));
  ::close(error[0]);
  int status = 0;
  ::waitpid(child, &status, 0);
  return {WIFEXITED(status) ? WEXITSTATUS(status) : 1000 + WTERMSIG(status), said};
}

TEST(ClosedPipe, EveryCommandEndsQuietly) {
  const std::string folder = data_path("checkpoints/zip");
  const std::string out = scratch_folder() + "/out.pth";
  // What makes a command print something. One that is not here takes a file.
  const std::map<std::string, std::vector<Arguments>> arguments = {
      {"show", {{"lenet.pth"}, {"lenet.pth", "--json"}, {"lenet.pth", "mlp.pth", "--tree"}}},
      {"diff", {{"mlp.pth", "lenet.pth"}}},
      {"match", {{"mlp.pth", "lenet.pth"}}},
      {"convert", {{"mlp.pth", out}}},
      {"hist", {{"mlp.pth", "0.weight"}}},
      {"report", {{"mlp.pth", "-o", "-"}}},
      {"completion", {{"bash"}, {"zsh"}, {"fish"}}},
      {"man", {{}, {"show"}}},
  };
  int status = 0, cases = 0;
  const auto app = tool::command_line(status);
  for (const tool::CommandDescription& command : tool::describe(*app).commands) {
    const auto known = arguments.find(command.name);
    std::vector<Arguments> lines =
        known == arguments.end() ? std::vector<Arguments>{{"mlp.pth"}} : known->second;
    lines.push_back({"--help"});
    for (Arguments line : lines) {
      line.insert(line.begin(), command.name);
      EXPECT_NE(ballast_command(line, folder).out, "") << ::testing::PrintToString(line);
      if (command.name == "convert") line.emplace_back("--overwrite");
      const auto [exit_status, said] = with_closed_pipe(line, folder);
      EXPECT_EQ(exit_status, 0) << ::testing::PrintToString(line);
      EXPECT_EQ(said, "") << ::testing::PrintToString(line);
      ++cases;
    }
  }
  for (const char* option : {"--help", "--version"}) {
    EXPECT_EQ(with_closed_pipe({option}, folder), (std::pair<int, std::string>(0, ""))) << option;
    ++cases;
  }
  std::cout << "[ cases ] " << cases << " command lines\n";
}

TEST(ClosedPipe, AnErrorIsStillAnError) {
  const auto [status, said] = with_closed_pipe({"show", "no.pth"}, data_path("checkpoints/zip"));
  EXPECT_EQ(status, 2);
  EXPECT_EQ(said, "ballast: no.pth: cannot open it: No such file or directory\n");
}

}  // namespace
}  // namespace ballast::testing
