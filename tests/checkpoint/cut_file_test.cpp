// Checkpoints that are mapped, and cut short by somebody else before they are used.
#include <algorithm>
#include <filesystem>
#include <fstream>

#include "tests/support/golden.h"
#include "tests/support/thrown.h"
#include <gtest/gtest.h>

#include "ballast/checkpoint/load.h"
#include "ballast/checkpoint/reader.h"
#include "ballast/checkpoint/save.h"
#include "ballast/core/lost_pages.h"

namespace ballast::testing {
namespace {

using checkpoint::Checkpoint;
namespace fs = std::filesystem;

class CutFile : public ::testing::TestWithParam<const char*> {
 protected:
  void SetUp() override {
    catch_lost_pages();
    std::string pattern = (fs::temp_directory_path() / "ballast_cut_XXXXXX").string();
    folder_ = mkdtemp(pattern.data());
    StateDict dict;
    for (const char* const name : {"first", "second"}) {
      const Tensor t = empty({1 << 20}, kFloat32);
      std::fill_n(t.data_ptr<float>(), t.numel(), 3.0F);
      dict.append(name, t);
    }
    save(dict, source());
  }
  void TearDown() override { fs::remove_all(folder_); }

  [[nodiscard]] fs::path source() const { return folder_ / (std::string("source") + GetParam()); }
  [[nodiscard]] fs::path target() const { return folder_ / (std::string("target") + GetParam()); }
  void cut() const { fs::resize_file(source(), 1 << 16); }

  fs::path folder_;
};

TEST_P(CutFile, IsNotSavedAsIfItWereWhole) {
  std::ofstream(target()) << "old";
  const Checkpoint c = load(source());
  cut();
  const std::string text = text_of([&] { save(c.root(), target()); });
  EXPECT_NE(text.find("cut short"), std::string::npos) << text;
  std::ifstream old(target());
  EXPECT_EQ(std::string(std::istreambuf_iterator<char>(old), {}), "old");
  EXPECT_EQ(std::distance(fs::directory_iterator(folder_), {}), 2) << "a temporary is left behind";
}

TEST_P(CutFile, ReadsAsZerosAndSaysSo) {
  const Checkpoint c = load(source());
  cut();
  const LostPageCheck pages;
  const Tensor second = c.state_dict().at("second");
  EXPECT_EQ(second.data_ptr<float>()[second.numel() - 1], 0);
  const std::string text = text_of([&] { pages.check(); });
  EXPECT_NE(text.find(source().string()), std::string::npos) << text;
}

TEST_P(CutFile, IsAnErrorOfTheReader) {
  const checkpoint::Reader reader(source());
  cut();
  EXPECT_THROW((void)reader.read("second"), FormatError);
  EXPECT_NO_THROW(LostPageCheck().check());
}

INSTANTIATE_TEST_SUITE_P(Formats, CutFile, ::testing::Values(".pth", ".safetensors", ".gguf", ".npz"),
                         [](const auto& i) { return std::string(i.param + 1); });

}  // namespace
}  // namespace ballast::testing
