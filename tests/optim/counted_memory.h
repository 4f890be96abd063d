// Counts what a program asks operator new for; linked into programs that want to know.
#pragma once

namespace ballast::testing {

/// How often memory was asked for so far, by any thread.
[[nodiscard]] long allocations();

}  // namespace ballast::testing
