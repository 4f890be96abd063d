// Tensors of a state dict as tensors of another floating type, without holding all of them in memory.
//
//   StateDict half = converted(state, kFloat16, "out.safetensors", progress.callback());
//
// What is tied stays tied: a storage becomes one storage, whole. Where the new bytes are many, they lie in a temporary file
// without a name in the folder of the file to be written: the system writes them out as it needs the memory.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>

#include "ballast/core/state_dict.h"

namespace ballast::tool {

/// Only floating tensors change. IoError if there is no room for the temporary file.
[[nodiscard]] StateDict converted(
    const StateDict& state, DType to, const std::filesystem::path& beside,
    const std::function<void(std::uint64_t done, std::uint64_t total)>& progress);

}  // namespace ballast::tool
