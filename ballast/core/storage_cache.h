// Memory of dropped tensors, kept for the next ones of the same size. A training step makes the same tensors again and
// again; without this each would be given back to the system and paid for anew, page by page.
//
//   set_storage_cache_limit(0);   // keep nothing from now on
//   empty_storage_cache();        // after a large model was dropped: give its memory back now
//   storage_cache_size();         // bytes kept at the moment
//
// Keeping does not let a process grow: the memory in use and the memory kept are together at most half as much again as was
// in use at once before, and at most 256 MiB more than that. Blocks from 16 KiB on are kept, the oldest go first. All of
// it may be called by any thread.
#pragma once

#include <cstddef>

namespace ballast {

/// The most bytes that are kept: at first an eighth of the machine's memory, but at most 4 GiB; 0 under a sanitizer, so that
/// it sees every use of freed memory.
[[nodiscard]] std::size_t storage_cache_limit();
void set_storage_cache_limit(std::size_t bytes);
/// Gives all that is kept back to the system.
void empty_storage_cache() noexcept;
/// Bytes that are kept.
[[nodiscard]] std::size_t storage_cache_size();

namespace detail {

/// Smaller blocks are malloc's business alone.
inline constexpr std::size_t kLeastCachedBlock = std::size_t{16} << 10;
/// From here on first touch in 4 KiB pages costs more than anything else done with the memory: such blocks are aligned to
/// huge pages and ask for them.
inline constexpr std::size_t kLeastHugeBlock = std::size_t{4} << 20;

/// A block of at least `nbytes`, aligned to 16 bytes (huge ones to 2 MiB); null if there is no memory.
[[nodiscard]] void* take_block(std::size_t nbytes) noexcept;
/// Takes back what take_block(nbytes) gave.
void give_block(void* block, std::size_t nbytes) noexcept;

}  // namespace detail
}  // namespace ballast
