// The element types of safetensors files, under the names that the format gives them.
#pragma once

#include <cstddef>
#include <optional>
#include <string_view>

#include "ballast/core/dtype.h"

namespace ballast::checkpoint {

/// "F32" is kFloat32; none for other texts, and for the types below.
[[nodiscard]] std::optional<DType> dtype_of_safetensors(std::string_view name) noexcept;
/// Types of the format whose elements are no whole bytes, which no tensor here can hold: "F4", "F6_E2M3", "F6_E3M2".
[[nodiscard]] bool is_safetensors_fraction(std::string_view name) noexcept;
/// The other way round; none for complex32 and complex128, which the format lacks.
[[nodiscard]] std::optional<std::string_view> safetensors_name(DType dtype) noexcept;
/// Where a type stands in a file: tensors are written with the highest first, so that each begins at a multiple of its
/// element's size.
[[nodiscard]] std::size_t safetensors_order(DType dtype) noexcept;

}  // namespace ballast::checkpoint
