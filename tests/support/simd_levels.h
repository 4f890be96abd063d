// The same computation with each instruction set this machine has.
//
//   expect_equal_at_every_level([&] { return bytes_of(x.softmax(1)); });
#pragma once

#include <functional>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "ballast/core/cpu.h"

namespace ballast::testing {

/// `f` at each level there is, the baseline first.
inline std::vector<std::string> at_every_level(const std::function<std::string()>& f) {
  std::vector<std::string> out;
  for (const SimdLevel level : {SimdLevel::kBaseline, SimdLevel::kAvx2, SimdLevel::kAvx512}) {
    if (level > best_simd_level()) continue;
    set_simd_level(level);
    out.push_back(f());
  }
  set_simd_level(best_simd_level());
  return out;
}

/// Expects the same text of each.
inline void expect_equal_at_every_level(const std::function<std::string()>& f) {
  const std::vector<std::string> texts = at_every_level(f);
  // Not EXPECT_EQ: nobody reads the bytes.
  for (const std::string& text : texts) EXPECT_TRUE(text == texts.front());
}

}  // namespace ballast::testing
