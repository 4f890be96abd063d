// The library's figures are the command's.
#pragma once

#include "ballast/core/figures.h"

namespace ballast::tool {

using ballast::byte_size;
using ballast::rounded_count;
using ballast::with_commas;

}  // namespace ballast::tool
