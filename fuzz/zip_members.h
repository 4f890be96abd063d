// Taking a zip archive apart, however broken, and putting one together that is whole: so that changes made to a member are
// not stopped by its checksum.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace ballast::fuzz {

struct ZipMember {
  std::string name, bytes;
};

/// What the local headers say, as far as they can be followed; packed members are unpacked.
[[nodiscard]] std::vector<ZipMember> zip_members(std::string_view archive);

/// Members stored as they are, their data at multiples of 64.
[[nodiscard]] std::string zip_of(const std::vector<ZipMember>& members);

}  // namespace ballast::fuzz
