// What gives a module class deep copies and a place in containers that call it:
//
//   struct NetImpl : nn::Cloneable<NetImpl> { ... };                // derives from Module
//   struct WiderImpl : nn::Cloneable<WiderImpl, NetImpl> { ... };   // derives from another module class
//
// A deep copy is made by the class's copy constructor: every Tensor and module handle among its members,
// bound or not, in a vector or alone, is copied to the copy's own, and what was one before is one in the
// copy. Other members are copied as they are (a std::shared_ptr<SomeImpl> member would still mean the
// original's module: use a holder).
#pragma once

#include <memory>
#include <type_traits>
#include <typeinfo>

#include "ballast/nn/module.h"
#include "ballast/nn/module_holder.h"

namespace ballast::nn {

namespace detail {

template <class Base>
class WithReset : public Base {
 public:
  using Base::Base;

  /// libtorch's place for making parameters; called by whoever writes it, not by clone().
  virtual void reset() {}
};

template <class M>
concept HasReset = requires(M& m) {
  m.reset();
};

/// Base, with reset() if it has none.
template <class Base>
using Resettable = std::conditional_t<HasReset<Base>, Base, WithReset<Base>>;

}  // namespace detail

template <class Derived, class Base = Module>
class Cloneable : public detail::Resettable<Base> {
 public:
  using detail::Resettable<Base>::Resettable;

  Tensor call(const Tensor& input) override {
    if constexpr (detail::ForwardsTensor<Derived>) {
      return static_cast<Derived&>(*this).forward(input);
    } else {
      return Base::call(input);
    }
  }

 protected:
  [[nodiscard]] std::shared_ptr<Module> copy_this() const override {
    // A class derived from Derived without a Cloneable of its own would lose its members here.
    if (typeid(*this) != typeid(Derived)) {
      // NOLINTNEXTLINE(bugprone-parent-virtual-call): what it says of a class that is not Cloneable
      return Module::copy_this();
    }
    return std::make_shared<Derived>(static_cast<const Derived&>(*this));
  }
};

}  // namespace ballast::nn
