// The numbers in blocks of ggml's quantised types, as float32: each function takes `n` blocks one after the other. They
// multiply and add in the order in which ggml does, so that every bit is the same.
#pragma once

#include <cstddef>

namespace ballast::checkpoint {

// 32 numbers to a block: a scale d (float16), in the types "_1" a smallest value m too.
void floats_of_q4_0(const std::byte* blocks, std::size_t n, float* out);
void floats_of_q4_1(const std::byte* blocks, std::size_t n, float* out);
void floats_of_q5_0(const std::byte* blocks, std::size_t n, float* out);
void floats_of_q5_1(const std::byte* blocks, std::size_t n, float* out);
void floats_of_q8_0(const std::byte* blocks, std::size_t n, float* out);
void floats_of_q8_1(const std::byte* blocks, std::size_t n, float* out);
void floats_of_iq4_nl(const std::byte* blocks, std::size_t n, float* out);
void floats_of_mxfp4(const std::byte* blocks, std::size_t n, float* out);

// 256 numbers to a block, in groups of 16 or 32 with scales of their own, which share a scale d.
void floats_of_q2_k(const std::byte* blocks, std::size_t n, float* out);
void floats_of_q3_k(const std::byte* blocks, std::size_t n, float* out);
void floats_of_q4_k(const std::byte* blocks, std::size_t n, float* out);
void floats_of_q5_k(const std::byte* blocks, std::size_t n, float* out);
void floats_of_q6_k(const std::byte* blocks, std::size_t n, float* out);
void floats_of_q8_k(const std::byte* blocks, std::size_t n, float* out);
void floats_of_iq4_xs(const std::byte* blocks, std::size_t n, float* out);
// Numbers of -1, 0 and 1: five to a byte, four to a byte.
void floats_of_tq1_0(const std::byte* blocks, std::size_t n, float* out);
void floats_of_tq2_0(const std::byte* blocks, std::size_t n, float* out);

}  // namespace ballast::checkpoint
