// Patterns over dotted names; the library has them.
#pragma once

#include "ballast/core/glob.h"

namespace ballast::tool {

using ballast::glob_matches;

}  // namespace ballast::tool
