#include "tests/tools/on_terminal.h"

#include <cerrno>
#include <csignal>
#include <cstdlib>

#include <gtest/gtest.h>
#include <poll.h>
#include <pty.h>
#include <sys/wait.h>
#include <unistd.h>

namespace ballast::testing {
namespace {

constexpr int kPatience = 60'000;  // milliseconds

[[noreturn]] void become(const std::vector<std::string>& command, const TerminalSettings& settings) {
  for (const char* name : {"NO_COLOR", "CLICOLOR", "CLICOLOR_FORCE", "COLUMNS"}) ::unsetenv(name);
  ::setenv("TERM", "xterm", 1);
  for (const auto& [name, value] : settings.environment) ::setenv(name.c_str(), value.c_str(), 1);
  if (!settings.folder.empty() && ::chdir(settings.folder.c_str()) != 0) ::_exit(126);
  std::vector<std::string> copies = command;
  std::vector<char*> argv;
  for (std::string& word : copies) argv.push_back(word.data());
  argv.push_back(nullptr);
  ::execvp(argv[0], argv.data());
  ::_exit(127);
}

}  // namespace

OnTerminal::OnTerminal(const std::vector<std::string>& command, const TerminalSettings& settings) {
  const winsize size{.ws_row = 50, .ws_col = settings.width, .ws_xpixel = 0, .ws_ypixel = 0};
  child_ = ::forkpty(&terminal_, nullptr, nullptr, &size);
  if (child_ == 0) become(command, settings);
  EXPECT_GT(child_, 0);
}

OnTerminal::~OnTerminal() {
  if (child_ > 0) {
    ::kill(child_, SIGKILL);
    ::waitpid(child_, nullptr, 0);
  }
  if (terminal_ >= 0) ::close(terminal_);
}

void OnTerminal::type(const std::string& keys) {
  EXPECT_EQ(::write(terminal_, keys.data(), keys.size()), static_cast<ssize_t>(keys.size()));
}

bool OnTerminal::read_more() {
  pollfd ready{.fd = terminal_, .events = POLLIN, .revents = 0};
  if (::poll(&ready, 1, kPatience) <= 0) {
    ADD_FAILURE() << "nothing came for a minute behind: " << out_;
    return false;
  }
  char piece[4096];
  const ssize_t n = ::read(terminal_, piece, sizeof(piece));
  if (n <= 0) return false;  // EIO: the program has ended
  out_.append(piece, static_cast<std::size_t>(n));
  return true;
}

bool OnTerminal::wait_for(const std::string& text) {
  for (;;) {
    if (const std::size_t at = out_.find(text, waited_); at != std::string::npos) {
      waited_ = at + text.size();
      return true;
    }
    if (!read_more()) {
      ADD_FAILURE() << "'" << text << "' is not in: " << out_.substr(waited_);
      return false;
    }
  }
}

std::string OnTerminal::finish() {
  while (read_more()) {
  }
  int status = 0;
  if (child_ > 0) ::waitpid(child_, &status, 0);
  child_ = -1;
  status_ = WIFEXITED(status) ? WEXITSTATUS(status) : 1000 + WTERMSIG(status);
  std::string text;
  for (const char c : out_) {
    if (c != '\r') text += c;
  }
  return text;
}

}  // namespace ballast::testing
