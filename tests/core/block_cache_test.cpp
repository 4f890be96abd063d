#include "ballast/core/block_cache.h"

#include <thread>
#include <vector>

#include <gtest/gtest.h>

namespace ballast {
namespace {

using Cache = BlockCache<136>;
constexpr bool kKeeps = kMostBytesKept > 0;

TEST(BlockCache, GivesABlockAgain) {
  void* const first = Cache::allocate();
  Cache::release(first);
  EXPECT_EQ(Cache::count(), kKeeps ? 1U : 0U);
  void* const second = Cache::allocate();
  if (kKeeps) {
    EXPECT_EQ(second, first);
  }
  EXPECT_EQ(Cache::count(), 0U);
  Cache::release(second);
}

TEST(BlockCache, KeepsNoMoreThanItsLimit) {
  std::thread([] {
    std::vector<void*> blocks(kMostBytesKept / 136 + 100);
    for (void*& b : blocks) b = Cache::allocate();
    for (void* b : blocks) Cache::release(b);
    EXPECT_EQ(Cache::count(), kMostBytesKept / 136);
  }).join();
}

TEST(BlockCache, TakesBlocksOfOtherThreads) {
  std::vector<void*> blocks(1000);
  std::thread([&] {
    for (void*& b : blocks) b = Cache::allocate();
  }).join();
  const std::size_t before = Cache::count();
  for (void* b : blocks) Cache::release(b);
  EXPECT_EQ(Cache::count() - before, kKeeps ? 1000U : 0U);
}

TEST(BlockCache, LetsObjectsOutliveTheirThreadsList) {
  struct Late {
    void* block = nullptr;
    ~Late() { Cache::release(block); }  // after the list was given back: it was made before
  };
  std::thread([] {
    static thread_local Late late;
    late.block = Cache::allocate();
    Cache::release(Cache::allocate());
  }).join();
}

}  // namespace
}  // namespace ballast
