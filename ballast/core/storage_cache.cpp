#include "ballast/core/storage_cache.h"

#include <algorithm>
#include <array>
#include <bit>
#include <cstdlib>
#include <limits>
#include <mutex>
#include <new>

#include <sys/mman.h>
#include <unistd.h>

#include "ballast/core/sanitizer.h"

namespace ballast {
namespace {

constexpr std::size_t kHugePage = std::size_t{2} << 20;
// Memory in use and memory kept may together be this much above what was in use at once, and at most half: the sizes that a step
// needs early and late differ, and those of the next step are again the early ones.
constexpr std::size_t kMostSlack = std::size_t{256} << 20;
constexpr std::size_t kMostCacheable = std::size_t{1} << 40;
// Sizes are rounded up to one of so many in each octave, so that tensors of nearly one size use each other's blocks.
constexpr std::size_t kClasses = 8;
constexpr int kLeastOctave = std::bit_width(detail::kLeastCachedBlock) - 1;
constexpr int kOctaves = std::bit_width(kMostCacheable) - kLeastOctave;

std::size_t round_up(std::size_t n, std::size_t step) { return (n + step - 1) / step * step; }

/// The size of the block for `nbytes`; of those beyond what is ever kept, `nbytes` itself.
std::size_t block_size(std::size_t nbytes) {
  if (nbytes >= kMostCacheable) return nbytes;
  const std::size_t size = round_up(nbytes, std::bit_floor(nbytes) / kClasses);
  return nbytes >= detail::kLeastHugeBlock ? round_up(size, kHugePage) : size;
}

std::size_t bin_of(std::size_t size) {
  const int octave = std::bit_width(size) - 1;
  const std::size_t step = (std::size_t{1} << octave) / kClasses;
  return static_cast<std::size_t>(octave - kLeastOctave) * kClasses + size / step - kClasses;
}

void* from_system(std::size_t size) noexcept {
  if (size < detail::kLeastHugeBlock) return std::malloc(size);
  if (size > std::numeric_limits<std::size_t>::max() - kHugePage) return nullptr;
  void* const p = std::aligned_alloc(kHugePage, round_up(size, kHugePage));
  if (p != nullptr) madvise(p, size, MADV_HUGEPAGE);  // a hint: without it everything works, slower
  return p;
}

std::size_t default_limit() {
  if (kUnderSanitizer) return 0;
  const long pages = sysconf(_SC_PHYS_PAGES);
  const long page = sysconf(_SC_PAGESIZE);
  if (pages <= 0 || page <= 0) return 0;
  return std::min(static_cast<std::size_t>(pages) / 8 * static_cast<std::size_t>(page), std::size_t{4} << 30);
}

class Cache {
 public:
  /// Never destroyed: tensors of static storage outlive everything.
  static Cache& of_process() {
    static Cache& cache = *new Cache;
    return cache;
  }

  void* take(std::size_t size) noexcept {
    {
      const std::lock_guard lock(mutex_);
      in_use_ += size;
      if (Kept* const kept = bins_[bin_of(size)]) {
        remove(*kept);
        most_in_use_ = std::max(most_in_use_, in_use_);
        return kept;
      }
      const std::size_t most = std::max(most_in_use_, in_use_);
      shrink(most + std::min(most / 2, kMostSlack) - in_use_);
    }
    void* p = from_system(size);
    if (p == nullptr) {
      empty();
      p = from_system(size);
    }
    const std::lock_guard lock(mutex_);
    if (p == nullptr) {
      in_use_ -= size;
    } else {
      most_in_use_ = std::max(most_in_use_, in_use_);
    }
    return p;
  }

  void give(void* block, std::size_t size) noexcept {
    const std::lock_guard lock(mutex_);
    in_use_ -= size;
    if (size > limit_) {
      std::free(block);
      return;
    }
    shrink(limit_ - size);
    auto* const kept = new (block) Kept{size};
    kept->older = newest_;
    (newest_ != nullptr ? newest_->newer : oldest_) = kept;
    newest_ = kept;
    Kept*& bin = bins_[bin_of(size)];
    kept->next_of_size = bin;
    if (bin != nullptr) bin->before_of_size = kept;
    bin = kept;
    kept_ += size;
  }

  void empty() noexcept {
    const std::lock_guard lock(mutex_);
    shrink(0);
  }
  void set_limit(std::size_t bytes) noexcept {
    const std::lock_guard lock(mutex_);
    limit_ = bytes;
    shrink(bytes);
  }
  std::size_t limit() noexcept {
    const std::lock_guard lock(mutex_);
    return limit_;
  }
  std::size_t size() noexcept {
    const std::lock_guard lock(mutex_);
    return kept_;
  }

 private:
  /// Lies in the block itself.
  struct Kept {
    std::size_t size;
    Kept* newer = nullptr;
    Kept* older = nullptr;
    Kept* before_of_size = nullptr;
    Kept* next_of_size = nullptr;
  };

  void remove(Kept& k) noexcept {
    (k.newer != nullptr ? k.newer->older : newest_) = k.older;
    (k.older != nullptr ? k.older->newer : oldest_) = k.newer;
    (k.before_of_size != nullptr ? k.before_of_size->next_of_size : bins_[bin_of(k.size)]) = k.next_of_size;
    if (k.next_of_size != nullptr) k.next_of_size->before_of_size = k.before_of_size;
    kept_ -= k.size;
  }

  /// Keeps at most `bytes`.
  void shrink(std::size_t bytes) noexcept {
    while (kept_ > bytes) {
      Kept* const k = oldest_;
      remove(*k);
      std::free(k);
    }
  }

  std::mutex mutex_;
  std::size_t limit_ = default_limit();
  std::size_t in_use_ = 0, most_in_use_ = 0, kept_ = 0;
  Kept* newest_ = nullptr;
  Kept* oldest_ = nullptr;
  std::array<Kept*, kClasses * kOctaves> bins_{};
};

}  // namespace

void* detail::take_block(std::size_t nbytes) noexcept {
  if (nbytes < kLeastCachedBlock) return std::malloc(nbytes);
  const std::size_t size = block_size(nbytes);
  return size < kMostCacheable ? Cache::of_process().take(size) : from_system(size);
}

void detail::give_block(void* block, std::size_t nbytes) noexcept {
  if (nbytes < kLeastCachedBlock) return std::free(block);
  const std::size_t size = block_size(nbytes);
  if (size < kMostCacheable) {
    Cache::of_process().give(block, size);
  } else {
    std::free(block);
  }
}

std::size_t storage_cache_limit() { return Cache::of_process().limit(); }
void set_storage_cache_limit(std::size_t bytes) { Cache::of_process().set_limit(bytes); }
void empty_storage_cache() noexcept { Cache::of_process().empty(); }
std::size_t storage_cache_size() { return Cache::of_process().size(); }

}  // namespace ballast
