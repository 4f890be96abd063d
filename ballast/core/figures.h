// Counts and sizes as people read them.
//
//   with_commas(1234567)      "1,234,567"
//   byte_size(1962363)        "1.87 MiB"
//   rounded_count(1234567)    "1.2 M"
#pragma once

#include <cstdint>
#include <string>

namespace ballast {

/// The exact number, its digits in groups of three.
[[nodiscard]] std::string with_commas(std::uint64_t n);
/// About three digits and a unit: "512 B", "1.87 MiB", "16.0 EiB".
[[nodiscard]] std::string byte_size(std::uint64_t bytes);
/// A rounded count: "49", "1.2 k", "7.0 M", "1.8 T".
[[nodiscard]] std::string rounded_count(std::uint64_t n);

}  // namespace ballast
