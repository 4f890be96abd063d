// Sizes as people type them.
//
//   byte_count("5GB")      5'000'000'000
//   byte_count("512MiB")   536'870'912
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

namespace ballast::tool {

/// A whole number of B, kB, MB, GB, TB (powers of 1000) or KiB, MiB, GiB, TiB, in either case; no unit: bytes. Nothing if it
/// is no such size, or more than 64 bits hold.
[[nodiscard]] std::optional<std::uint64_t> byte_count(std::string_view text);

}  // namespace ballast::tool
