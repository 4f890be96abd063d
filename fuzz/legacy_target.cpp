#include <cstddef>
#include <cstdint>

#include "fuzz/file_input.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  ballast::fuzz::load_input({data, size});
  return 0;
}
