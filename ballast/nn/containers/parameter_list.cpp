#include "ballast/nn/containers/parameter_list.h"

#include "ballast/core/dtype.h"
#include "ballast/nn/containers/parameter_text.h"

namespace ballast::nn {

std::string parameter_line(const std::string& key, const Tensor& value, const std::string& type) {
  std::string size;
  for (const std::int64_t n : value.sizes()) {
    if (!size.empty()) size += 'x';
    size += std::to_string(n);
  }
  return fmt::format("  ({}): {} containing: [{} of size {}]", key,
                     value.is_parameter() ? "Parameter" : "Tensor", type, size);
}

std::string legacy_type_name(const Tensor& value) {
  return fmt::format("torch.{}{}Tensor", value.is_meta() ? "meta." : "", dtype_error_name(value.dtype()));
}

void ParameterListImpl::extend(const std::vector<Tensor>& values) {
  for (const Tensor& t : values) append(t);
}
void ParameterListImpl::extend(const ParameterListImpl& other) {
  extend(std::vector<Tensor>(other.begin(), other.end()));
}

Tensor ParameterListImpl::pop(std::int64_t index) {
  const std::size_t at = python_index(index, size());
  Tensor out = item(at);
  auto& entries = own_parameters();
  entries.erase(at);
  for (std::size_t i = 0; i < entries.size(); ++i) entries[i].name = std::to_string(i);
  entries.names_changed();
  return out;
}

ParameterList ParameterListImpl::slice(SliceBound start, SliceBound stop, std::int64_t step) const {
  ParameterList out;
  for (const std::size_t i : python_slice(start, stop, step, size())) out->append(item(i));
  return out;
}

std::string ParameterListImpl::extra_repr() const {
  std::string out;
  for (std::size_t i = 0; i < size(); ++i) {
    if (i > 0) out += '\n';
    const Tensor& t = item(i);
    out += t.defined() ? parameter_line(std::to_string(i), t, fmt::format("torch.{}", dtype_name(t.dtype())))
                       : fmt::format("  ({}): Object of type: NoneType", i);
  }
  return out;
}

}  // namespace ballast::nn
