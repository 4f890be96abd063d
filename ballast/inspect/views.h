// Which tensors are one view of one storage: tied. Internal.
//
//   Views views;
//   for (std::size_t i = 0; i < tensors.size(); ++i) {
//     if (const std::size_t first = views.first(tensors[i], i); first != i) ...      // tensor `first` once more
//   }
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <unordered_map>
#include <utility>
#include <vector>

#include "ballast/core/tensor.h"

namespace ballast::inspect::detail {

class Views {
 public:
  /// The number that was given first for a tensor of the same storage, place, type, sizes and strides.
  std::size_t first(const Tensor& tensor, std::size_t number);

 private:
  struct View {
    Tensor tensor;
    std::size_t number;
  };
  // By storage and offset: the storage may be a file that holds them all.
  using Start = std::pair<const void*, std::int64_t>;
  struct Hash {
    std::size_t operator()(const Start& s) const noexcept {
      return std::hash<const void*>()(s.first) * 31 + std::hash<std::int64_t>()(s.second);
    }
  };
  std::unordered_map<Start, std::vector<View>, Hash> seen_;
};

}  // namespace ballast::inspect::detail
