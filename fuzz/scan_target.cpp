// What `ballast verify` does: the pickles of a file found and scanned as leniently as can be, and the file loaded.
#include <cstddef>
#include <cstdint>

#include "fuzz/file_input.h"

#include "ballast/checkpoint/pickle/pickle_scan.h"
#include "ballast/checkpoint/verify.h"
#include "ballast/core/error.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace ballast;
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  if (const auto scan = checkpoint::scan_pickle(bytes, {}); scan.end > size) __builtin_trap();
  try {
    const auto report = checkpoint::verify(fuzz::file_of({data, size}));
    for (const auto& f : report.findings) {
      if (f.why.empty()) __builtin_trap();
    }
  } catch (const Error&) {
    // It could not be read.
  }
  return 0;
}
