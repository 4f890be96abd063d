// Warnings: what PyTorch would say through Python's `warnings`. The library prints nothing itself; a program
// that wants to hear them sets a handler.
//
//   ballast::set_warning_handler([](std::string_view text) { std::cerr << "warning: " << text << '\n'; });
#pragma once

#include <functional>
#include <string_view>

namespace ballast {

using WarningHandler = std::function<void(std::string_view text)>;

/// Sets this thread's handler and returns the one before. An empty handler (the default) drops warnings.
WarningHandler set_warning_handler(WarningHandler handler);

/// Gives `text` to this thread's handler.
void warn(std::string_view text);

}  // namespace ballast
