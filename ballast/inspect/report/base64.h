// Bytes as text of 64 characters (RFC 4648, with padding), as pages take them. Internal.
#pragma once

#include <cstdint>
#include <span>
#include <string>

namespace ballast::inspect::detail {

[[nodiscard]] inline std::string base64(std::span<const std::uint8_t> bytes) {
  constexpr const char* kDigits = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  std::string text;
  text.reserve((bytes.size() + 2) / 3 * 4);
  for (std::size_t i = 0; i < bytes.size(); i += 3) {
    const std::size_t n = std::min<std::size_t>(3, bytes.size() - i);
    std::uint32_t three = 0;
    for (std::size_t k = 0; k < 3; ++k) three = three << 8U | (k < n ? bytes[i + k] : 0U);
    for (std::size_t k = 0; k < 4; ++k) text.push_back(k <= n ? kDigits[three >> (18 - 6 * k) & 63U] : '=');
  }
  return text;
}

}  // namespace ballast::inspect::detail
