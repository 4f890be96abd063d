// Which position holds a key: open addressing over positions, for dictionaries of a file and names of an archive.
//
// Keys come from strangers, who may choose them so that they collide; a search that grows too long is given up with
// LimitError, so n keys cost O(n) whatever they are.
#pragma once

#include <algorithm>
#include <bit>
#include <cstdint>
#include <utility>
#include <vector>

#include "ballast/core/error.h"

namespace ballast::checkpoint {

/// Spreads a hash over all bits (Steele, Lea, Flood: "Fast splittable pseudorandom number generators", 2014, mix64).
[[nodiscard]] constexpr std::uint64_t mix_hash(std::uint64_t h) noexcept {
  h = (h ^ (h >> 30)) * 0xBF58476D1CE4E5B9u;
  h = (h ^ (h >> 27)) * 0x94D049BB133111EBu;
  return h ^ (h >> 31);
}

class ProbeTable {
 public:
  static constexpr std::uint32_t kNone = ~std::uint32_t{0};

  /// The position for which `equal(position)` holds among those entered under `hash`, or kNone.
  template <class Equal>
  [[nodiscard]] std::uint32_t find(std::uint64_t hash, Equal&& equal) const {
    if (slots_.empty()) return kNone;
    const std::uint32_t tag = tag_of(hash);
    std::size_t s = tag & (slots_.size() - 1);
    for (std::size_t probes = 0;; s = (s + 1) & (slots_.size() - 1)) {
      const Slot slot = slots_[s];
      if (slot.position == kNone || (slot.tag == tag && equal(slot.position))) return slot.position;
      check<LimitError>(++probes < kLongestSearch, "too many keys collide: somebody chose them so");
    }
  }

  /// Room for `n` positions from the start, before the first is entered.
  void reserve(std::size_t n) {
    if (slots_.empty()) slots_.assign(std::bit_ceil(std::max(kFewest, 2 * n)), Slot{});
  }

  /// Enters a position that is not there.
  void insert(std::uint32_t position, std::uint64_t hash) {
    if (slots_.size() < (used_ + 1) * 2) grow();
    place({position, tag_of(hash)});
    ++used_;
  }

 private:
  static constexpr std::size_t kFewest = 16;
  static constexpr std::size_t kLongestSearch = 512;

  /// Part of the hash stands beside the position: most keys that differ are told apart without looking at them, and the
  /// table grows without asking for hashes.
  struct Slot {
    std::uint32_t position = kNone;
    std::uint32_t tag = 0;
  };

  static std::uint32_t tag_of(std::uint64_t hash) { return static_cast<std::uint32_t>(hash ^ (hash >> 32)); }

  void grow() {
    const std::vector<Slot> before =
        std::exchange(slots_, std::vector<Slot>(std::max(kFewest, slots_.size() * 2)));
    for (const Slot& slot : before) {
      if (slot.position != kNone) place(slot);
    }
  }

  void place(Slot slot) {
    std::size_t s = slot.tag & (slots_.size() - 1);
    for (std::size_t probes = 0; slots_[s].position != kNone; s = (s + 1) & (slots_.size() - 1)) {
      check<LimitError>(++probes < kLongestSearch, "too many keys collide: somebody chose them so");
    }
    slots_[s] = slot;
  }

  std::vector<Slot> slots_;
  std::size_t used_ = 0;
};

}  // namespace ballast::checkpoint
