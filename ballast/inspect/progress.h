// How a long look at tensors tells how far it is, and how it is stopped.
//
//   inspect::statistics(state, {.progress = [&](std::uint64_t done, std::uint64_t total) {
//     if (cancelled) throw Stopped();
//     bar.show(done, total);
//   }});
#pragma once

#include <cstdint>
#include <functional>

namespace ballast::inspect {

/// Called on the calling thread, at first with 0 and at last with `total`, both in bytes of elements; in between after some
/// hundred MiB each. What it throws ends the call and comes out of it: that is how to cancel.
using Progress = std::function<void(std::uint64_t done, std::uint64_t total)>;

}  // namespace ballast::inspect
