#include "tests/tools/shell_script.h"

#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>

#include "tests/tools/command.h"

namespace ballast::testing {

bool is_installed(const std::string& program) {
  const char* path = std::getenv("PATH");
  std::istringstream folders(path == nullptr ? "" : path);
  for (std::string folder; std::getline(folders, folder, ':');) {
    if (std::filesystem::exists(folder + "/" + program)) return true;
  }
  return false;
}

std::string run_script(const std::string& program, const std::string& script,
                       const std::vector<std::string>& before) {
  static const std::string folder = scratch_folder();
  const std::string file = folder + "/script";
  std::ofstream(file) << script;
  std::string line = "HOME='" + folder + "' " + program;
  for (const std::string& option : before) line += " " + option;
  std::string out;
  FILE* pipe = ::popen((line + " '" + file + "' 2>&1").c_str(), "r");
  if (pipe == nullptr) return "cannot run a shell";
  for (int c = 0; (c = std::fgetc(pipe)) != EOF;) out += static_cast<char>(c);
  ::pclose(pipe);
  return out;
}

}  // namespace ballast::testing
