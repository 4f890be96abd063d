// Which position holds a key: open addressing over positions, for dictionaries of a file and names of an archive.
//
// Keys come from strangers, who may choose them so that they collide; a search that grows too long is given up with
// LimitError, so n keys cost O(n) whatever they are.
#pragma once

#include <algorithm>
#include <bit>
#include <cstdint>
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
    std::size_t s = hash & (slots_.size() - 1);
    for (std::size_t probes = 0;; s = (s + 1) & (slots_.size() - 1)) {
      const std::uint32_t p = slots_[s];
      if (p == kNone || equal(p)) return p;
      check<LimitError>(++probes < kLongestSearch, "too many keys collide: somebody chose them so");
    }
  }

  /// Room for `n` positions from the start, before the first is entered.
  void reserve(std::size_t n) {
    if (slots_.empty()) slots_.assign(std::bit_ceil(std::max(kFewest, 2 * n)), kNone);
  }

  /// Enters a position that is not there. `hash_of(position)` gives the hashes of those before it, when the table grows.
  template <class HashOf>
  void insert(std::uint32_t position, HashOf&& hash_of) {
    if (slots_.size() < (std::size_t{position} + 1) * 2) {
      std::size_t n = slots_.empty() ? kFewest : slots_.size();
      while (n < (std::size_t{position} + 1) * 2) n *= 2;
      slots_.assign(n, kNone);
      for (std::uint32_t p = 0; p < position; ++p) place(p, hash_of(p));
    }
    place(position, hash_of(position));
  }

 private:
  static constexpr std::size_t kFewest = 16;
  static constexpr std::size_t kLongestSearch = 512;

  void place(std::uint32_t position, std::uint64_t hash) {
    std::size_t s = hash & (slots_.size() - 1);
    for (std::size_t probes = 0; slots_[s] != kNone; s = (s + 1) & (slots_.size() - 1)) {
      check<LimitError>(++probes < kLongestSearch, "too many keys collide: somebody chose them so");
    }
    slots_[s] = position;
  }

  std::vector<std::uint32_t> slots_;
};

}  // namespace ballast::checkpoint
