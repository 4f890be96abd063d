// Shells that may not be installed, and what they print.
#pragma once

#include <string>
#include <vector>

#include <gtest/gtest.h>

namespace ballast::testing {

/// Whether a program of this name is in PATH.
[[nodiscard]] bool is_installed(const std::string& program);

/// What a program prints that is given `script` as a file, standard error too; `before` are its options.
[[nodiscard]] std::string run_script(const std::string& program, const std::string& script,
                                     const std::vector<std::string>& before = {});

}  // namespace ballast::testing

#define SKIP_WITHOUT(program) \
  if (!::ballast::testing::is_installed(program)) GTEST_SKIP() << "skipped: " << (program) << " not installed"
