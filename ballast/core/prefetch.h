// Hints for loops over many small tensors, whose time is waiting for memory: an object, its storage and the values each
// lie somewhere else. Ask for the object some steps ahead, for the storage fewer steps ahead (its address stands in the
// object), and both are there when their turn comes. Hints change no result.
#pragma once

#include "ballast/core/tensor.h"

namespace ballast {

inline void prefetch_object(const Tensor& t) noexcept { __builtin_prefetch(t.unsafeGetTensorImpl()); }

/// The storage's object and, of a small storage, the first values, which stand behind it.
inline void prefetch_storage(const Tensor& t) noexcept {
  if (!t.defined()) return;
  const auto* const at = static_cast<const char*>(t.unsafeGetTensorImpl()->storage.id());
  __builtin_prefetch(at);
  __builtin_prefetch(at + 64);
}

}  // namespace ballast
