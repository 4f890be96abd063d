// A block of a quantised tensor, and how its bytes are looked at. For the files that know the blocks.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>

#include "ballast/core/minifloat.h"

namespace ballast::checkpoint {

/// The bytes of one block.
struct BlockBytes {
  const std::uint8_t* at;

  [[nodiscard]] std::uint8_t u8(std::size_t i) const { return at[i]; }
  [[nodiscard]] int i8(std::size_t i) const { return static_cast<std::int8_t>(at[i]); }
  [[nodiscard]] std::uint16_t u16(std::size_t i) const { return load<std::uint16_t>(i); }
  [[nodiscard]] std::uint32_t u32(std::size_t i) const { return load<std::uint32_t>(i); }
  [[nodiscard]] float f16(std::size_t i) const { return static_cast<float>(Half::from_bits(u16(i))); }
  [[nodiscard]] float f32(std::size_t i) const { return load<float>(i); }
  [[nodiscard]] int low(std::size_t i) const { return at[i] & 0x0F; }
  [[nodiscard]] int high(std::size_t i) const { return at[i] >> 4; }

 private:
  template <class T>
  [[nodiscard]] T load(std::size_t i) const {
    T v;
    std::memcpy(&v, at + i, sizeof(T));
    return v;
  }
};

/// Calls `block(bytes, out)` for each of `n` blocks.
template <std::size_t Bytes, std::size_t Numbers, class Block>
void each_block(const std::byte* blocks, std::size_t n, float* out, Block block) {
  const auto* at = reinterpret_cast<const std::uint8_t*>(blocks);
  for (std::size_t i = 0; i < n; ++i) block(BlockBytes{at + i * Bytes}, out + i * Numbers);
}

/// The values of the four bits in the types "iq4": closer together near zero.
inline constexpr std::int8_t kIq4Values[16] = {-127, -104, -83, -65, -49, -35, -22, -10,
                                               1,    13,   25,  38,  53,  69,  89,  113};

}  // namespace ballast::checkpoint
