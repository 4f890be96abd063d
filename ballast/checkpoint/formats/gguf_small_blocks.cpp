// Blocks of 32 numbers. Of four or five bits, the low halves of 16 bytes are the first 16 numbers, the high ones the others.
#include <bit>

#include "ballast/checkpoint/formats/gguf_block_bytes.h"
#include "ballast/checkpoint/formats/gguf_blocks.h"

namespace ballast::checkpoint {
namespace {

constexpr std::size_t kNumbers = 32;
constexpr std::size_t kHalf = kNumbers / 2;

/// Twice the values of e2m1, a float of four bits (OCP MX 1.0).
constexpr std::int8_t kE2m1Values[16] = {0, 1, 2, 3, 4, 6, 8, 12, 0, -1, -2, -3, -4, -6, -8, -12};

/// Half of 2^(e - 127), which for the two smallest e is a denormal number.
float half_power(std::uint32_t e) {
  constexpr std::uint32_t kQuarterOfSmallest = 0x00200000;
  constexpr int kMantissaBits = 23;
  return std::bit_cast<float>(e < 2 ? kQuarterOfSmallest << e : (e - 1) << kMantissaBits);
}

}  // namespace

void floats_of_q4_0(const std::byte* blocks, std::size_t n, float* out) {
  each_block<18, kNumbers>(blocks, n, out, [](BlockBytes b, float* x) {
    const float d = b.f16(0);
    for (std::size_t j = 0; j < kHalf; ++j) {
      x[j] = d * static_cast<float>(b.low(2 + j) - 8);
      x[j + kHalf] = d * static_cast<float>(b.high(2 + j) - 8);
    }
  });
}

void floats_of_q4_1(const std::byte* blocks, std::size_t n, float* out) {
  each_block<20, kNumbers>(blocks, n, out, [](BlockBytes b, float* x) {
    const float d = b.f16(0);
    const float m = b.f16(2);
    for (std::size_t j = 0; j < kHalf; ++j) {
      x[j] = d * static_cast<float>(b.low(4 + j)) + m;
      x[j + kHalf] = d * static_cast<float>(b.high(4 + j)) + m;
    }
  });
}

void floats_of_q5_0(const std::byte* blocks, std::size_t n, float* out) {
  each_block<22, kNumbers>(blocks, n, out, [](BlockBytes b, float* x) {
    const float d = b.f16(0);
    const std::uint32_t fifth = b.u32(2);
    const auto bit = [&](std::size_t i) { return static_cast<int>(fifth >> i & 1) << 4; };
    for (std::size_t j = 0; j < kHalf; ++j) {
      x[j] = d * static_cast<float>((b.low(6 + j) | bit(j)) - 16);
      x[j + kHalf] = d * static_cast<float>((b.high(6 + j) | bit(j + kHalf)) - 16);
    }
  });
}

void floats_of_q5_1(const std::byte* blocks, std::size_t n, float* out) {
  each_block<24, kNumbers>(blocks, n, out, [](BlockBytes b, float* x) {
    const float d = b.f16(0);
    const float m = b.f16(2);
    const std::uint32_t fifth = b.u32(4);
    const auto bit = [&](std::size_t i) { return static_cast<int>(fifth >> i & 1) << 4; };
    for (std::size_t j = 0; j < kHalf; ++j) {
      x[j] = d * static_cast<float>(b.low(8 + j) | bit(j)) + m;
      x[j + kHalf] = d * static_cast<float>(b.high(8 + j) | bit(j + kHalf)) + m;
    }
  });
}

void floats_of_q8_0(const std::byte* blocks, std::size_t n, float* out) {
  each_block<34, kNumbers>(blocks, n, out, [](BlockBytes b, float* x) {
    const float d = b.f16(0);
    for (std::size_t j = 0; j < kNumbers; ++j) x[j] = d * static_cast<float>(b.i8(2 + j));
  });
}

void floats_of_q8_1(const std::byte* blocks, std::size_t n, float* out) {
  // After the scale stands the sum of the numbers, for products.
  each_block<36, kNumbers>(blocks, n, out, [](BlockBytes b, float* x) {
    const float d = b.f16(0);
    for (std::size_t j = 0; j < kNumbers; ++j) x[j] = d * static_cast<float>(b.i8(4 + j));
  });
}

void floats_of_iq4_nl(const std::byte* blocks, std::size_t n, float* out) {
  each_block<18, kNumbers>(blocks, n, out, [](BlockBytes b, float* x) {
    const float d = b.f16(0);
    for (std::size_t j = 0; j < kHalf; ++j) {
      x[j] = d * static_cast<float>(kIq4Values[b.low(2 + j)]);
      x[j + kHalf] = d * static_cast<float>(kIq4Values[b.high(2 + j)]);
    }
  });
}

void floats_of_mxfp4(const std::byte* blocks, std::size_t n, float* out) {
  each_block<17, kNumbers>(blocks, n, out, [](BlockBytes b, float* x) {
    const float d = half_power(b.u8(0));
    for (std::size_t j = 0; j < kHalf; ++j) {
      x[j] = d * static_cast<float>(kE2m1Values[b.low(1 + j)]);
      x[j + kHalf] = d * static_cast<float>(kE2m1Values[b.high(1 + j)]);
    }
  });
}

}  // namespace ballast::checkpoint
