#include "ballast/core/error.h"

#include <cstring>

namespace ballast {
namespace {

std::string format_message(const std::string& reason, const std::string& file, const std::string& record,
                           std::uint64_t offset) {
  std::string out;
  if (!file.empty()) out += file + ": ";
  if (!record.empty()) out += record + ": ";
  out += reason;
  if (offset != FormatError::kNoOffset) out += fmt::format(" (at byte {})", offset);
  return out;
}

}  // namespace

FormatError::FormatError(std::string reason, std::string file, std::string record, std::uint64_t offset)
    : Error(format_message(reason, file, record, offset)),
      reason_(std::move(reason)),
      file_(std::move(file)),
      record_(std::move(record)),
      offset_(offset) {}

IoError::IoError(const std::string& action, std::string file, int error_number)
    : Error(fmt::format("{}: cannot {}: {}", file, action, std::strerror(error_number))),
      file_(std::move(file)),
      error_number_(error_number) {}

}  // namespace ballast
