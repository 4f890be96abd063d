// Memory of dropped storages: used again by the next of its size, within limits, and given back when asked.
#include "ballast/core/storage_cache.h"

#include <cstring>
#include <optional>
#include <thread>
#include <vector>

#include <gtest/gtest.h>

#include "ballast/core/storage.h"

namespace ballast {
namespace {

constexpr std::size_t kMiB = std::size_t{1} << 20;

/// Each test starts with nothing kept and, sanitizer or not, with room to keep.
class StorageCacheTest : public testing::Test {
 protected:
  StorageCacheTest() {
    empty_storage_cache();
    set_storage_cache_limit(512 * kMiB);
  }
  ~StorageCacheTest() override {
    empty_storage_cache();
    set_storage_cache_limit(limit_before_);
  }

 private:
  std::size_t limit_before_ = storage_cache_limit();
};

TEST_F(StorageCacheTest, NextOfTheSameSizeGetsTheMemory) {
  for (const std::size_t n :
       {std::size_t{16} << 10, 100'000ul, 3 * kMiB + 5, 4 * kMiB - 1, 4 * kMiB, 9 * kMiB + 1}) {
    empty_storage_cache();
    std::optional<Storage> s = Storage::allocate(n);
    const std::byte* const data = s->data();
    s.reset();
    EXPECT_GE(storage_cache_size(), n);
    const Storage again = Storage::allocate(n);
    EXPECT_EQ(again.data(), data) << n;
    EXPECT_EQ(storage_cache_size(), 0u) << n;
  }
}

TEST_F(StorageCacheTest, SmallOnesAreNotKept) {
  { const Storage s = Storage::allocate(8 << 10); }
  EXPECT_EQ(storage_cache_size(), 0u);
}

TEST_F(StorageCacheTest, TheLatestIsUsedFirstAndTheOldestGoesFirst) {
  std::vector<Storage> all;
  for (int i = 0; i < 3; ++i) all.push_back(Storage::allocate(kMiB));
  std::vector<const std::byte*> dropped;
  for (Storage& s : all) {
    dropped.push_back(s.data());
    s = Storage();
  }
  const std::size_t one = storage_cache_size() / 3;
  set_storage_cache_limit(2 * one);
  EXPECT_EQ(storage_cache_size(), 2 * one);
  const Storage last = Storage::allocate(kMiB);
  EXPECT_EQ(last.data(), dropped[2]);
  const Storage middle = Storage::allocate(kMiB);
  EXPECT_EQ(middle.data(), dropped[1]);
  EXPECT_EQ(storage_cache_size(), 0u);
}

TEST_F(StorageCacheTest, LimitsHold) {
  std::vector<Storage> all;
  for (int i = 0; i < 10; ++i) all.push_back(Storage::allocate(kMiB));
  set_storage_cache_limit(4 * kMiB);
  all.clear();
  EXPECT_LE(storage_cache_size(), 4 * kMiB);
  EXPECT_GE(storage_cache_size(), 3 * kMiB);
  set_storage_cache_limit(0);
  EXPECT_EQ(storage_cache_size(), 0u);
  { const Storage s = Storage::allocate(kMiB); }
  EXPECT_EQ(storage_cache_size(), 0u);
}

TEST_F(StorageCacheTest, InUseAndKeptAreTogetherLittleMoreThanWasInUseBefore) {
  constexpr std::size_t kMost = 24 * kMiB;
  { const Storage s = Storage::allocate(kMost); }  // what a larger one did not use
  empty_storage_cache();
  // Sizes that never come again: kept for nothing, so they have to make room.
  std::vector<Storage> in_use;
  std::size_t bytes = 0;
  for (std::size_t round = 0; round < 200; ++round) {
    const std::size_t n = 64 * 1024 * (1 + round * 7 % 61);
    if (bytes + n > 10 * kMiB) {
      in_use.clear();
      bytes = 0;
    }
    in_use.push_back(Storage::allocate(n));
    bytes += n;
    EXPECT_LE(storage_cache_size() + bytes, kMost + kMost / 2);
  }
  EXPECT_GT(storage_cache_size(), 0u);
}

TEST_F(StorageCacheTest, EmptyingGivesAllBackAndHarmsNothing) {
  const Storage kept = Storage::allocate(kMiB);
  std::memset(kept.mutable_data(), 7, kMiB);
  { const Storage s = Storage::allocate(kMiB); }
  EXPECT_GT(storage_cache_size(), 0u);
  empty_storage_cache();
  EXPECT_EQ(storage_cache_size(), 0u);
  for (std::size_t i = 0; i < kMiB; ++i) ASSERT_EQ(kept.data()[i], std::byte{7});
}

TEST_F(StorageCacheTest, NoMemoryIsSharedByTwoAndThreadsMayShareTheCache) {
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t) {
    threads.emplace_back([t] {
      std::vector<Storage> own(8);
      for (int round = 0; round < 300; ++round) {
        const std::size_t i = static_cast<std::size_t>(round) % own.size();
        const std::size_t n = 20'000u + 40'000u * (static_cast<std::size_t>(round) % 5);
        own[i] = Storage::allocate(n);
        std::memset(own[i].mutable_data(), t * 8 + static_cast<int>(i), n);
        for (std::size_t k = 0; k < own.size(); ++k) {
          if (!own[k].defined()) continue;
          const auto expected = static_cast<std::byte>(t * 8 + static_cast<int>(k));
          ASSERT_EQ(own[k].data()[0], expected);
          ASSERT_EQ(own[k].data()[own[k].nbytes() - 1], expected);
        }
      }
    });
  }
  for (std::thread& t : threads) t.join();
}

}  // namespace
}  // namespace ballast
