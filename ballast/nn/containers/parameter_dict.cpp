#include "ballast/nn/containers/parameter_dict.h"

#include "ballast/nn/containers/parameter_text.h"

namespace ballast::nn {

std::vector<std::string> ParameterDictImpl::keys() const {
  std::vector<std::string> out;
  for (const TensorEntry& e : parameter_entries()) out.push_back(e.name);
  return out;
}
std::vector<Tensor> ParameterDictImpl::values() const {
  std::vector<Tensor> out;
  for (const TensorEntry& e : parameter_entries()) out.push_back(slot(e));
  return out;
}
std::vector<ParameterDictImpl::NamedTensor> ParameterDictImpl::items() const {
  std::vector<NamedTensor> out;
  for (const TensorEntry& e : parameter_entries()) out.emplace_back(e.name, slot(e));
  return out;
}

void ParameterDictImpl::update(std::initializer_list<NamedTensor> values) {
  for (const auto& [name, value] : values) insert(name, value);
}
void ParameterDictImpl::update(const OrderedDict<std::string, Tensor>& values) {
  for (const auto& [name, value] : values) insert(name, value);
}
void ParameterDictImpl::update(const std::map<std::string, Tensor>& values) {
  for (const auto& [name, value] : values) insert(name, value);
}
void ParameterDictImpl::update(const ParameterDictImpl& other) {
  for (const auto& [name, value] : other.items()) insert(name, value);
}

Tensor ParameterDictImpl::pop(std::string_view key) {
  Tensor out = parameter(key);
  unregister_parameter(key);
  return out;
}

std::string ParameterDictImpl::extra_repr() const {
  std::string out;
  for (const TensorEntry& e : parameter_entries()) {
    if (!out.empty()) out += '\n';
    const Tensor& t = slot(e);
    out += t.defined() ? parameter_line(e.name, t, legacy_type_name(t))
                       : fmt::format("  ({}): Object of type: NoneType", e.name);
  }
  return out;
}

}  // namespace ballast::nn
