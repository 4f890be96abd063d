// Listing and access by name.
#include "ballast/core/error.h"
#include "ballast/nn/module.h"
#include "ballast/nn/walk.h"

namespace ballast::nn {

namespace {

using NamedTensors = OrderedDict<std::string, Tensor>;

std::vector<Tensor> list_tensors(const Module& root, EntryKind kind, bool recurse) {
  const WalkOptions options{.recurse = recurse, .paths = false};
  std::vector<Tensor> out;
  walk_tensors(root, kind, options,
               [&](Module&, const TensorEntry&, Tensor& t, const std::string&) { out.push_back(t); });
  return out;
}

NamedTensors list_named(const Module& root, EntryKind kind, const NamedOptions& options) {
  const std::string prefix = member_prefix(options.prefix);
  const WalkOptions how{
      .member_prefix = prefix, .recurse = options.recurse, .remove_duplicate = options.remove_duplicate};
  NamedTensors out;
  out.reserve(count_entries(root, kind, how));
  walk_tensors(root, kind, how, [&](Module&, const TensorEntry& e, Tensor& t, const std::string& path) {
    std::string name;
    name.reserve(path.size() + e.name.size());
    name.append(path).append(e.name);
    out.append(std::move(name), t);
  });
  return out;
}

bool has_attribute(const Module& m, std::string_view name) {
  return m.has_parameter(name) || m.has_buffer(name) || m.has_child(name);
}

void require_attribute(const Module& m, std::string_view name) {
  if (!has_attribute(m, name)) throw KeyError(fmt::format("{} has no attribute `{}`", m.class_name(), name));
}

/// The child called `name`; KeyError where there is none, or something else, or an absent one.
const std::shared_ptr<Module>& child_of(const Module& m, std::string_view name) {
  const ChildEntry* e = m.child_entries().find(name);
  if (e == nullptr || m.slot(*e) == nullptr) {
    require_attribute(m, name);
    throw KeyError(fmt::format("`{}` is not an nn.Module", name));
  }
  return m.slot(*e).module_ptr();
}

/// The module at `path`, which is not empty.
const std::shared_ptr<Module>& descend(const Module& root, std::string_view path) {
  const Module* at = &root;
  for (;;) {
    const std::size_t dot = path.find('.');
    const std::shared_ptr<Module>& next = child_of(*at, path.substr(0, dot));
    if (dot == std::string_view::npos) return next;
    at = next.get();
    path.remove_prefix(dot + 1);
  }
}

/// The module that a path's last name belongs to, and that name.
std::pair<const Module*, std::string_view> parent_of(const Module& root, std::string_view path) {
  const std::size_t dot = path.rfind('.');
  if (dot == std::string_view::npos) return {&root, path};
  const std::string_view parent = path.substr(0, dot);
  return {parent.empty() ? &root : descend(root, parent).get(), path.substr(dot + 1)};
}

}  // namespace

std::vector<Tensor> Module::parameters(bool recurse) const {
  return list_tensors(*this, EntryKind::kParameter, recurse);
}
NamedTensors Module::named_parameters(const NamedOptions& options) const {
  return list_named(*this, EntryKind::kParameter, options);
}
std::vector<Tensor> Module::buffers(bool recurse) const {
  return list_tensors(*this, EntryKind::kBuffer, recurse);
}
NamedTensors Module::named_buffers(const NamedOptions& options) const {
  return list_named(*this, EntryKind::kBuffer, options);
}

std::vector<std::shared_ptr<Module>> Module::modules(bool include_self) const {
  std::vector<std::shared_ptr<Module>> out;
  walk(*this, {.paths = false}, [&](Module& m, const std::string&) {
    if (include_self || &m != this) out.push_back(m.shared());
  });
  return out;
}

OrderedDict<std::string, std::shared_ptr<Module>> Module::named_modules(
    const NamedModulesOptions& options) const {
  OrderedDict<std::string, std::shared_ptr<Module>> out;
  const std::string prefix = member_prefix(options.prefix);
  walk(*this, {.member_prefix = prefix, .remove_duplicate = options.remove_duplicate},
       [&](Module& m, const std::string& path) {
         if (!options.include_self && &m == this) return;
         out.append(path.empty() ? path : path.substr(0, path.size() - 1), m.shared());
       });
  return out;
}

OrderedDict<std::string, std::shared_ptr<Module>> Module::named_children() const {
  OrderedDict<std::string, std::shared_ptr<Module>> out;
  PointerSet seen;
  for (const ChildEntry& e : children_) {
    const auto& child = slot(e).module_ptr();
    if (child && seen.insert(child.get())) out.append(e.name, child);
  }
  return out;
}
std::vector<std::shared_ptr<Module>> Module::children() const { return named_children().values(); }

Tensor& Module::get_parameter(std::string_view path) const {
  const auto [module, name] = parent_of(*this, path);
  const TensorEntry* e = module->parameters_.find(name);
  if (e == nullptr || !module->slot(*e).defined()) {
    require_attribute(*module, name);
    throw KeyError(fmt::format("`{}` is not an nn.Parameter", name));
  }
  return module->slot(*e);
}

Tensor& Module::get_buffer(std::string_view path) const {
  const auto [module, name] = parent_of(*this, path);
  const TensorEntry* e = module->buffers_.find(name);
  if (e == nullptr) {
    require_attribute(*module, name);
    throw KeyError(fmt::format("`{}` is not a buffer", name));
  }
  return module->slot(*e);
}

std::shared_ptr<Module> Module::get_submodule(std::string_view path) const {
  return path.empty() ? shared() : descend(*this, path);
}

void Module::set_submodule(std::string_view path, std::shared_ptr<Module> module, bool strict) {
  check<ValueError>(!path.empty(), "Cannot set the submodule without a target name!");
  const auto [parent, name] = parent_of(*this, path);
  if (strict) require_attribute(*parent, name);
  if (has_attribute(*parent, name)) (void)child_of(*parent, name);
  const_cast<Module*>(parent)->put_child(name, std::move(module));
}

Tensor& Module::parameter(std::string_view name) const {
  const TensorEntry* e = parameters_.find(name);
  if (e == nullptr) throw_no_attribute(name);
  return slot(*e);
}
Tensor& Module::buffer(std::string_view name) const {
  const TensorEntry* e = buffers_.find(name);
  if (e == nullptr) throw_no_attribute(name);
  return slot(*e);
}
std::shared_ptr<Module> Module::child(std::string_view name) const {
  const ChildEntry* e = children_.find(name);
  if (e == nullptr) throw_no_attribute(name);
  return slot(*e).module_ptr();
}

}  // namespace ballast::nn
