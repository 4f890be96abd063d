// A set of pointers, and a map from pointers: open addressing, no memory until the first one. What makes listing each
// shared parameter once cheap.
//
//   PointerSet seen;
//   if (seen.insert(p)) ...;      // p is new
#pragma once

#include <cstddef>
#include <cstdint>
#include <utility>
#include <vector>

namespace ballast::nn {

template <class Value>
class PointerMap {
 public:
  /// The value of `key` (not null), made by default if it is new; `second` says whether it is.
  std::pair<Value*, bool> emplace(const void* key) {
    if ((size_ + 1) * 2 > slots_.size()) grow();
    Slot& slot = slots_[probe(key)];
    const bool fresh = slot.key == nullptr;
    if (fresh) {
      slot.key = key;
      ++size_;
    }
    return {&slot.value, fresh};
  }
  [[nodiscard]] Value* find(const void* key) {
    if (slots_.empty()) return nullptr;
    Slot& slot = slots_[probe(key)];
    return slot.key == nullptr ? nullptr : &slot.value;
  }
  [[nodiscard]] std::size_t size() const noexcept { return size_; }
  void reserve(std::size_t n) {
    while (slots_.size() < n * 2) grow();
  }

 private:
  struct Slot {
    const void* key = nullptr;
    [[no_unique_address]] Value value{};
  };
  [[nodiscard]] std::size_t probe(const void* key) const {
    // Multiplying spreads the low bits, which alignment leaves zero, over the high ones, which are taken.
    std::size_t i =
        static_cast<std::size_t>((reinterpret_cast<std::uintptr_t>(key) * 0x9E3779B97F4A7C15ULL) >> shift_);
    while (slots_[i].key != nullptr && slots_[i].key != key) i = (i + 1) & (slots_.size() - 1);
    return i;
  }
  void grow() {
    std::vector<Slot> old(slots_.empty() ? std::size_t{32} : slots_.size() * 2);
    old.swap(slots_);
    shift_ = 64;
    for (std::size_t n = slots_.size(); n > 1; n /= 2) --shift_;
    for (Slot& s : old) {
      if (s.key != nullptr) slots_[probe(s.key)] = std::move(s);
    }
  }

  std::vector<Slot> slots_;
  std::size_t size_ = 0;
  unsigned shift_ = 64;
};

class PointerSet {
 public:
  /// Whether `key` (not null) was not in the set before.
  bool insert(const void* key) { return map_.emplace(key).second; }
  [[nodiscard]] bool contains(const void* key) { return map_.find(key) != nullptr; }
  [[nodiscard]] std::size_t size() const noexcept { return map_.size(); }
  void reserve(std::size_t n) { map_.reserve(n); }

 private:
  struct Nothing {};
  PointerMap<Nothing> map_;
};

}  // namespace ballast::nn
