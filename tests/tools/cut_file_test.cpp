// Files that are cut short while a command looks at them: an error, and nothing that was not in the file.
#include <cstdlib>
#include <filesystem>

#include "tests/tools/command.h"
#include "tests/tools/sample_files.h"
#include <gtest/gtest.h>

#include "ballast/core/sanitizer.h"

namespace ballast::testing {
namespace {

class Environment {
 public:
  Environment(const char* name, const std::string& value) : name_(name) { ::setenv(name, value.c_str(), 1); }
  ~Environment() { ::unsetenv(name_); }
  Environment(const Environment&) = delete;
  Environment& operator=(const Environment&) = delete;

 private:
  const char* name_;
};

TEST(CutFile, EndsEveryCommandWithAnError) {
  if (kUnderSanitizer) GTEST_SKIP() << "a sanitizer's runtime must come before what is preloaded";
  const std::string folder = scratch_folder();
  const std::vector<std::vector<std::string>> commands{{"stats", "a.pth", "--quiet"},
                                                       {"stats", "a.pth"},
                                                       {"check", "a.pth"},
                                                       {"diff", "a.pth", "b.pth"},
                                                       {"hist", "a.pth", "weight"},
                                                       {"report", "a.pth", "-o", "page.html"},
                                                       {"show", "a.pth", "--hash"},
                                                       {"convert", "a.pth", "out.safetensors"},
                                                       {"convert", "a.pth", "out.pth"}};
  for (const auto& arguments : commands) {
    SCOPED_TRACE(arguments[0]);
    const std::vector<std::pair<std::string, Tensor>> entries{
        {"weight", layer_weights(4096, 1024)}};  // 16 MiB: more than what is verified on opening
    const std::string path = saved(folder, "a.pth", entries);
    (void)saved(folder, "b.pth", entries);
    const Environment cut("BALLAST_CUT_FILE", path);
    const Environment preload("LD_PRELOAD", BALLAST_CUT_SHIM);
    const Outcome outcome = ballast_command(arguments, folder);
    // Whoever reads instead of mapping has the whole file, or none that was mapped.
    const bool was_cut = std::filesystem::file_size(path) == 4096;
    EXPECT_EQ(outcome.status, was_cut ? 2 : 0) << outcome.error;
    if (!was_cut) continue;
    const bool said = outcome.error.find("was cut short") != std::string::npos ||
                      outcome.error.find("the file ended") != std::string::npos;
    EXPECT_TRUE(said) << outcome.error;
    EXPECT_FALSE(std::filesystem::exists(folder + "/out.safetensors"));
    EXPECT_FALSE(std::filesystem::exists(folder + "/out.pth"));
    EXPECT_FALSE(std::filesystem::exists(folder + "/page.html"));
    if (arguments[0] == "stats") {
      EXPECT_EQ(outcome.out, "");
    }
  }
}

}  // namespace
}  // namespace ballast::testing
