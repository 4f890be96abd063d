// The text of the error that a call throws.
#pragma once

#include <string>

#include "ballast/core/error.h"

namespace ballast::testing {

/// Of an error of kind E; any other error goes on and fails the test.
template <class E = Error, class F>
std::string text_of(F&& f) {
  try {
    f();
  } catch (const E& e) {
    return e.what();
  }
  return "nothing was thrown";
}

}  // namespace ballast::testing
