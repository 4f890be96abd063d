// Changing type and device of a whole tree, in place.
#include <algorithm>

#include "ballast/core/error.h"
#include "ballast/core/warning.h"
#include "ballast/nn/module.h"
#include "ballast/nn/storage_groups.h"
#include "ballast/nn/walk.h"

namespace ballast::nn {

namespace {

/// Parameters, the gradients they have, and buffers.
std::vector<Tensor> all_tensors(const Module& root) {
  std::vector<Tensor> out;
  const auto take = [&out](Module&, const TensorEntry&, Tensor& t, const std::string&) { out.push_back(t); };
  walk_tensors(root, EntryKind::kParameter, {}, take);
  for (std::size_t i = 0, parameters = out.size(); i < parameters; ++i) {
    const Tensor& p = out[i];
    if (!p.defined() || !(p.is_leaf() || p.retains_grad())) continue;
    if (const Tensor grad = p.grad(); grad.defined()) out.push_back(grad);
  }
  walk_tensors(root, EntryKind::kBuffer, {}, take);
  return out;
}

struct Conversion {
  std::optional<Device> device = {};
  std::optional<DType> dtype = {};
  bool complex_too = true;  // whether complex tensors are cast to `dtype`
  bool with_values = true;  // false: new memory, whatever is in it

  [[nodiscard]] TensorOptions target(const StorageGroup& g) const {
    const bool cast = dtype && (is_floating_point(g.dtype) || (complex_too && is_complex(g.dtype)));
    return TensorOptions(cast ? *dtype : g.dtype).device(device.value_or(g.storage.device()));
  }
  [[nodiscard]] bool changes(const StorageGroup& g) const {
    const TensorOptions to = target(g);
    return !with_values || to.dtype() != g.dtype || to.device() != g.storage.device();
  }
};

Tensor converted(const Tensor& t, const TensorOptions& options, bool with_values) {
  Tensor out = empty(t.sizes(), options);
  if (with_values && !out.is_meta()) copy_elements(out, t);
  return out;
}

void convert(const StorageGroup& group, const Conversion& conversion) {
  const TensorOptions options = conversion.target(group);
  const Tensor& first = group.members.front();
  if (group.members.size() == 1 && !is_non_overlapping_and_dense(first.sizes(), first.strides())) {
    // A lone view with gaps leaves its gaps behind.
    first.set_data(converted(first, options, conversion.with_values));
    return;
  }
  const Tensor range = converted(range_of(group), options, conversion.with_values);
  for (const Tensor& t : group.members) t.set_data(view_in(range, group, t));
}

void convert_all(const Module& root, const Conversion& conversion) {
  const std::vector<Tensor> tensors = all_tensors(root);
  const auto groups = group_by_storage(tensors, Grouping::kStorage);
  if (conversion.with_values) {
    for (const StorageGroup& g : groups) {
      check<NotImplementedError>(
          !g.storage.device().is_meta() || conversion.target(g).device().is_meta(),
          "Cannot copy out of meta tensor; no data! Please use torch.nn.Module.to_empty() instead of "
          "torch.nn.Module.to() when moving module from meta to a different device.");
    }
  }
  if (std::ranges::any_of(groups, [&](const StorageGroup& g) {
        return is_complex(g.dtype) && !is_complex(conversion.target(g).dtype());
      })) {
    warn("Casting complex values to real discards the imaginary part");
  }
  for (const StorageGroup& g : groups) {
    if (conversion.changes(g)) convert(g, conversion);
  }
}

void check_target(DType dtype) {
  check<DTypeError>(
      is_floating_point(dtype) || is_complex(dtype),
      "nn.Module.to only accepts floating point or complex dtypes, but got desired dtype=torch.{}",
      dtype_name(dtype));
}

}  // namespace

Module& Module::to(DType dtype) {
  check_target(dtype);
  convert_all(*this, {.dtype = dtype});
  return *this;
}
Module& Module::to(Device device) {
  convert_all(*this, {.device = device});
  return *this;
}
Module& Module::to(Device device, DType dtype) {
  check_target(dtype);
  convert_all(*this, {.device = device, .dtype = dtype});
  return *this;
}
Module& Module::to_empty(Device device) {
  convert_all(*this, {.device = device, .with_values = false});
  return *this;
}
Module& Module::float_() {
  convert_all(*this, {.dtype = kFloat32, .complex_too = false});
  return *this;
}
Module& Module::double_() {
  convert_all(*this, {.dtype = kFloat64, .complex_too = false});
  return *this;
}
Module& Module::half() {
  convert_all(*this, {.dtype = kFloat16, .complex_too = false});
  return *this;
}
Module& Module::bfloat16() {
  convert_all(*this, {.dtype = kBFloat16, .complex_too = false});
  return *this;
}

}  // namespace ballast::nn
