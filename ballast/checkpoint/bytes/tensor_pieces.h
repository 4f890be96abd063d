// The elements of a tensor in row-major order, a piece at a time: how writers take tensors of any layout without a second
// copy of them.
//
//   each_piece(value, [&](const std::byte* bytes, std::size_t n) { file.write(bytes, n); });
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>

#include "ballast/checkpoint/value.h"

namespace ballast::checkpoint {

/// Of a strided tensor with memory: `tensor`, with the signs that `conj` and `neg` turn. Row-major tensors are handed out
/// where they are; others through a buffer of about 1 MiB. No piece is larger than 4 MiB.
void each_piece(const TensorValue& value, const std::function<void(const std::byte*, std::size_t)>& use);
/// Of bytes `begin` to `end` of a storage with memory, where they are.
void each_piece(const Storage& storage, std::uint64_t begin, std::uint64_t end,
                const std::function<void(const std::byte*, std::size_t)>& use);

}  // namespace ballast::checkpoint
