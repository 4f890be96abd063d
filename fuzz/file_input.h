// An input of the fuzzer as a file that `load` opens: kept in memory, written anew for each input.
//
//   extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
//     ballast::fuzz::load_input({data, size});
//     return 0;
//   }
#pragma once

#include <cstdint>
#include <filesystem>
#include <span>

namespace ballast::fuzz {

/// A file that holds `bytes`, until the next call.
[[nodiscard]] const std::filesystem::path& file_of(std::span<const std::uint8_t> bytes);

/// Loads the bytes as a file, in one of several ways that the bytes themselves choose (mapped or not, on meta, converted,
/// filtered, with every checksum), and consumes what comes. An Error is an answer; anything else is a finding.
void load_input(std::span<const std::uint8_t> bytes);

}  // namespace ballast::fuzz
