// Where bytes come from, how long they live, and when two storages are one.
#include "ballast/core/storage.h"

#include <cstring>
#include <limits>
#include <thread>
#include <vector>

#include <gtest/gtest.h>

#include "ballast/core/error.h"

namespace ballast {
namespace {

using Kind = StorageImpl::Kind;

TEST(StorageTest, OwnedMemoryIsAlignedTo64Bytes) {
  for (const std::size_t n :
       {0, 1, 7, 63, 64, 65, 1000, 4095, 1 << 20, (4 << 20) - 1, 4 << 20, (5 << 20) + 3}) {
    const Storage s = Storage::allocate(n);
    EXPECT_EQ(reinterpret_cast<std::uintptr_t>(s.data()) % 64, 0u) << n;
    EXPECT_EQ(s.nbytes(), n);
    EXPECT_EQ(s.kind(), Kind::kOwned);
    EXPECT_TRUE(s.device().is_cpu());
    if (n > 0) std::memset(s.mutable_data(), 0xAB, n);
  }
}

TEST(StorageTest, WhatCannotBeAllocatedThrows) {
  EXPECT_THROW((void)Storage::allocate(std::numeric_limits<std::size_t>::max()), LimitError);
  EXPECT_THROW((void)Storage::allocate(std::numeric_limits<std::size_t>::max() - 100), LimitError);
}

TEST(StorageTest, CopiesAreOneStorage) {
  const Storage a = Storage::allocate(8);
  const Storage b = a;
  const Storage c = Storage::allocate(8);
  EXPECT_TRUE(a.is_same(b));
  EXPECT_EQ(a.id(), b.id());
  EXPECT_FALSE(a.is_same(c));
  EXPECT_NE(a.id(), c.id());
  EXPECT_EQ(a.data(), b.data());
  EXPECT_EQ(a.use_count(), 2u);
  EXPECT_FALSE(Storage().defined());
  EXPECT_EQ(Storage().use_count(), 0u);
}

TEST(StorageTest, BorrowedMemoryIsReleasedOnceByTheLastHandle) {
  int memory = 0;
  std::vector<void*> released;
  {
    const Storage a = Storage::borrowed(&memory, sizeof memory, [&](void* p) { released.push_back(p); });
    EXPECT_EQ(a.kind(), Kind::kBorrowed);
    EXPECT_EQ(a.mutable_data(), reinterpret_cast<std::byte*>(&memory));
    { const Storage b = a; }
    EXPECT_TRUE(released.empty());
  }
  EXPECT_EQ(released, std::vector<void*>{&memory});
}

TEST(StorageTest, BorrowedMemoryNeedsNoRelease) {
  int memory = 0;
  const Storage s = Storage::borrowed(&memory, sizeof memory, nullptr);
  EXPECT_EQ(s.nbytes(), sizeof memory);
}

TEST(StorageTest, AMappingLivesAsLongAsItsBytesAreUsed) {
  auto file = std::make_shared<std::vector<std::byte>>(100);
  const std::weak_ptr<std::vector<std::byte>> watch = file;
  {
    std::byte* bytes = file->data();
    const Storage s = Storage::mapped(bytes + 10, 20, std::move(file));
    EXPECT_EQ(s.kind(), Kind::kMapped);
    EXPECT_EQ(s.data(), bytes + 10);
    EXPECT_FALSE(watch.expired());
  }
  EXPECT_TRUE(watch.expired());
}

TEST(StorageTest, AMetaStorageHasASizeAndNoMemory) {
  const Storage s = Storage::meta(std::size_t{1} << 60);
  EXPECT_EQ(s.nbytes(), std::size_t{1} << 60);
  EXPECT_EQ(s.data(), nullptr);
  EXPECT_TRUE(s.device().is_meta());
}

TEST(StorageTest, HandlesMayComeAndGoOnSeveralThreads) {
  int memory = 0;
  int released = 0;
  {
    const Storage s = Storage::borrowed(&memory, sizeof memory, [&](void*) { ++released; });
    std::vector<std::thread> threads;
    for (int t = 0; t < 4; ++t) {
      threads.emplace_back([s] {
        for (int i = 0; i < 10'000; ++i) {
          const Storage copy = s;
          if (!copy.defined()) return;
        }
      });
    }
    for (std::thread& t : threads) t.join();
  }
  EXPECT_EQ(released, 1);
}

}  // namespace
}  // namespace ballast
