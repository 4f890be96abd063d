#include "ballast/nn/containers/module_sequence.h"

#include <unordered_set>

#include "ballast/nn/class_name.h"

namespace ballast::nn {

std::shared_ptr<Module> ModuleSequence::pop(std::int64_t index) {
  auto& children = own_children();
  const std::size_t at = python_index(index, size());
  std::shared_ptr<Module> out = item(at);
  children.erase(at);
  for (std::size_t i = 0; i < children.size(); ++i) children[i].name = std::to_string(i);
  children.names_changed();
  return out;
}

void ModuleSequence::insert_at(std::size_t index, std::shared_ptr<Module> module) {
  auto& children = own_children();
  std::vector<std::string> names;
  for (std::size_t i = 0; i < children.size(); ++i) {
    if (i == index) names.push_back(std::to_string(i));
    const bool numbered = children[i].name == std::to_string(i);
    names.push_back(numbered ? std::to_string(i + (i >= index ? 1 : 0)) : children[i].name);
  }
  if (index == children.size()) names.push_back(std::to_string(index));
  std::unordered_set<std::string_view> seen;
  for (const std::string& name : names) {
    check<KeyError>(seen.insert(name).second, "cannot insert at {}: the name '{}' is another module's", index,
                    name);
  }
  children.insert(index, {.name = names[index], .own = ModuleSlot(std::move(module))});
  for (std::size_t i = 0; i < children.size(); ++i) children[i].name = std::move(names[i]);
  children.names_changed();
}

void ModuleSequence::throw_class(std::int64_t index, const std::type_info& wanted) const {
  const auto& module = item(python_index(index, size()));
  throw ValueError(fmt::format("module {} of {} is a {}, not a {}", index, class_name(),
                               module ? module->class_name() : "None", python_class_name(wanted)));
}

}  // namespace ballast::nn
