#include "tests/tools/command.h"

#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <memory>

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

namespace ballast::testing {
namespace {

/// Removes what it names when the program ends.
class Scratch {
 public:
  Scratch() {
    std::string pattern = (std::filesystem::temp_directory_path() / "ballast_test_XXXXXX").string();
    if (::mkdtemp(pattern.data()) != nullptr) path_ = pattern;
  }
  ~Scratch() {
    std::error_code ignored;
    if (!path_.empty()) std::filesystem::remove_all(path_, ignored);
  }
  Scratch(const Scratch&) = delete;
  Scratch& operator=(const Scratch&) = delete;
  [[nodiscard]] const std::string& path() const { return path_; }

 private:
  std::string path_;
};

[[noreturn]] void become_ballast(const std::vector<std::string>& arguments, const std::string& folder,
                                 int out, int error) {
  std::string name = "ballast";
  std::vector<std::string> copies = arguments;
  std::vector<char*> argv = {name.data()};
  for (std::string& a : copies) argv.push_back(a.data());
  argv.push_back(nullptr);
  if (!folder.empty() && ::chdir(folder.c_str()) != 0) ::_exit(126);
  ::dup2(out, STDOUT_FILENO);
  ::dup2(error, STDERR_FILENO);
  ::execv(BALLAST_COMMAND, argv.data());
  ::_exit(127);
}

}  // namespace

std::string scratch_folder() {
  static const Scratch all;
  static int made = 0;
  std::string folder = all.path() + "/" + std::to_string(made++);
  std::filesystem::create_directory(folder);
  return folder;
}

Outcome ballast_command(const std::vector<std::string>& arguments, const std::string& folder) {
  static const std::string results = scratch_folder();
  const std::string out_file = results + "/out", error_file = results + "/error";
  const int out = ::open(out_file.c_str(), O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
  const int error = ::open(error_file.c_str(), O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
  const auto start = std::chrono::steady_clock::now();
  const pid_t child = ::fork();
  if (child == 0) become_ballast(arguments, folder, out, error);
  int status = 0;
  rusage usage{};
  ::wait4(child, &status, 0, &usage);
  Outcome outcome;
  outcome.seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
  outcome.peak_mib = static_cast<double>(usage.ru_maxrss) / 1024;
  outcome.status = WIFEXITED(status) ? WEXITSTATUS(status) : 1000 + WTERMSIG(status);
  ::close(out);
  ::close(error);
  outcome.out = read_file(out_file);
  outcome.error = read_file(error_file);
  return outcome;
}

Json shown_json(std::vector<std::string> arguments) {
  arguments.insert(arguments.begin(), "show");
  arguments.emplace_back("--json");
  const Outcome outcome = ballast_command(arguments);
  EXPECT_EQ(outcome.status, 0) << outcome.error;
  EXPECT_EQ(outcome.error, "");
  Json json = Json::parse(outcome.out, nullptr, false);
  EXPECT_FALSE(json.is_discarded()) << outcome.out;
  return json.is_discarded() ? Json() : json;
}

}  // namespace ballast::testing
