// What Sequential and ModuleList have in common: children in order, reached by position as in Python.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "ballast/core/error.h"
#include "ballast/nn/containers/index_iterator.h"
#include "ballast/nn/containers/python_index.h"
#include "ballast/nn/module_argument.h"

namespace ballast::nn {

class ModuleSequence : public Module {
 public:
  using Iterator = IndexIterator<ModuleSequence>;

  [[nodiscard]] std::size_t size() const noexcept { return child_entries().size(); }
  [[nodiscard]] bool is_empty() const noexcept { return size() == 0; }
  [[nodiscard]] bool empty() const noexcept { return size() == 0; }
  /// Goes through the modules, as `const std::shared_ptr<Module>&`.
  [[nodiscard]] Iterator begin() const noexcept { return {this, 0}; }
  [[nodiscard]] Iterator end() const noexcept { return {this, size()}; }
  [[nodiscard]] const std::shared_ptr<Module>& item(std::size_t i) const {
    return slot(child_entries()[i]).module_ptr();
  }

  /// By position, from the end if negative. IndexError "index 3 is out of range", here and below.
  [[nodiscard]] std::shared_ptr<Module> operator[](std::int64_t index) const {
    return item(python_index(index, size()));
  }
  [[nodiscard]] std::shared_ptr<Module> ptr(std::int64_t index) const { return (*this)[index]; }
  /// The module as one of class M (nn::Linear or nn::LinearImpl). Error if it is of another.
  template <class M>
  [[nodiscard]] typename detail::ImplOf<M>::type& at(std::int64_t index) const {
    return *ptr<M>(index);
  }
  template <class M>
  [[nodiscard]] std::shared_ptr<typename detail::ImplOf<M>::type> ptr(std::int64_t index) const {
    const auto& module = item(python_index(index, size()));
    auto out = std::dynamic_pointer_cast<typename detail::ImplOf<M>::type>(module);
    if (!out) throw_class(index, typeid(typename detail::ImplOf<M>::type));
    return out;
  }

  /// Appends, named by its position.
  template <ModuleArgument M>
  void push_back(M&& module) {
    put_child(std::to_string(size()), module_of(std::forward<M>(module)));
  }
  /// Python's name for it.
  template <ModuleArgument M>
  void append(M&& module) {
    push_back(std::forward<M>(module));
  }
  /// Appends all modules of a container or range.
  template <class Range>
  void extend(const Range& modules) {
    std::vector<std::shared_ptr<Module>> list;  // first, as `modules` may be this
    if constexpr (requires { modules.size(); }) list.reserve(static_cast<std::size_t>(modules.size()));
    for (const auto& m : modules) list.push_back(module_of(m));
    for (auto& m : list) push_back(std::move(m));
  }
  /// Puts a module before the one at `index` (-size..size); those behind move on, and names that were positions follow.
  /// IndexError "Index out of range: 5".
  template <ModuleArgument M>
  void insert(std::int64_t index, M&& module) {
    insert_at(python_insert_index(index, size()), module_of(std::forward<M>(module)));
  }
  /// Puts a module in the place of another (Python's `model[i] = module`).
  template <ModuleArgument M>
  void set(std::int64_t index, M&& module) {
    put_child(std::string(child_entries()[python_index(index, size())].name),
              module_of(std::forward<M>(module)));
  }
  /// Takes a module out; as in Python all others are named by their positions afterwards.
  void erase(std::int64_t index) { (void)pop(index); }
  std::shared_ptr<Module> pop(std::int64_t index);

 private:
  void insert_at(std::size_t index, std::shared_ptr<Module> module);
  [[noreturn]] void throw_class(std::int64_t index, const std::type_info& wanted) const;
};

}  // namespace ballast::nn
