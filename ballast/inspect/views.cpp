#include "ballast/inspect/views.h"

#include <algorithm>

namespace ballast::inspect::detail {

std::size_t Views::first(const Tensor& tensor, std::size_t number) {
  std::vector<View>& here = seen_[{tensor.storage().id(), tensor.storage_offset()}];
  const auto same = std::ranges::find_if(here, [&](const View& v) {
    return v.tensor.dtype() == tensor.dtype() && v.tensor.sizes() == tensor.sizes() &&
           v.tensor.strides() == tensor.strides();
  });
  if (same != here.end()) return same->number;
  here.push_back({tensor, number});
  return number;
}

}  // namespace ballast::inspect::detail
