// Programs on a terminal: a pseudo-terminal whose width the test chooses, on whose keyboard the test types.
//
//   OnTerminal show({BALLAST_COMMAND, "show", file}, {.width = 60});
//   EXPECT_EQ(show.finish(), "...");
#pragma once

#include <string>
#include <utility>
#include <vector>

#include <sys/types.h>

namespace ballast::testing {

struct TerminalSettings {
  unsigned short width = 80;
  /// Beside those of this process, without what tells of its own terminal: TERM is xterm; NO_COLOR, CLICOLOR, CLICOLOR_FORCE
  /// and COLUMNS are not set.
  std::vector<std::pair<std::string, std::string>> environment = {};
  std::string folder = {};
};

class OnTerminal {
 public:
  /// Starts the program that the first of `command` names, as a path or to be found in PATH.
  explicit OnTerminal(const std::vector<std::string>& command, const TerminalSettings& settings = {});
  ~OnTerminal();
  OnTerminal(const OnTerminal&) = delete;
  OnTerminal& operator=(const OnTerminal&) = delete;

  void type(const std::string& keys);
  /// Reads until `text` is on the screen behind what was waited for before; false, and a failure, if that takes a minute.
  bool wait_for(const std::string& text);
  /// All that the program writes until it ends, from its start; line ends as \n.
  std::string finish();
  [[nodiscard]] int status() const { return status_; }  ///< behind finish()

 private:
  bool read_more();

  int terminal_ = -1;
  pid_t child_ = -1;
  std::string out_;
  std::size_t waited_ = 0;
  int status_ = -1;
};

}  // namespace ballast::testing
