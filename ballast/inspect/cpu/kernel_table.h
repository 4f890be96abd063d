// The table of one SimdLevel. Included once by each file that is built for a level. Internal.
#pragma once

#include "ballast/inspect/cpu/pair_loops.h"
#include "ballast/inspect/cpu/see_loops.h"
#include "ballast/inspect/cpu/widen_loops.h"

namespace ballast::inspect::detail {
namespace {

constexpr Kernels kernel_table() {
  return {{see<float>, see_pairs<float>},
          {see<double>, see_pairs<double>},
          widen_table<float>(),
          widen_table<double>()};
}

}  // namespace
}  // namespace ballast::inspect::detail
