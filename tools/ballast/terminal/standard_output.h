// Writing what a command has to say.
#pragma once

#include <stdexcept>
#include <string_view>

namespace ballast::tool {

/// The reader of standard output has gone (`ballast show f | head`): there is nobody left to tell, and nothing is wrong.
class ClosedPipe : public std::runtime_error {
 public:
  ClosedPipe() : std::runtime_error("standard output was closed") {}
};

/// Writes all of `text`. ClosedPipe, or IoError where the system refuses otherwise (a full disk).
void write_to_standard_output(std::string_view text);

}  // namespace ballast::tool
