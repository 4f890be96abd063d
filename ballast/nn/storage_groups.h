// Which tensors lie on one memory. What shares a storage is converted together (Module::to) and counted once (tying).
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "ballast/core/tensor.h"

namespace ballast::nn {

/// Tensors of one type whose elements lie in one range of one storage.
struct StorageGroup {
  Storage storage;
  DType dtype = kFloat32;
  std::int64_t begin = 0;  ///< of the range, in elements of `dtype`
  std::int64_t end = 0;
  std::vector<Tensor> members = {};  ///< different tensor objects, in the order given
  std::int64_t elements = 0;         ///< of kOverlap: how many the members show, each counted once

  [[nodiscard]] std::int64_t numel() const noexcept { return end - begin; }
};

enum class Grouping : std::uint8_t {
  kStorage,  ///< all of one type that lies on a storage is one group
  kOverlap,  ///< only tensors that share elements, directly or through others
};

/// The groups in the order of their first members. The same tensor object given twice counts once; undefined ones are
/// left out.
[[nodiscard]] std::vector<StorageGroup> group_by_storage(std::span<const Tensor> tensors, Grouping grouping);

/// A group's range as a tensor of one dimension.
[[nodiscard]] Tensor range_of(const StorageGroup& group);
/// The place of `member` in a copy of its group's range.
[[nodiscard]] Tensor view_in(const Tensor& range_copy, const StorageGroup& group, const Tensor& member);

}  // namespace ballast::nn
