// Memory for objects of one size that come and go by the thousand: what a thread frees it keeps for its next ones, up to
// a limit. Without it a state dict of 20,000 tensors gives megabytes back to the system each time it is dropped, and
// pays for every page again when the next is made.
//
//   void* T::operator new(std::size_t) { return BlockCache<sizeof(T)>::allocate(); }
//   void T::operator delete(void* p) noexcept { BlockCache<sizeof(T)>::release(p); }
//
// Blocks may be freed by another thread than the one that made them. Under a sanitizer nothing is kept, so that it sees
// every use of freed memory.
#pragma once

#include <cstddef>
#include <memory>
#include <new>

#include "ballast/core/sanitizer.h"

namespace ballast {

inline constexpr std::size_t kMostBytesKept =
    kUnderSanitizer ? 0 : std::size_t{4} << 20;  ///< a thread and size

template <std::size_t kSize>
class BlockCache {
 public:
  static void* allocate() {
    Block* const b = kept.first;
    if (b == nullptr) return Bytes().allocate(kSize);
    kept.first = b->next;
    --kept.count;
    return b;
  }
  static void release(void* p) noexcept {
    if (kept.count >= kMost || kept.closed) {
      Bytes().deallocate(static_cast<std::byte*>(p), kSize);
      return;
    }
    if (kept.first == nullptr) static thread_local const AtThreadEnd give_back;
    kept.first = new (p) Block{kept.first};
    ++kept.count;
  }
  /// How many blocks this thread keeps.
  [[nodiscard]] static std::size_t count() noexcept { return kept.count; }

 private:
  // ::operator new and delete; the latter is told the size where the compiler's flags let it.
  using Bytes = std::allocator<std::byte>;

  static constexpr std::size_t kMost = kMostBytesKept / kSize;
  struct Block {
    Block* next;
  };
  static_assert(kSize >= sizeof(Block));

  // Without a destructor of its own, so that it can be used until the thread is gone: by objects of static storage, say.
  struct List {
    Block* first = nullptr;
    std::size_t count = 0;
    bool closed = false;
  };
  static inline thread_local constinit List kept;

  struct AtThreadEnd {
    AtThreadEnd() = default;
    AtThreadEnd(const AtThreadEnd&) = delete;
    AtThreadEnd& operator=(const AtThreadEnd&) = delete;
    ~AtThreadEnd() {
      kept.closed = true;
      while (Block* const b = kept.first) {
        kept.first = b->next;
        Bytes().deallocate(reinterpret_cast<std::byte*>(b), kSize);
      }
      kept.count = 0;
    }
  };
};

}  // namespace ballast
