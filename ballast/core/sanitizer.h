// Whether this is compiled for AddressSanitizer or ThreadSanitizer, which make memory larger and everything slower, and
// must not be kept from seeing what is freed.
#pragma once

namespace ballast {

// GCC says it by macros, clang by features.
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
inline constexpr bool kUnderSanitizer = true;
#elif defined(__has_feature)
inline constexpr bool kUnderSanitizer = __has_feature(address_sanitizer) || __has_feature(thread_sanitizer);
#else
inline constexpr bool kUnderSanitizer = false;
#endif

}  // namespace ballast
