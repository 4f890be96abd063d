// The manual pages: what is in them, and what the programs that show manual pages say to them.
#include "tools/ballast/shell/man_page.h"

#include <algorithm>
#include <cstdio>
#include <filesystem>
#include <iostream>
#include <sstream>

#include "tests/tools/command.h"
#include "tests/tools/shell_script.h"
#include "tools/ballast/command_line/command_line.h"
#include <gtest/gtest.h>

namespace ballast::testing {
namespace {

using tool::CommandDescription;
using tool::OptionDescription;
using tool::roff_text;

const CommandDescription& ballast() {
  static int status = 0;
  static const std::unique_ptr<CLI::App> app = tool::command_line(status);
  static const CommandDescription program = tool::describe(*app);
  return program;
}

/// The program and each of its commands.
std::vector<const CommandDescription*> all() {
  std::vector<const CommandDescription*> found = {&ballast()};
  for (const CommandDescription& c : ballast().commands) found.push_back(&c);
  return found;
}

std::string printed(const CommandDescription& command) {
  const Outcome outcome =
      &command == &ballast() ? ballast_command({"man"}) : ballast_command({"man", command.name});
  EXPECT_EQ(outcome.status, 0) << outcome.error;
  return outcome.out;
}

bool has(const std::string& page, const std::string& text) { return page.find(text) != std::string::npos; }

TEST(ManPage, SaysEverythingThatHelpSays) {
  for (const CommandDescription* c : all()) {
    SCOPED_TRACE(c->name);
    const std::string page = printed(*c);
    EXPECT_TRUE(has(page, roff_text(c->summary)));
    EXPECT_TRUE(has(page, "\n.SH EXIT STATUS\n"));
    for (const auto* options : {&c->options, &c->operands}) {
      for (const OptionDescription& o : *options) {
        for (const std::string& name : o.names) EXPECT_TRUE(has(page, roff_text(name) + "\\fR")) << name;
        EXPECT_TRUE(has(page, roff_text(o.value)));
        // `Commands` in it are bold.
        EXPECT_TRUE(has(page, roff_text(o.help.substr(0, o.help.find('`'))))) << o.help;
      }
    }
    for (const auto& e : c->examples)
      EXPECT_TRUE(has(page, "\\fB" + roff_text(e.command) + "\\fR")) << e.command;
    for (const auto& p : c->paragraphs) {
      for (const auto& i : p.items) EXPECT_TRUE(has(page, "\\fB" + roff_text(i.term) + "\\fR")) << i.term;
    }
    for (const CommandDescription& other : c->commands) EXPECT_TRUE(has(page, roff_text(other.summary)));
  }
}

TEST(ManPage, HasItsSectionsInTheUsualOrder) {
  for (const CommandDescription* c : all()) {
    SCOPED_TRACE(c->name);
    std::istringstream lines(printed(*c));
    std::vector<std::string> sections;
    std::string first;
    for (std::string line; std::getline(lines, line);) {
      if (first.empty()) first = line;
      if (line.starts_with(".SH ")) sections.push_back(line.substr(4));
      const std::string request = line.starts_with('.') ? line.substr(0, line.find(' ')) : ".PP";
      const std::vector<std::string> known = {".TH", ".SH", ".TP", ".PP", ".nf", ".fi"};
      EXPECT_NE(std::ranges::find(known, request), known.end()) << line;
      EXPECT_TRUE(std::ranges::all_of(line, [](char ch) { return ch >= ' ' && ch <= '~'; })) << line;
    }
    EXPECT_TRUE(first.starts_with(".TH BALLAST")) << first;
    const std::vector<std::string> order = {"NAME",     "SYNOPSIS",    "DESCRIPTION", "COMMANDS", "OPTIONS",
                                            "EXAMPLES", "EXIT STATUS", "ENVIRONMENT", "SEE ALSO"};
    std::vector<std::string> expected;
    std::ranges::copy_if(order, std::back_inserter(expected), [&](const std::string& section) {
      return std::ranges::find(sections, section) != sections.end();
    });
    EXPECT_EQ(sections, expected);
    for (const char* section : {"NAME", "SYNOPSIS", "OPTIONS", "EXAMPLES", "EXIT STATUS", "SEE ALSO"})
      EXPECT_NE(std::ranges::find(sections, section), sections.end()) << section;
  }
}

TEST(ManPage, TextIsShownAsItIs) {
  EXPECT_EQ(roff_text("a\\b"), "a\\[rs]b");
  EXPECT_EQ(roff_text(".so /etc/passwd"), "\\&.so /etc/passwd");
  EXPECT_EQ(roff_text("'--x' `y` ^~\""), "\\[aq]\\-\\-x\\[aq] \\[ga]y\\[ga] \\[ha]\\[ti]\\[dq]");
  EXPECT_EQ(roff_text("ü…"), "\\[u00FC]\\[u2026]");
}

TEST(ManPage, AWrongCommandIsToldWhichOneWasMeant) {
  const Outcome outcome = ballast_command({"man", "shwo"});
  EXPECT_EQ(outcome.status, 2);
  EXPECT_EQ(outcome.out, "");
  EXPECT_TRUE(outcome.error.ends_with("; did you mean show?\n")) << outcome.error;
}

TEST(ManPage, AllAreWrittenIntoAFolder) {
  const std::string folder = scratch_folder() + "/new/man1";
  EXPECT_EQ(ballast_command({"man", "--into", folder}).status, 0);
  std::size_t files = 0;
  for (const CommandDescription* c : all()) {
    EXPECT_EQ(read_file(folder + "/" + tool::man_page_name(ballast(), *c)), printed(*c));
    ++files;
  }
  EXPECT_EQ(std::distance(std::filesystem::directory_iterator(folder), {}),
            static_cast<std::ptrdiff_t>(files));
  EXPECT_TRUE(std::filesystem::exists(folder + "/ballast-show.1"));
}

/// What a program says to each page, `ignored` lines aside.
void expect_silence(const std::string& program, const std::string& ignored = "\n") {
  const std::string folder = scratch_folder();
  ASSERT_EQ(ballast_command({"man", "--into", folder}).status, 0);
  int pages = 0;
  for (const auto& page : std::filesystem::directory_iterator(folder)) {
    FILE* pipe = ::popen((program + " '" + page.path().string() + "' 2>&1").c_str(), "r");
    ASSERT_NE(pipe, nullptr);
    std::string said;
    for (int c = 0; (c = std::fgetc(pipe)) != EOF;) said += static_cast<char>(c);
    ::pclose(pipe);
    std::istringstream lines(said);
    for (std::string line; std::getline(lines, line);) {
      if (line.find(ignored) == std::string::npos) ADD_FAILURE() << line;
    }
    ++pages;
  }
  std::cout << "[ cases ] " << pages << " pages\n";
}

TEST(ManPage, GroffHasNothingToSay) {
  SKIP_WITHOUT("groff");
  expect_silence("groff -man -Tutf8 -ww -z");
}

TEST(ManPage, MandocHasNothingToSay) {
  SKIP_WITHOUT("mandoc");
  // A date would make each build another one.
  expect_silence("mandoc -T lint -W warning", "missing date");
}

TEST(ManPage, ManHasNothingToSay) {
  SKIP_WITHOUT("man");
  expect_silence("LC_ALL=C.UTF-8 MANPAGER=cat man --warnings -E UTF-8 -l 2>&1 >/dev/null");
}

TEST(ManPage, ReadsAsItShould) {
  SKIP_WITHOUT("groff");
  const std::string page =
      run_script("groff", printed(ballast().commands.front()), {"-man", "-Tascii", "-P-cbou"});
  for (const char* text : {"ballast show [OPTIONS] FILE...", "--filter GLOB", "-h, --help", "NO_COLOR",
                           "ballast show model.pth --filter '*.bias' --sort size"})
    EXPECT_TRUE(has(page, text)) << text << " is not in:\n" << page;
}

}  // namespace
}  // namespace ballast::testing
