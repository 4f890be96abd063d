#include "ballast/nn/module.h"

#include <algorithm>

#include "ballast/core/error.h"
#include "ballast/core/warning.h"
#include "ballast/nn/class_name.h"
#include "ballast/nn/module_extras.h"
#include "ballast/nn/walk.h"

namespace ballast::nn {

namespace {

/// KeyError if `name` cannot be the name of a `what` ("parameter", "buffer", "module").
void check_name(std::string_view what, std::string_view name) {
  check<KeyError>(!name.empty(), "{} name can't be empty string \"\"", what);
  if (name.find('.') != std::string_view::npos) {
    throw KeyError(what == "module" ? fmt::format("module name can't contain \".\", got: {}", name)
                                    : fmt::format("{} name can't contain \".\"", what));
  }
}

void check_free(bool taken, std::string_view name) {
  check<KeyError>(!taken, "attribute '{}' already exists", name);
}

void become_parameter(const Tensor& value, std::optional<bool> requires_grad) {
  if (!value.defined()) {
    if (requires_grad.value_or(false)) {
      warn("An undefined tensor cannot require grad. Ignoring the `requires_grad=true` function parameter.");
    }
    return;
  }
  if (requires_grad || !value.is_parameter()) value.requires_grad_(requires_grad.value_or(true));
  value.impl().is_parameter = true;
}

TensorEntry& entry_for(Entries<TensorEntry>& entries, std::string_view name) {
  if (TensorEntry* e = entries.find(name)) return *e;
  return entries.append({.name = std::string(name)});
}

template <class Entry>
void remember(std::vector<Entry>& former, const Entry& entry) {
  std::erase_if(former, [&](const Entry& e) { return e.name == entry.name; });
  former.push_back(entry);
}

/// The one of that name, unless one of the module's entries is its member.
template <class Entry, class... Lists>
const Entry* unbound(const std::vector<Entry>& former, std::string_view name, const Lists&... lists) {
  const auto at = std::ranges::find(former, name, &Entry::name);
  if (at == former.end()) return nullptr;
  const auto is_it = [at](const Entry& e) { return e.offset == at->offset; };
  return (std::ranges::any_of(lists, is_it) || ...) ? nullptr : &*at;
}

/// Passes over, with all below it, what is another name of a child that its parent already had: Python's
/// children() lists each child once.
class EachChildOnce {
 public:
  void enter(const Module& m) {
    if (passed_over_ > 0 || (!parents_.empty() && parents_.back().had(m))) {
      ++passed_over_;
    } else {
      parents_.push_back({&m, {}});
    }
  }
  /// Whether the module that is left was not passed over.
  bool leave() {
    if (passed_over_ == 0) {
      parents_.pop_back();
      return true;
    }
    --passed_over_;
    return false;
  }

 private:
  struct Parent {
    const Module* module;
    PointerSet children;
    bool had(const Module& m) { return module->child_entries().size() > 1 && !children.insert(&m); }
  };
  std::vector<Parent> parents_;
  std::size_t passed_over_ = 0;
};

}  // namespace

void check_has_an_end(const std::vector<const Module*>& path) {
  PointerSet seen;
  for (const Module* m : path) {
    check(seen.insert(m), "a module tree that contains itself has no end of names ({} is below itself)",
          m->class_name());
  }
}

Module::Module(std::string name) { extras().name = std::move(name); }
Module::Module(const Module& o)
    : std::enable_shared_from_this<Module>(o),
      parameters_(o.parameters_),
      buffers_(o.buffers_),
      children_(o.children_),
      forward_(o.forward_),
      extras_(o.extras_ ? std::make_shared<Extras>(*o.extras_) : nullptr),
      training_(o.training_) {}
Module& Module::operator=(const Module& o) {
  if (this == &o) return *this;
  parameters_ = o.parameters_;
  buffers_ = o.buffers_;
  children_ = o.children_;
  forward_ = o.forward_;
  extras_ = o.extras_ ? std::make_shared<Extras>(*o.extras_) : nullptr;
  training_ = o.training_;
  return *this;
}
Module::~Module() = default;
Module::Extras& Module::extras() {
  if (!extras_) extras_ = std::make_shared<Extras>();
  return *extras_;
}

std::string Module::class_name() const { return python_class_name(typeid(*this)); }
std::string Module::name() const {
  return extras_ && !extras_->name.empty() ? extras_->name : cpp_class_name(typeid(*this));
}

std::shared_ptr<Module> Module::shared() const {
  auto self = const_cast<Module*>(this)->weak_from_this().lock();
  if (!self) {
    throw Error(fmt::format(
        "It looks like you attempted to retrieve your top-level module as a shared_ptr, but no shared_ptr "
        "owns it: make the {} with std::make_shared or through its holder, or leave it out, as "
        "modules(false) does",
        class_name()));
  }
  return self;
}

std::int32_t Module::offset_of(const void* member, std::string_view name) const {
  const auto distance = reinterpret_cast<std::intptr_t>(member) - reinterpret_cast<std::intptr_t>(this);
  // How large the object is nobody knows here; what is this far away is certainly not in it.
  constexpr std::intptr_t kLargest = std::intptr_t{1} << 24;
  const bool inside_base = distance >= 0 && distance < static_cast<std::intptr_t>(sizeof(Module));
  if (inside_base || distance <= -kLargest || distance >= kLargest) {
    throw ValueError(
        fmt::format("cannot bind '{}': it is not a data member of this {}; give the value to "
                    "register_parameter, register_buffer or register_module instead",
                    name, class_name()));
  }
  return static_cast<std::int32_t>(distance);
}

Tensor& Module::bind_parameter(std::string_view name, Tensor& member, Tensor value,
                               std::optional<bool> requires_grad) {
  check_name("parameter", name);
  check_free(has_buffer(name) || has_child(name), name);
  const std::int32_t offset = offset_of(&member, name);
  become_parameter(value, requires_grad);
  parameters_.bind(entry_for(parameters_, name), offset);
  member = std::move(value);
  return member;
}

Tensor& Module::bind_parameter(std::string_view name, Tensor& member) {
  return bind_parameter(name, member, member);
}

Tensor& Module::bind_buffer(std::string_view name, Tensor& member, Tensor value, bool persistent) {
  check_name("buffer", name);
  check_free(has_parameter(name) || has_child(name), name);
  const std::int32_t offset = offset_of(&member, name);
  TensorEntry& e = entry_for(buffers_, name);
  buffers_.bind(e, offset);
  e.persistent = persistent;
  member = std::move(value);
  return member;
}

Tensor Module::register_parameter(std::string_view name, Tensor value, std::optional<bool> requires_grad) {
  check_name("parameter", name);
  check_free(has_buffer(name) || has_child(name), name);
  if (const TensorEntry* former = former_tensor(name)) {
    return bind_parameter(name, slot(*former), std::move(value), requires_grad);
  }
  become_parameter(value, requires_grad);
  slot(entry_for(parameters_, name)) = value;
  return value;
}

Tensor Module::register_buffer(std::string_view name, Tensor value, bool persistent) {
  check_name("buffer", name);
  check_free(has_parameter(name) || has_child(name), name);
  if (const TensorEntry* former = former_tensor(name)) {
    return bind_buffer(name, slot(*former), std::move(value), persistent);
  }
  TensorEntry& e = entry_for(buffers_, name);
  e.persistent = persistent;
  slot(e) = value;
  return value;
}

void Module::bind_child(std::string_view name, ModuleSlot& member, const std::shared_ptr<Module>& value,
                        bool (*accepts)(const Module&)) {
  check_name("module", name);
  check_free(has_parameter(name) || has_buffer(name), name);
  check<ValueError>(value.get() != this, "a module cannot be its own child ('{}')", name);
  const std::int32_t offset = offset_of(&member, name);
  ChildEntry* e = children_.find(name);
  if (e == nullptr) e = &children_.append({.name = std::string(name)});
  children_.bind(*e, offset);
  e->accepts = accepts;
}

void Module::put_child(std::string_view name, std::shared_ptr<Module> module) {
  check_name("module", name);
  check_free(has_parameter(name) || has_buffer(name), name);
  check<ValueError>(module.get() != this, "a module cannot be its own child ('{}')", name);
  ChildEntry* e = children_.find(name);
  if (e == nullptr) {
    e = &children_.append({.name = std::string(name)});
    const ChildEntry* former = former_child(name);
    if (former != nullptr && (!module || former->accepts(*module))) {
      bind_child(name, slot(*former), module, former->accepts);
    }
  }
  if (module && e->offset != 0 && !e->accepts(*module)) {
    throw ValueError(
        fmt::format("cannot put a {} in the place of '{}' of {}: the member bound there is of another class",
                    module->class_name(), name, class_name()));
  }
  slot(*e) = ModuleSlot(std::move(module));
}

void Module::require_child(std::string_view name) const {
  check<KeyError>(has_child(name), "Submodule '{}' is not defined", name);
}

void Module::throw_no_attribute(std::string_view name) const {
  throw KeyError(fmt::format("'{}' object has no attribute '{}'", class_name(), name));
}

const TensorEntry* Module::former_tensor(std::string_view name) const {
  if (!extras_ || has_parameter(name) || has_buffer(name)) return nullptr;
  return unbound(extras_->former_tensors, name, parameters_, buffers_);
}

const ChildEntry* Module::former_child(std::string_view name) const {
  return extras_ ? unbound(extras_->former_children, name, children_) : nullptr;
}

void Module::unregister_parameter(std::string_view name) {
  const std::size_t i = parameters_.position(name);
  if (i == parameters_.kNone) throw_no_attribute(name);
  slot(parameters_[i]) = Tensor();
  if (parameters_[i].offset != 0) remember(extras().former_tensors, parameters_[i]);
  parameters_.erase(i);
}

void Module::unregister_buffer(std::string_view name) {
  const std::size_t i = buffers_.position(name);
  if (i == buffers_.kNone) throw_no_attribute(name);
  slot(buffers_[i]) = Tensor();
  if (buffers_[i].offset != 0) remember(extras().former_tensors, buffers_[i]);
  buffers_.erase(i);
}

void Module::unregister_module(std::string_view name) {
  const std::size_t i = children_.position(name);
  check<KeyError>(i != children_.kNone, "No Module with name `{}` is registered", name);
  slot(children_[i]) = ModuleSlot();
  if (children_[i].offset != 0) remember(extras().former_children, children_[i]);
  children_.erase(i);
}

void Module::apply_each(const std::function<void(Module&, const std::string&)>& f, const std::string& prefix,
                        bool with_names) {
  EachChildOnce once;
  const std::string root_prefix = member_prefix(prefix);
  walk(
      *this, {.member_prefix = root_prefix, .remove_duplicate = false},
      [&once](Module& m, const std::string&) { once.enter(m); },
      [&](Module& m, const std::string& path) {
        if (!once.leave()) return;
        const auto keep = m.weak_from_this().lock();  // f may take the module out of the tree
        f(m, with_names && !path.empty() ? path.substr(0, path.size() - 1) : std::string());
      });
}

Module& Module::train(bool on) {
  walk(*this, {}, [on](Module& m, const std::string&) { m.set_training(on); });
  return *this;
}

Module& Module::requires_grad_(bool on) {
  walk_tensors(*this, EntryKind::kParameter, {},
               [on](Module&, const TensorEntry&, Tensor& p, const std::string&) { p.requires_grad_(on); });
  return *this;
}

void Module::zero_grad(bool set_to_none) {
  walk_tensors(*this, EntryKind::kParameter, {},
               [set_to_none](Module&, const TensorEntry&, Tensor& p, const std::string&) {
                 if (!p.defined() || !p.grad().defined()) return;
                 if (set_to_none) {
                   p.mutable_grad() = Tensor();
                 } else {
                   p.mutable_grad() = p.grad().detach();
                   p.grad().zero_();
                 }
               });
}

Tensor Module::call(const Tensor& input) {
  if (forward_ != nullptr) return forward_(*this, input);
  throw NotImplementedError(
      fmt::format("Module [{}] is missing the required \"forward\" function", class_name()));
}

Tensor Module::operator()(const Tensor& input) {
  // The function of the exact class, where a holder has left it, else what the class's Cloneable knows.
  const auto forward = [this](const Tensor& x) { return forward_ != nullptr ? forward_(*this, x) : call(x); };
  if (!has_forward_hooks()) return forward(input);
  std::vector<Tensor> inputs{input};
  run_forward_pre_hooks(inputs);
  check<ValueError>(inputs.size() == 1, "a forward pre-hook left {} inputs for a forward of one",
                    inputs.size());
  Tensor output = forward(inputs.front());
  run_forward_hooks(inputs, output);
  return output;
}

std::shared_ptr<Module> Module::copy_this() const {
  const std::string name = cpp_class_name(typeid(*this));
  throw NotImplementedError(
      fmt::format("clone() has not been implemented for {0}. Subclass ballast::nn::Cloneable<{0}> instead "
                  "of ballast::nn::Module to inherit the ability to clone.",
                  name));
}

}  // namespace ballast::nn
