#include "ballast/nn/containers/sequential.h"

namespace ballast::nn {

SequentialImpl::SequentialImpl(std::initializer_list<NamedModule> modules) {
  for (const NamedModule& m : modules) put_child(m.name, m.module);
}

SequentialImpl::SequentialImpl(const OrderedDict<std::string, std::shared_ptr<Module>>& modules) {
  for (const auto& [name, module] : modules) put_child(name, module);
}

Tensor SequentialImpl::forward(const Tensor& input) {
  Tensor x = input;
  for (const auto& module : *this) {
    if (!module) throw Error("a Sequential with an absent module cannot be called");
    x = (*module)(x);
  }
  return x;
}

Sequential SequentialImpl::slice(SliceBound start, SliceBound stop, std::int64_t step) const {
  Sequential out;
  for (const std::size_t i : python_slice(start, stop, step, size()))
    out->put_child(child_entries()[i].name, item(i));
  return out;
}

}  // namespace ballast::nn
