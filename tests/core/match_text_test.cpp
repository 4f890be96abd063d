// The report as people read it.
#include <sstream>
#include <string>

#include "tests/core/match_names.h"
#include <fmt/format.h>
#include <gtest/gtest.h>

namespace ballast {
namespace {

using testing::named;
using testing::stack;

TEST(MatchTextTest, StreamsAndFormatsAsItsText) {
  const MatchReport report = match(stack(1), stack(2));
  std::ostringstream out;
  out << report;
  EXPECT_EQ(out.str(), report.text());
  EXPECT_EQ(fmt::format("{}", report), report.text());
}

TEST(MatchTextTest, SaysItForProgramsAndForTheCommandLine) {
  const MatchReport report = match(stack(2, "a\"b.", "attn"), stack(2, "", "self.attention"));
  EXPECT_NE(report.text().find("  use .rules = {.strip_prefix = \"a\\\"b.\", "
                               ".rename = {{\"/(^|\\\\.)attn\\\\./\", \"$1self.attention.\"}}}\n"),
            std::string::npos)
      << report;
  const std::string command = match_text(report, MatchReader::kCommandLine);
  EXPECT_NE(command.find("  use --strip-prefix 'a\"b.' --rename '/(^|\\.)attn\\./=$1self.attention.'\n"),
            std::string::npos)
      << command;
}

TEST(MatchTextTest, EveryCauseHasItsSection) {
  NamedShapes file{named("turned", {4, 2}), named("half", {2}, "float16"), named("b"), named("same"),
                   named("fc.wieght", {5})};
  NamedShapes model{named("turned", {2, 4}), named("half", {2}),     named("a"), named("b"),
                    named("same"),           named("fc.weight", {5})};
  model[2].tie = model[3].tie = 2;
  EXPECT_EQ(match(file, model).text(),
            "3 of the model's 6 names loaded; the file has 5\n"
            "  1 has another shape\n"
            "  2 missing from the file\n"
            "  1 unexpected in the file\n"
            "  1 converted from float16 to float32, which holds every value\n"
            "\n"
            "what would help\n"
            "  1 name of the file says wieght where the model says weight; it fits then\n"
            "    fc.wieght becomes fc.weight\n"
            "  use .rules = {.rename = {{\"/(^|\\\\.)wieght$/\", \"$1weight\"}}}\n"
            "\n"
            "other shape\n"
            "  turned  [4, 2] in the file, [2, 4] in the model: transposed?\n"
            "  to leave them as they are in the model: .rules = {.on_shape_mismatch = "
            "OnShapeMismatch::kSkip}; kSlice "
            "copies what both have\n"
            "\n"
            "missing: the model has them, the file does not, also after these changes\n"
            "  a  [2, 3]  one tensor with b, which the file has\n"
            "\n"
            "shared\n"
            "  a = b: one tensor, and the file has it; not to miss its other names: .rules = {.tied_names = "
            "TiedNames::kOnce}\n");
}

TEST(MatchTextTest, LargeReportsAreFolded) {
  NamedShapes file = stack(500), model = stack(500);
  for (NamedShape& n : file) {
    if (n.name.ends_with("up.weight")) n.shape = {16, 64};
    if (n.name.ends_with("norm.bias")) n.name += ".x";
  }
  const std::string text = match(file, model).text();
  EXPECT_NE(
      text.find(
          "  layers.*.mlp.up.weight (500 names, the first layers.0.mlp.up.weight)  [16, 64] in the file, "
          "[64, 16] in the model: transposed?\n"),
      std::string::npos)
      << text;
  EXPECT_LT(text.size(), 3000u) << text;
}

TEST(MatchTextTest, NamesThatDoNotPrintAreEscaped) {
  const std::string evil = "a\x1b[2J\n\xe2\x80\xae\xff.";
  for (const MatchReader reader : {MatchReader::kProgram, MatchReader::kCommandLine}) {
    const std::string text = match_text(match(stack(2, evil), stack(2)), reader);
    for (const char c : text) EXPECT_TRUE(c == '\n' || (c >= ' ' && c <= '~')) << text;
  }
}

}  // namespace
}  // namespace ballast
