#include "ballast/checkpoint/formats/gguf_types.h"

#include <algorithm>
#include <array>

#include "ballast/checkpoint/formats/gguf_blocks.h"
#include "ballast/core/parallel.h"

namespace ballast::checkpoint {
namespace {

constexpr std::uint32_t kSmall = 32;   // numbers of a block of the older types
constexpr std::uint32_t kLarge = 256;  // of the "K" types and their like

constexpr GgmlType plain(std::uint32_t id, std::string_view name, DType dtype, std::uint32_t bytes) {
  return {id, name, 1, bytes, dtype, nullptr};
}

/// Types with a layout that is known, and numbers that come from tables that are not here.
constexpr GgmlType kept(std::uint32_t id, std::string_view name, std::uint32_t block, std::uint32_t bytes) {
  return {id, name, block, bytes, std::nullopt, nullptr};
}

constexpr GgmlType packed(std::uint32_t id, std::string_view name, std::uint32_t block, std::uint32_t bytes,
                          BlocksToFloats to_floats) {
  return {id, name, block, bytes, std::nullopt, to_floats};
}

constexpr std::array kTypes{
    plain(0, "f32", kFloat32, 4),
    plain(1, "f16", kFloat16, 2),
    packed(2, "q4_0", kSmall, 18, floats_of_q4_0),
    packed(3, "q4_1", kSmall, 20, floats_of_q4_1),
    packed(6, "q5_0", kSmall, 22, floats_of_q5_0),
    packed(7, "q5_1", kSmall, 24, floats_of_q5_1),
    packed(8, "q8_0", kSmall, 34, floats_of_q8_0),
    packed(9, "q8_1", kSmall, 36, floats_of_q8_1),
    packed(10, "q2_K", kLarge, 84, floats_of_q2_k),
    packed(11, "q3_K", kLarge, 110, floats_of_q3_k),
    packed(12, "q4_K", kLarge, 144, floats_of_q4_k),
    packed(13, "q5_K", kLarge, 176, floats_of_q5_k),
    packed(14, "q6_K", kLarge, 210, floats_of_q6_k),
    packed(15, "q8_K", kLarge, 292, floats_of_q8_k),
    kept(16, "iq2_xxs", kLarge, 66),
    kept(17, "iq2_xs", kLarge, 74),
    kept(18, "iq3_xxs", kLarge, 98),
    kept(19, "iq1_s", kLarge, 50),
    packed(20, "iq4_nl", kSmall, 18, floats_of_iq4_nl),
    kept(21, "iq3_s", kLarge, 110),
    kept(22, "iq2_s", kLarge, 82),
    packed(23, "iq4_xs", kLarge, 136, floats_of_iq4_xs),
    plain(24, "i8", kInt8, 1),
    plain(25, "i16", kInt16, 2),
    plain(26, "i32", kInt32, 4),
    plain(27, "i64", kInt64, 8),
    plain(28, "f64", kFloat64, 8),
    kept(29, "iq1_m", kLarge, 56),
    plain(30, "bf16", kBFloat16, 2),
    packed(34, "tq1_0", kLarge, 54, floats_of_tq1_0),
    packed(35, "tq2_0", kLarge, 66, floats_of_tq2_0),
    packed(39, "mxfp4", kSmall, 17, floats_of_mxfp4),
};

template <class Same>
const GgmlType* find(Same same) noexcept {
  const auto* it = std::find_if(kTypes.begin(), kTypes.end(), same);
  return it == kTypes.end() ? nullptr : it;
}

}  // namespace

void floats_of_blocks(const GgmlType& type, const std::byte* blocks, std::uint64_t n, float* out) {
  parallel_for(static_cast<std::int64_t>(n), grain_for(type.block),
               [&](std::int64_t begin, std::int64_t end) {
                 type.to_floats(blocks + begin * type.block_bytes, static_cast<std::size_t>(end - begin),
                                out + begin * type.block);
               });
}

const GgmlType* ggml_type(std::uint32_t id) noexcept {
  return find([&](const GgmlType& t) { return t.id == id; });
}
const GgmlType* ggml_type(std::string_view name) noexcept {
  return find([&](const GgmlType& t) { return t.name == name; });
}
const GgmlType* ggml_type_of(DType dtype) noexcept {
  return find([&](const GgmlType& t) { return t.dtype == dtype; });
}

}  // namespace ballast::checkpoint
