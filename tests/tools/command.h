// Running the ballast command as a user does.
#pragma once

#include <string>
#include <vector>

#include "tests/support/golden.h"

namespace ballast::testing {

struct Outcome {
  int status = -1;  ///< the exit status; 1000 + number if a signal ended it
  std::string out, error;
  double seconds = 0;
  double peak_mib = 0;  ///< of memory
};

/// Runs `ballast` with these arguments, in `folder` if one is given.
[[nodiscard]] Outcome ballast_command(const std::vector<std::string>& arguments,
                                      const std::string& folder = {});

/// What `ballast show ARGUMENTS --json` prints. Fails the test, and gives null, if that is no JSON.
[[nodiscard]] Json shown_json(std::vector<std::string> arguments);

/// A new empty folder, removed at the end of the program.
[[nodiscard]] std::string scratch_folder();

}  // namespace ballast::testing
