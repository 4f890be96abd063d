#include "ballast/core/warning.h"

#include <utility>

namespace ballast {
namespace {
WarningHandler& handler_of_this_thread() {
  thread_local WarningHandler handler;
  return handler;
}
}  // namespace

WarningHandler set_warning_handler(WarningHandler handler) {
  return std::exchange(handler_of_this_thread(), std::move(handler));
}

void warn(std::string_view text) {
  if (const auto& handler = handler_of_this_thread()) handler(text);
}

}  // namespace ballast
