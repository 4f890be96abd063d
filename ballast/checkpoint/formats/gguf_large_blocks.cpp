// Blocks of 256 numbers. Bits of several numbers share a byte in lanes: byte l of a group of 32 bytes holds number l of one
// run of 32 in its lowest bits, number l of the next run in the bits above, and so on.
#include "ballast/checkpoint/formats/gguf_block_bytes.h"
#include "ballast/checkpoint/formats/gguf_blocks.h"

namespace ballast::checkpoint {
namespace {

constexpr std::size_t kNumbers = 256;
constexpr std::size_t kRun = 32;
constexpr std::size_t kGroup = 16;

float as_float(int v) { return static_cast<float>(v); }

/// Eight scales and eight smallest values of six bits each, in twelve bytes. The first four of both stand in the low six bits
/// of eight bytes; the low four bits of the others in the last four bytes, and their upper two at the top of the first eight.
struct SixBitPairs {
  BlockBytes b;
  std::size_t at;

  [[nodiscard]] int scale(std::size_t k) const {
    if (k < 4) return b.u8(at + k) & 0x3F;
    return b.low(at + 4 + k) | b.u8(at + k - 4) >> 6 << 4;
  }
  [[nodiscard]] int smallest(std::size_t k) const {
    if (k < 4) return b.u8(at + 4 + k) & 0x3F;
    return b.high(at + 4 + k) | b.u8(at + k) >> 6 << 4;
  }
};

/// Sixteen scales of six bits, from -32 on, in twelve bytes: the low four bits of two in each of the first eight, the upper two of
/// four in each of the others.
int scale_of_q3_k(BlockBytes b, std::size_t at, std::size_t k) {
  const int low = k < 8 ? b.low(at + k) : b.high(at + k - 8);
  const int high = b.u8(at + 8 + k % 4) >> (2 * (k / 4)) & 3;
  return (low | high << 4) - 32;
}

}  // namespace

void floats_of_q2_k(const std::byte* blocks, std::size_t n, float* out) {
  // scales[16] (scale low, smallest high), numbers[64], d, dmin
  each_block<84, kNumbers>(blocks, n, out, [](BlockBytes b, float* x) {
    const float d = b.f16(80);
    const float dmin = b.f16(82);
    for (std::size_t group = 0; group < kNumbers / kGroup; ++group) {
      const float scale = d * as_float(b.low(group));
      const float smallest = dmin * as_float(b.high(group));
      const std::size_t from = 16 + group / 8 * kRun + group % 2 * kGroup;
      const std::size_t shift = group % 8 / 2 * 2;
      for (std::size_t l = 0; l < kGroup; ++l)
        x[group * kGroup + l] = scale * as_float(b.u8(from + l) >> shift & 3) - smallest;
    }
  });
}

void floats_of_q3_k(const std::byte* blocks, std::size_t n, float* out) {
  // highest bits[32], numbers[64], scales[12], d
  each_block<110, kNumbers>(blocks, n, out, [](BlockBytes b, float* x) {
    const float d = b.f16(108);
    for (std::size_t group = 0; group < kNumbers / kGroup; ++group) {
      const float scale = d * as_float(scale_of_q3_k(b, 96, group));
      const std::size_t lane = group % 2 * kGroup;
      const std::size_t from = 32 + group / 8 * kRun + lane;
      const std::size_t shift = group % 8 / 2 * 2;
      for (std::size_t l = 0; l < kGroup; ++l) {
        const int third = b.u8(lane + l) >> (group / 2) & 1;
        x[group * kGroup + l] = scale * as_float((b.u8(from + l) >> shift & 3) - (third != 0 ? 0 : 4));
      }
    }
  });
}

void floats_of_q4_k(const std::byte* blocks, std::size_t n, float* out) {
  // d, dmin, scales[12], numbers[128]
  each_block<144, kNumbers>(blocks, n, out, [](BlockBytes b, float* x) {
    const float d = b.f16(0);
    const float dmin = b.f16(2);
    const SixBitPairs pairs{b, 4};
    for (std::size_t run = 0; run < kNumbers / kRun; ++run) {
      const float scale = d * as_float(pairs.scale(run));
      const float smallest = dmin * as_float(pairs.smallest(run));
      const std::size_t from = 16 + run / 2 * kRun;
      const std::size_t shift = run % 2 * 4;
      for (std::size_t l = 0; l < kRun; ++l)
        x[run * kRun + l] = scale * as_float(b.u8(from + l) >> shift & 0x0F) - smallest;
    }
  });
}

void floats_of_q5_k(const std::byte* blocks, std::size_t n, float* out) {
  // d, dmin, scales[12], highest bits[32], numbers[128]
  each_block<176, kNumbers>(blocks, n, out, [](BlockBytes b, float* x) {
    const float d = b.f16(0);
    const float dmin = b.f16(2);
    const SixBitPairs pairs{b, 4};
    for (std::size_t run = 0; run < kNumbers / kRun; ++run) {
      const float scale = d * as_float(pairs.scale(run));
      const float smallest = dmin * as_float(pairs.smallest(run));
      const std::size_t from = 48 + run / 2 * kRun;
      const std::size_t shift = run % 2 * 4;
      for (std::size_t l = 0; l < kRun; ++l) {
        const int fifth = b.u8(16 + l) >> run & 1;
        x[run * kRun + l] = scale * as_float((b.u8(from + l) >> shift & 0x0F) | fifth << 4) - smallest;
      }
    }
  });
}

void floats_of_q6_k(const std::byte* blocks, std::size_t n, float* out) {
  // low four bits[128], high two bits[64], scales[16], d
  each_block<210, kNumbers>(blocks, n, out, [](BlockBytes b, float* x) {
    const float d = b.f16(208);
    for (std::size_t group = 0; group < kNumbers / kGroup; ++group) {
      const float scale = d * as_float(b.i8(192 + group));
      const std::size_t half = group / 8;
      const std::size_t run = group % 8 / 2;
      const std::size_t lane = group % 2 * kGroup;
      const std::size_t low = half * 2 * kRun + run % 2 * kRun + lane;
      const std::size_t high = 128 + half * kRun + lane;
      for (std::size_t l = 0; l < kGroup; ++l) {
        const int q = (b.u8(low + l) >> (run / 2 * 4) & 0x0F) | (b.u8(high + l) >> (2 * run) & 3) << 4;
        x[group * kGroup + l] = scale * as_float(q - 32);
      }
    }
  });
}

void floats_of_q8_k(const std::byte* blocks, std::size_t n, float* out) {
  // d (float32), numbers[256], sums of 16 of them (16 of two bytes), for products
  each_block<292, kNumbers>(blocks, n, out, [](BlockBytes b, float* x) {
    const float d = b.f32(0);
    for (std::size_t j = 0; j < kNumbers; ++j) x[j] = d * as_float(b.i8(4 + j));
  });
}

void floats_of_iq4_xs(const std::byte* blocks, std::size_t n, float* out) {
  // d, upper two bits of eight scales (two bytes), their low four bits[4], numbers[128]
  each_block<136, kNumbers>(blocks, n, out, [](BlockBytes b, float* x) {
    const float d = b.f16(0);
    const std::uint16_t upper = b.u16(2);
    for (std::size_t run = 0; run < kNumbers / kRun; ++run) {
      const int low = b.u8(4 + run / 2) >> (run % 2 * 4) & 0x0F;
      const float scale = d * as_float((low | (upper >> (2 * run) & 3) << 4) - 32);
      const std::size_t from = 8 + run * kGroup;
      for (std::size_t l = 0; l < kGroup; ++l) {
        x[run * kRun + l] = scale * as_float(kIq4Values[b.low(from + l)]);
        x[run * kRun + kGroup + l] = scale * as_float(kIq4Values[b.high(from + l)]);
      }
    }
  });
}

void floats_of_tq1_0(const std::byte* blocks, std::size_t n, float* out) {
  // Bytes as fractions of 256 in base three: the first digit is what stands before the point after a multiplication by 3. Five digits of 32
  // bytes, five of 16, four of 4, then d.
  struct Part {
    std::size_t from, bytes, digits;
  };
  constexpr Part kParts[] = {{0, 32, 5}, {32, 16, 5}, {48, 4, 4}};
  each_block<54, kNumbers>(blocks, n, out, [&](BlockBytes b, float* x) {
    const float d = b.f16(52);
    for (const Part& part : kParts) {
      unsigned power = 1;
      for (std::size_t digit = 0; digit < part.digits; ++digit, power *= 3) {
        for (std::size_t l = 0; l < part.bytes; ++l) {
          const unsigned rest = b.u8(part.from + l) * power & 0xFF;
          *x++ = d * as_float(static_cast<int>(rest * 3 >> 8) - 1);
        }
      }
    }
  });
}

void floats_of_tq2_0(const std::byte* blocks, std::size_t n, float* out) {
  // numbers[64], d
  each_block<66, kNumbers>(blocks, n, out, [](BlockBytes b, float* x) {
    const float d = b.f16(64);
    for (std::size_t run = 0; run < kNumbers / kRun; ++run) {
      const std::size_t from = run / 4 * kRun;
      const std::size_t shift = run % 4 * 2;
      for (std::size_t l = 0; l < kRun; ++l)
        x[run * kRun + l] = d * as_float((b.u8(from + l) >> shift & 3) - 1);
    }
  });
}

}  // namespace ballast::checkpoint
