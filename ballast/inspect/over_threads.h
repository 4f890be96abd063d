// One pass over a tensor whose result does not depend on the order of elements, such as counts. Internal.
#pragma once

#include <algorithm>
#include <atomic>
#include <mutex>

#include "ballast/core/parallel.h"
#include "ballast/inspect/pieces.h"

namespace ballast::inspect::detail {

/// Every thread looks at pieces with a copy of `fresh` of its own: `look(local, piece)`; then `merge(local)`, one at a time. `fresh`
/// is taken by value, as what the threads merge into may have been passed for it.
template <class Local, class Look, class Merge>
void over_threads(const Tensor& tensor, const Local fresh, const Look& look, const Merge& merge) {
  const std::int64_t n = tensor.numel();
  const std::int64_t pieces = (n + kPieceElements - 1) / kPieceElements;
  std::atomic<std::int64_t> next{0};
  std::mutex mutex;
  const auto work = [&](int) {
    Local local = fresh;
    for (std::int64_t i = next.fetch_add(1); i < pieces; i = next.fetch_add(1)) {
      look(local, Piece{0, i * kPieceElements, std::min((i + 1) * kPieceElements, n)});
    }
    const std::lock_guard lock(mutex);
    merge(local);
  };
  parallel_tasks(static_cast<int>(std::min<std::int64_t>(pieces, get_num_threads())), work);
}

}  // namespace ballast::inspect::detail
