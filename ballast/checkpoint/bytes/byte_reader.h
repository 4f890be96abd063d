// The one way bytes of a file are taken apart: every access is checked, and an error says where.
//
//   ByteReader r(bytes, {"model.pth", "archive/data.pkl"});
//   const auto n = r.u32();
//   const std::string_view text = r.bytes(n);     // FormatError if fewer are left
#pragma once

#include <bit>
#include <concepts>
#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>

#include "ballast/core/error.h"

namespace ballast::checkpoint {

/// Where the bytes under a reader stand.
struct Place {
  std::string file;
  std::string record;        ///< the member of an archive; empty: the file itself
  std::uint64_t offset = 0;  ///< of the first byte
};

class ByteReader {
 public:
  ByteReader(std::string_view bytes, Place place) : bytes_(bytes), place_(std::move(place)) {}

  [[nodiscard]] std::uint64_t offset() const noexcept { return place_.offset + at_; }
  [[nodiscard]] std::size_t position() const noexcept { return at_; }
  [[nodiscard]] std::size_t left() const noexcept { return bytes_.size() - at_; }
  [[nodiscard]] const Place& place() const noexcept { return place_; }

  /// Little-endian integers of the width their names say.
  std::uint8_t u8() { return static_cast<std::uint8_t>(*take(1)); }
  std::uint16_t u16() { return little<std::uint16_t>(); }
  std::uint32_t u32() { return little<std::uint32_t>(); }
  std::uint64_t u64() { return little<std::uint64_t>(); }
  /// A double as pickles have it: big-endian.
  double big_endian_f64() {
    std::uint64_t v = 0;
    for (const char c : bytes(8)) v = v << 8 | static_cast<unsigned char>(c);
    return std::bit_cast<double>(v);
  }
  /// The next `n` bytes.
  std::string_view bytes(std::uint64_t n) {
    const char* p = take(n);
    return {p, static_cast<std::size_t>(n)};
  }
  /// The bytes up to a line feed, which is passed over.
  std::string_view line() {
    const std::size_t end = bytes_.find('\n', at_);
    if (end == std::string_view::npos) fail("a line without an end");
    const std::string_view out = bytes_.substr(at_, end - at_);
    at_ = end + 1;
    return out;
  }

  [[noreturn]] void fail(const std::string& reason) const { fail_at(offset(), reason); }
  [[noreturn]] void fail_at(std::uint64_t offset, const std::string& reason) const {
    throw FormatError(reason, place_.file, place_.record, offset);
  }

 private:
  const char* take(std::uint64_t n) {
    if (n > left()) {
      fail(fmt::format("{} bytes are wanted, {} are left: the file is cut short or lies about a length", n,
                       left()));
    }
    const char* p = bytes_.data() + at_;
    at_ += static_cast<std::size_t>(n);
    return p;
  }
  template <std::unsigned_integral T>
  T little() {
    const char* p = take(sizeof(T));
    T v;
    std::memcpy(&v, p, sizeof(T));  // x86-64 and arm64 are little-endian
    static_assert(std::endian::native == std::endian::little);
    return v;
  }

  std::string_view bytes_;
  Place place_;
  std::size_t at_ = 0;
};

}  // namespace ballast::checkpoint
