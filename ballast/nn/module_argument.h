// Whatever stands for a module in an argument list: a holder, a shared_ptr, a module by value.
#pragma once

#include <concepts>
#include <memory>
#include <string>
#include <type_traits>
#include <utility>

#include "ballast/nn/module_holder.h"

namespace ballast::nn {

namespace detail {
template <class T>
struct IsModulePtr : std::false_type {};
template <std::derived_from<Module> M>
struct IsModulePtr<std::shared_ptr<M>> : std::true_type {};
}  // namespace detail

template <class T>
concept ModuleArgument = IsModuleHolder<std::remove_cvref_t<T>> ||
    detail::IsModulePtr<std::remove_cvref_t<T>>::value || std::derived_from<std::remove_cvref_t<T>, Module>;

/// The module meant; one given by value is copied (or moved) once.
template <ModuleArgument T>
[[nodiscard]] std::shared_ptr<Module> module_of(T&& x) {
  using M = std::remove_cvref_t<T>;
  if constexpr (IsModuleHolder<M>) {
    return x.module_ptr();
  } else if constexpr (detail::IsModulePtr<M>::value) {
    Module::note_forward(x.get());
    return x;
  } else {
    auto made = std::make_shared<M>(std::forward<T>(x));
    made->set_forward_function(detail::forward_function<M>());
    return made;
  }
}

/// A module and its name, as containers take them in braces: {"fc", nn::Linear(3, 4)}.
struct NamedModule {
  template <ModuleArgument M>
  NamedModule(std::string name_, M&& module_)
      : name(std::move(name_)), module(module_of(std::forward<M>(module_))) {}

  std::string name;
  std::shared_ptr<Module> module;
};

}  // namespace ballast::nn
