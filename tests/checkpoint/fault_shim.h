// Makes system calls fail at will: a shared library that stands before libc and passes calls on, except the one that is to fail.
//
//   faults::arm({.at = 3, .action = faults::Action::kFail, .error = ENOSPC});
//   ...                                        // the third call of those listed in fault_shim.cpp fails
//   const faults::Outcome o = faults::disarm();
//
// Between arm and disarm calls are counted, in all threads; outside they only pass.
#pragma once

#include <string>
#include <vector>

namespace ballast::testing::faults {

enum class Action {
  kFail,    ///< returns -1 with `error`, and nothing is done (close closes all the same, as Linux does)
  kRepeat,  ///< the same with EINTR, once
  kShort,  ///< writes half of what it should (a single byte: not at all shorter), and says so; other calls pass
  kKill,  ///< the process is killed; a write has written half before
};

struct Plan {
  int at = 0;  ///< the first call is 1; 0: none fails
  Action action = Action::kFail;
  int error = 0;
  std::string only = {};  ///< counts only calls of this name ("write"); empty: of all
};

struct Outcome {
  std::vector<std::string> calls;  ///< the names, in order
  std::string hit;                 ///< the call that the plan met; empty if none
};

void arm(const Plan& plan);
Outcome disarm();

}  // namespace ballast::testing::faults
