// The numbers of the zip format that reader and writer share (PKWARE, APPNOTE.TXT 6.3).
#pragma once

#include <cstdint>

namespace ballast::checkpoint::zip {

inline constexpr std::uint32_t kLocalHeader = 0x04034B50;
inline constexpr std::uint32_t kDataDescriptor = 0x08074B50;
inline constexpr std::uint32_t kDirectoryEntry = 0x02014B50;
inline constexpr std::uint32_t kEnd = 0x06054B50;
inline constexpr std::uint32_t kEnd64 = 0x06064B50;
inline constexpr std::uint32_t kEnd64Locator = 0x07064B50;

inline constexpr std::uint64_t kLocalHeaderSize = 30;
inline constexpr std::uint64_t kDirectoryEntrySize = 46;
inline constexpr std::uint64_t kEndSize = 22;
inline constexpr std::uint64_t kEnd64Size = 56;
inline constexpr std::uint64_t kEnd64LocatorSize = 20;

inline constexpr std::uint16_t kStored = 0;
inline constexpr std::uint16_t kDeflate = 8;

inline constexpr std::uint16_t kEncrypted = 1u << 0 | 1u << 6 | 1u << 13;
inline constexpr std::uint16_t kHasDescriptor = 1u << 3;
inline constexpr std::uint16_t kUtf8Name = 1u << 11;

inline constexpr std::uint16_t kZip64Field = 1;
inline constexpr std::uint32_t kIn64 = 0xFFFFFFFF;  ///< the value stands in the zip64 field
inline constexpr std::uint16_t kIn64Short = 0xFFFF;

}  // namespace ballast::checkpoint::zip
