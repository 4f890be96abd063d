// A handle to a module, by which modules are passed, stored and called: copying it shares the module.
//
//   class LinearImpl : public nn::Cloneable<LinearImpl> { ... };
//   BALLAST_MODULE(Linear);             // class Linear: a handle to a LinearImpl
//
//   Linear a(4, 8);                     // makes a LinearImpl(4, 8)
//   Linear b = a;                       // the same module
//   Linear none{nullptr};               // empty; using it throws "Accessing empty ModuleHolder"
//   Tensor y = a(x);                    // hooks and forward
//   a->weight;  *a;  a.ptr();
//
// Constness is shallow, as with a pointer: a const handle gives a module that can be changed.
#pragma once

#include <concepts>
#include <iosfwd>
#include <memory>
#include <tuple>
#include <type_traits>
#include <utility>
#include <vector>

#include "ballast/nn/module.h"

namespace ballast::nn {

template <class Contained>
class ModuleHolder : public ModuleSlot {
 public:
  using ContainedType = Contained;

  /// A module made by its default constructor; `nullptr` makes an empty holder instead.
  ModuleHolder() : ModuleHolder(make()) {
    static_assert(
        std::is_default_constructible_v<Contained>,
        "this module has no default constructor: give its arguments, or nullptr for an empty holder");
  }
  ModuleHolder(std::nullptr_t) noexcept {}                                           // NOLINT(*-explicit-*)
  ModuleHolder(std::shared_ptr<Contained> module) : ModuleSlot(std::move(module)) {  // NOLINT(*-explicit-*)
    if (!is_empty() && typeid(*get()) == typeid(Contained)) note_forward(*get());
  }
  /// A module made with these arguments.
  template <class Head, class... Tail>
  requires(!std::derived_from<std::remove_cvref_t<Head>, ModuleHolder> || sizeof...(Tail) > 0) &&
      (!std::convertible_to<Head, std::shared_ptr<Contained>> || sizeof...(Tail) > 0) &&
      std::constructible_from<Contained, Head, Tail...> explicit ModuleHolder(Head&& head, Tail&&... tail)
      : ModuleHolder(make(std::forward<Head>(head), std::forward<Tail>(tail)...)) {}

  [[nodiscard]] bool is_empty() const noexcept { return module_ptr() == nullptr; }
  explicit operator bool() const noexcept { return !is_empty(); }

  /// Error "Accessing empty ModuleHolder" on an empty holder, here and below.
  Contained* operator->() const { return get(); }
  Contained& operator*() const { return *get(); }
  [[nodiscard]] Contained* get() const {
    check(!is_empty(), "Accessing empty ModuleHolder");
    return static_cast<Contained*>(module_ptr().get());
  }
  [[nodiscard]] std::shared_ptr<Contained> ptr() const {
    check(!is_empty(), "Accessing empty ModuleHolder");
    return std::static_pointer_cast<Contained>(module_ptr());
  }

  /// Pre-hooks, forward, hooks. Returns what forward returns.
  template <class... Args>
  requires requires(Contained& c, Args&&... args) { c.forward(std::forward<Args>(args)...); }
  auto operator()(Args&&... args) const {
    Contained& m = *get();
    if (!m.has_forward_hooks()) [[likely]] {
      return m.forward(std::forward<Args>(args)...);
    }
    return call_with_hooks(m, std::tuple<std::decay_t<Args>...>(std::forward<Args>(args)...));
  }
  template <class Index>
  requires requires(Contained& c, Index&& i) { c[std::forward<Index>(i)]; }
  decltype(auto) operator[](Index&& i) const { return (*get())[std::forward<Index>(i)]; }

 private:
  struct Made {
    std::shared_ptr<Contained> module;
  };
  explicit ModuleHolder(Made made) : ModuleSlot(std::move(made.module)) {}
  template <class... Args>
  static Made make(Args&&... args) {
    Made out{std::make_shared<Contained>(std::forward<Args>(args)...)};
    note_forward(*out.module);
    return out;
  }
  static void note_forward(Module& m) noexcept {
    m.set_forward_function(detail::forward_function<Contained>());
  }

  template <class Tuple>
  static auto call_with_hooks(Contained& m, Tuple args) {
    using Result = decltype(std::apply([&](auto&... a) { return m.forward(std::move(a)...); }, args));
    const auto each_tensor = [&](auto&& f) {
      std::apply(
          [&](auto&... a) {
            const auto one = [&]<class A>(A& x) {
              if constexpr (std::derived_from<A, Tensor>) f(x);
            };
            (one(a), ...);
          },
          args);
    };
    std::vector<Tensor> inputs;
    each_tensor([&](Tensor& x) { inputs.push_back(x); });
    m.run_forward_pre_hooks(inputs);
    std::size_t next = 0;
    each_tensor([&](Tensor& x) {
      if (next < inputs.size()) x = inputs[next++];
    });
    Tensor output;
    if constexpr (std::same_as<Result, Tensor>) {
      output = std::apply([&](auto&... a) { return m.forward(std::move(a)...); }, args);
      m.run_forward_hooks(inputs, output);
      return output;
    } else if constexpr (std::is_void_v<Result>) {
      std::apply([&](auto&... a) { m.forward(std::move(a)...); }, args);
      m.run_forward_hooks(inputs, output);
    } else {
      Result result = std::apply([&](auto&... a) { return m.forward(std::move(a)...); }, args);
      m.run_forward_hooks(inputs, output);
      return result;
    }
  }
};

template <IsModuleHolder H>
std::ostream& operator<<(std::ostream& os, const H& holder) {
  return holder.is_empty() ? os << "None" : os << static_cast<const Module&>(*holder);
}

}  // namespace ballast::nn

template <ballast::nn::IsModuleHolder H>
struct fmt::formatter<H> : fmt::formatter<std::string_view> {
  auto format(const H& holder, fmt::format_context& ctx) const {
    return formatter<std::string_view>::format(holder.is_empty() ? "None" : holder->repr(), ctx);
  }
};

/// Makes `Name`, the handle class of a module class `NameImpl`; also inside a function.
#define BALLAST_MODULE(Name) BALLAST_MODULE_IMPL(Name, Name##Impl)
/// The same for a module class of any name.
#define BALLAST_MODULE_IMPL(Name, ImplType)                                \
  class Name : public ::ballast::nn::ModuleHolder<ImplType> { /* NOLINT */ \
   public:                                                                 \
    using ::ballast::nn::ModuleHolder<ImplType>::ModuleHolder;             \
    using Impl [[maybe_unused]] = ImplType;                                \
  }
