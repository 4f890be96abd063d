// Reads the front of a file whose length nothing says, through a window: each access is checked against the end of the file,
// and memory is asked for only as far as there are bytes.
//
//   GgufCursor c(file);
//   const auto n = c.u64();
//   const std::string_view text = c.bytes(n);     // FormatError if fewer are left; valid until the next call
#pragma once

#include <algorithm>
#include <bit>
#include <cstdint>
#include <cstring>
#include <memory>
#include <string>
#include <string_view>

#include "ballast/checkpoint/bytes/input_file.h"
#include "ballast/core/error.h"

namespace ballast::checkpoint {

class GgufCursor {
 public:
  explicit GgufCursor(std::shared_ptr<InputFile> file) : file_(std::move(file)) {}

  [[nodiscard]] std::uint64_t offset() const noexcept { return begin_ + at_; }
  [[nodiscard]] std::uint64_t left() const noexcept { return file_->size() - offset(); }
  [[nodiscard]] const InputFile& file() const noexcept { return *file_; }

  std::uint8_t u8() { return number<std::uint8_t>(); }
  std::uint16_t u16() { return number<std::uint16_t>(); }
  std::uint32_t u32() { return number<std::uint32_t>(); }
  std::uint64_t u64() { return number<std::uint64_t>(); }
  float f32() { return std::bit_cast<float>(u32()); }
  double f64() { return std::bit_cast<double>(u64()); }

  std::string_view bytes(std::uint64_t n) {
    if (n > left())
      fail(fmt::format("{} bytes are wanted, {} are left: the file is cut short or lies about a length", n,
                       left()));
    if (n > window_.size() - at_) refill(n);
    const std::string_view out = std::string_view(window_).substr(at_, n);
    at_ += n;
    return out;
  }

  [[noreturn]] void fail(const std::string& reason) const { fail_at(offset(), reason); }
  [[noreturn]] void fail_at(std::uint64_t offset, const std::string& reason) const {
    throw FormatError(reason, file_->name(), "", offset);
  }

 private:
  static constexpr std::uint64_t kWindow = std::uint64_t{64} << 10;

  template <class T>
  T number() {
    T v;
    std::memcpy(&v, bytes(sizeof(T)).data(), sizeof(T));
    static_assert(std::endian::native == std::endian::little);
    return v;
  }
  void refill(std::uint64_t n) {
    begin_ += at_;
    at_ = 0;
    window_.resize(std::min(std::max(n, kWindow), file_->size() - begin_));
    file_->read(begin_, window_.data(), window_.size());
  }

  std::shared_ptr<InputFile> file_;
  std::string window_;
  std::uint64_t begin_ = 0;  // of the window, in the file
  std::size_t at_ = 0;       // in the window
};

}  // namespace ballast::checkpoint
