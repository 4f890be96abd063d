// Something known of objects in memory, by their address: what std::unordered_map<const void*, T> does, in one block.
//
//   IdentityMap<std::uint32_t> places;
//   const auto [place, first] = places.insert(&object, 7);     // if it is not there
//   if (const std::uint32_t* p = places.find(&object)) ...     // valid until the next insert
#pragma once

#include <cstddef>
#include <cstdint>
#include <utility>
#include <vector>

#include "ballast/checkpoint/tree/probe_table.h"

namespace ballast::checkpoint {

template <class T>
class IdentityMap {
 public:
  /// Null if the object is not there, or there is no object.
  [[nodiscard]] const T* find(const void* object) const {
    if (slots_.empty() || object == nullptr) return nullptr;
    const Slot& s = slots_[place_of(object)];
    return s.object == nullptr ? nullptr : &s.value;
  }

  /// The value of an object, and whether it was entered now. `object` is not null.
  std::pair<T*, bool> insert(const void* object, T value) {
    if (slots_.size() < 2 * (size_ + 1)) grow();
    Slot& s = slots_[place_of(object)];
    if (s.object != nullptr) return {&s.value, false};
    s = {object, std::move(value)};
    ++size_;
    return {&s.value, true};
  }

 private:
  struct Slot {
    const void* object = nullptr;
    T value{};
  };

  /// Where the object is, or would be.
  [[nodiscard]] std::size_t place_of(const void* object) const {
    const std::size_t mask = slots_.size() - 1;
    std::size_t s = mix_hash(reinterpret_cast<std::uintptr_t>(object)) & mask;
    while (slots_[s].object != nullptr && slots_[s].object != object) s = (s + 1) & mask;
    return s;
  }

  void grow() {
    constexpr std::size_t kFirst = 16;
    std::vector<Slot> old(slots_.empty() ? kFirst : 2 * slots_.size());
    old.swap(slots_);
    for (Slot& s : old) {
      if (s.object != nullptr) slots_[place_of(s.object)] = std::move(s);
    }
  }

  std::vector<Slot> slots_;  // a power of two, at most half full
  std::size_t size_ = 0;
};

}  // namespace ballast::checkpoint
