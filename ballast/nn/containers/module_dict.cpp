#include "ballast/nn/containers/module_dict.h"

#include "ballast/core/error.h"
#include "ballast/nn/class_name.h"

namespace ballast::nn {

std::vector<std::string> ModuleDictImpl::keys() const {
  std::vector<std::string> out;
  for (const ChildEntry& e : child_entries()) out.push_back(e.name);
  return out;
}
std::vector<std::shared_ptr<Module>> ModuleDictImpl::values() const {
  std::vector<std::shared_ptr<Module>> out;
  for (const ChildEntry& e : child_entries()) out.push_back(slot(e).module_ptr());
  return out;
}
std::vector<std::pair<std::string, std::shared_ptr<Module>>> ModuleDictImpl::items() const {
  std::vector<std::pair<std::string, std::shared_ptr<Module>>> out;
  for (const ChildEntry& e : child_entries()) out.emplace_back(e.name, slot(e).module_ptr());
  return out;
}

std::shared_ptr<Module> ModuleDictImpl::operator[](std::string_view key) const {
  const ChildEntry* e = child_entries().find(key);
  check<KeyError>(e != nullptr, "Key '{}' is not defined", key);
  return slot(*e).module_ptr();
}

void ModuleDictImpl::update(std::initializer_list<NamedModule> modules) {
  for (const NamedModule& m : modules) put_child(m.name, m.module);
}
void ModuleDictImpl::update(const std::vector<std::pair<std::string, std::shared_ptr<Module>>>& modules) {
  for (const auto& [name, module] : modules) put_child(name, module);
}
void ModuleDictImpl::update(const OrderedDict<std::string, std::shared_ptr<Module>>& modules) {
  for (const auto& [name, module] : modules) put_child(name, module);
}
void ModuleDictImpl::update(const ModuleDictImpl& other) { update(other.items()); }

std::shared_ptr<Module> ModuleDictImpl::pop(std::string_view key) {
  auto out = (*this)[key];
  own_children().erase(child_entries().position(key));
  return out;
}

void ModuleDictImpl::throw_class(std::string_view key, const std::type_info& wanted) const {
  const auto module = (*this)[key];
  throw ValueError(fmt::format("module '{}' of {} is a {}, not a {}", key, class_name(),
                               module ? module->class_name() : "None", python_class_name(wanted)));
}

}  // namespace ballast::nn
