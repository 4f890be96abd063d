// The text of the error that a call throws.
#pragma once

#include <string>

#include <gtest/gtest.h>

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

/// `statement` throws an error of kind E whose text contains `part`.
#define EXPECT_THROWN(statement, E, part) \
  EXPECT_PRED_FORMAT2(::testing::IsSubstring, part, ballast::testing::text_of<E>([&] { statement; }))
