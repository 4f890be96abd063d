// Counts as people read them.
//
//   with_commas(1234567)      "1,234,567"
#pragma once

#include <cstdint>
#include <string>

namespace ballast {

/// `n` in digits, with a comma before every third one from the end: Python's f"{n:,}".
[[nodiscard]] std::string with_commas(std::uint64_t n);

}  // namespace ballast
