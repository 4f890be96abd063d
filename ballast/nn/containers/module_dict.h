// Modules by name, in the order of their insertion. It has no forward of its own.
//
//   nn::ModuleDict heads({{"left", nn::Linear(3, 2)}, {"right", nn::Linear(3, 4)}});
//   Tensor y = (*heads["left"])(x);
//   for (const auto& [name, head] : *heads) ...
//
// KeyError "Key 'x' is not defined" for a name that is not there.
#pragma once

#include <initializer_list>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "ballast/core/ordered_dict.h"
#include "ballast/nn/cloneable.h"
#include "ballast/nn/containers/index_iterator.h"
#include "ballast/nn/module_argument.h"

namespace ballast::nn {

class ModuleDictImpl : public Cloneable<ModuleDictImpl> {
 public:
  using Item = OrderedDictItem<std::string, std::shared_ptr<Module>>;
  using Iterator = IndexIterator<ModuleDictImpl>;

  ModuleDictImpl() = default;
  explicit ModuleDictImpl(std::initializer_list<NamedModule> modules) { update(modules); }
  explicit ModuleDictImpl(const std::vector<std::pair<std::string, std::shared_ptr<Module>>>& modules) {
    update(modules);
  }
  explicit ModuleDictImpl(const OrderedDict<std::string, std::shared_ptr<Module>>& modules) {
    update(modules);
  }

  [[nodiscard]] std::size_t size() const noexcept { return child_entries().size(); }
  [[nodiscard]] bool empty() const noexcept { return size() == 0; }
  [[nodiscard]] bool is_empty() const noexcept { return empty(); }
  [[nodiscard]] bool contains(std::string_view key) const { return has_child(key); }
  [[nodiscard]] std::vector<std::string> keys() const;
  [[nodiscard]] std::vector<std::shared_ptr<Module>> values() const;
  [[nodiscard]] std::vector<std::pair<std::string, std::shared_ptr<Module>>> items() const;
  [[nodiscard]] Iterator begin() const noexcept { return {this, 0}; }
  [[nodiscard]] Iterator end() const noexcept { return {this, size()}; }
  [[nodiscard]] Item item(std::size_t i) const {
    return {child_entries()[i].name, slot(child_entries()[i]).module_ptr()};
  }

  [[nodiscard]] std::shared_ptr<Module> operator[](std::string_view key) const;
  /// As one of class M; ValueError if it is of another.
  template <class M>
  [[nodiscard]] typename detail::ImplOf<M>::type& at(std::string_view key) const {
    const auto module = (*this)[key];
    auto* const out = module ? module->template as<M>() : nullptr;
    if (out == nullptr) throw_class(key, typeid(typename detail::ImplOf<M>::type));
    return *out;
  }

  /// Appends, or puts a module in the place of the one with this name.
  template <ModuleArgument M>
  void insert(std::string_view key, M&& module) {
    put_child(key, module_of(std::forward<M>(module)));
  }
  void update(std::initializer_list<NamedModule> modules);
  void update(const std::vector<std::pair<std::string, std::shared_ptr<Module>>>& modules);
  void update(const OrderedDict<std::string, std::shared_ptr<Module>>& modules);
  void update(const ModuleDictImpl& other);
  /// Takes a module out and returns it.
  std::shared_ptr<Module> pop(std::string_view key);
  void clear() { own_children().clear(); }

 private:
  [[noreturn]] void throw_class(std::string_view key, const std::type_info& wanted) const;
};

class ModuleDict : public ModuleHolder<ModuleDictImpl> {
 public:
  using ModuleHolder<ModuleDictImpl>::ModuleHolder;
  using Impl = ModuleDictImpl;
  ModuleDict() = default;
  ModuleDict(std::initializer_list<NamedModule> modules)
      : ModuleHolder(std::make_shared<ModuleDictImpl>(modules)) {}
};

}  // namespace ballast::nn
