// What Ballast throws. The library never prints and never aborts: bad input of any kind ends in one of these.
//
//   try { ... } catch (const ballast::Error& e) { std::cerr << e.what() << '\n'; }
//
// A message says what was wrong, where, the numbers, and what would be right; where PyTorch has a good text,
// it is that text. The kinds are those a caller would treat differently.
#pragma once

#include <cstdint>
#include <stdexcept>
#include <string>
#include <utility>

#include <fmt/format.h>

namespace ballast {

class Error : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

/// Shapes, ranks or strides that do not fit.
class ShapeError : public Error {
 public:
  using Error::Error;
};
/// An element type that an operation does not take, or a value it cannot hold.
class DTypeError : public Error {
 public:
  using Error::Error;
};
/// A tensor on a device the operation cannot use (values of a meta tensor, say).
class DeviceError : public Error {
 public:
  using Error::Error;
};
/// A position out of range.
class IndexError : public Error {
 public:
  using Error::Error;
};
/// A name that is not there, is there twice, or cannot be a name.
class KeyError : public Error {
 public:
  using Error::Error;
};
/// An argument whose value makes no sense (a negative size, an unknown mode).
class ValueError : public Error {
 public:
  using Error::Error;
};
/// Something this build or this type of module does not do.
class NotImplementedError : public Error {
 public:
  using Error::Error;
};
/// A limit that protects the caller was reached: depth, count, memory.
class LimitError : public Error {
 public:
  using Error::Error;
};

/// A file that is not what it should be: where (file, record in it, byte offset) and why.
class FormatError : public Error {
 public:
  static constexpr std::uint64_t kNoOffset = ~std::uint64_t{0};

  FormatError(std::string reason, std::string file = {}, std::string record = {},
              std::uint64_t offset = kNoOffset);

  [[nodiscard]] const std::string& reason() const noexcept { return reason_; }
  [[nodiscard]] const std::string& file() const noexcept { return file_; }
  [[nodiscard]] const std::string& record() const noexcept {
    return record_;
  }  ///< e.g. "archive/data.pkl"; may be empty
  [[nodiscard]] std::uint64_t offset() const noexcept {
    return offset_;
  }  ///< in the record; kNoOffset if unknown

 private:
  std::string reason_, file_, record_;
  std::uint64_t offset_;
};

/// The operating system said no: which file, what was tried, errno.
class IoError : public Error {
 public:
  IoError(const std::string& action, std::string file, int error_number);

  [[nodiscard]] const std::string& file() const noexcept { return file_; }
  [[nodiscard]] int error_number() const noexcept { return error_number_; }

 private:
  std::string file_;
  int error_number_;
};

/// Throws `E` with a formatted message unless `condition` holds.
template <class E = Error, class... Args>
void check(bool condition, fmt::format_string<Args...> text, Args&&... args) {
  if (!condition) [[unlikely]] {
    throw E(fmt::format(text, std::forward<Args>(args)...));
  }
}

}  // namespace ballast
