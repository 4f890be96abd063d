#include "tools/ballast/terminal/standard_output.h"

#include <cerrno>

#include <unistd.h>

#include "ballast/core/error.h"

namespace ballast::tool {

void write_to_standard_output(std::string_view text) {
  while (!text.empty()) {
    const ssize_t n = ::write(STDOUT_FILENO, text.data(), text.size());
    if (n >= 0) {
      text.remove_prefix(static_cast<std::size_t>(n));
    } else if (errno == EPIPE) {
      throw ClosedPipe();
    } else if (errno != EINTR) {
      throw IoError("write it", "standard output", errno);
    }
  }
}

}  // namespace ballast::tool
