// A module: parameters, buffers and child modules by name. A model is a tree of them, and every name is a
// path through it: `encoder.layers.0.weight`.
//
//   struct NetImpl : nn::Cloneable<NetImpl> {
//     nn::Linear fc{nullptr};
//     Tensor scale;
//     NetImpl() {
//       bind_parameter("scale", scale, ones({3}));      // the member `scale` is the parameter
//       bind_module("fc", fc, nn::Linear(4, 3));        // the member `fc` is the child
//     }
//     Tensor forward(const Tensor& x) { return fc(x) * scale; }
//   };
//   BALLAST_MODULE(Net);                                // Net: a handle to a NetImpl (nn/module_holder.h)
//
//   Net net;
//   for (const auto& [name, p] : net->named_parameters()) fmt::print("{} {}\n", name, p.shape());
//   net->fc->weight = other->fc->weight;                // tied: one parameter under two names
//
// A module's own parameters come before those of its children, each in order of registration; assigning to a
// name keeps its place. What is reachable by several paths is listed once, under its first name, unless asked
// otherwise. state_dict() always lists every name. A const module is a const handle: what it lists can be
// changed.
//
// Errors are KeyError for names, with PyTorch's texts.
#pragma once

#include <concepts>
#include <cstdint>
#include <functional>
#include <iosfwd>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

#include <fmt/format.h>

#include "ballast/core/ordered_dict.h"
#include "ballast/core/state_dict.h"
#include "ballast/core/tensor.h"
#include "ballast/nn/entries.h"
#include "ballast/nn/hooks.h"
#include "ballast/nn/load_state_dict.h"
#include "ballast/nn/module_slot.h"

namespace ballast::nn {

/// How to list parameters or buffers.
struct NamedOptions {
  std::string prefix = {};       ///< put before every name, with a dot between
  bool recurse = true;           ///< false: the module's own only
  bool remove_duplicate = true;  ///< false: what is shared is listed under every name
};

/// How to list modules.
struct NamedModulesOptions {
  std::string prefix = {};
  bool remove_duplicate = true;
  bool include_self = true;
};

struct StateDictOptions {
  std::string prefix = {};  ///< put before every name as it is: "net." for `net.0.weight`
  bool keep_vars = false;   ///< true: the parameters themselves; false: detached tensors on their storage
};

template <class H>
concept IsModuleHolder = std::derived_from<H, ModuleSlot> && requires {
  typename H::ContainedType;
};

namespace detail {
template <class M>
struct ImplOf {
  using type = M;
};
template <IsModuleHolder H>
struct ImplOf<H> {
  using type = typename H::ContainedType;
};
}  // namespace detail

class Module : public std::enable_shared_from_this<Module> {
 public:
  Module() = default;
  /// A module that calls itself `name` (see name()).
  explicit Module(std::string name);
  /// A copy of a module is another module with the same parameters, buffers and children. A deep one:
  /// clone().
  Module(const Module& o);
  Module& operator=(const Module& o);
  virtual ~Module();

  // --------------------------------------------------------------------------------------- what it is called
  /// The class as Python would name it: "Linear" for nn::LinearImpl, "LM" for struct LMImpl.
  [[nodiscard]] virtual std::string class_name() const;
  /// The name given at construction, else the C++ class with its namespaces ("ballast::nn::LinearImpl").
  [[nodiscard]] std::string name() const;

  // ------------------------------------------------------------------------------ listing: one walk (walk.h)
  [[nodiscard]] std::vector<Tensor> parameters(bool recurse = true) const;
  [[nodiscard]] OrderedDict<std::string, Tensor> named_parameters(const NamedOptions& options = {}) const;
  template <std::same_as<bool> B>
  [[nodiscard]] OrderedDict<std::string, Tensor> named_parameters(B recurse) const {
    return named_parameters(NamedOptions{.recurse = recurse});
  }
  [[nodiscard]] std::vector<Tensor> buffers(bool recurse = true) const;
  [[nodiscard]] OrderedDict<std::string, Tensor> named_buffers(const NamedOptions& options = {}) const;
  template <std::same_as<bool> B>
  [[nodiscard]] OrderedDict<std::string, Tensor> named_buffers(B recurse) const {
    return named_buffers(NamedOptions{.recurse = recurse});
  }
  /// This module and all below it, parents first. Error if this module is not owned by a shared_ptr (a module
  /// on the stack); modules(false), without the module itself, works there.
  [[nodiscard]] std::vector<std::shared_ptr<Module>> modules(bool include_self = true) const;
  /// The same by path; the module's own path is the prefix, "" without one.
  [[nodiscard]] OrderedDict<std::string, std::shared_ptr<Module>> named_modules(
      const NamedModulesOptions& options = {}) const;
  template <std::convertible_to<std::string> S>
  [[nodiscard]] OrderedDict<std::string, std::shared_ptr<Module>> named_modules(
      const S& prefix, bool include_self = true) const {
    return named_modules(NamedModulesOptions{.prefix = prefix, .include_self = include_self});
  }
  /// The direct children, without absent ones and, as in Python, each once.
  [[nodiscard]] std::vector<std::shared_ptr<Module>> children() const;
  [[nodiscard]] OrderedDict<std::string, std::shared_ptr<Module>> named_children() const;

  // ------------------------------------------------------------------------------------------ access by name
  /// By path ("0.weight"). KeyError "ReLU has no attribute `weight`", "`0` is not an nn.Parameter".
  [[nodiscard]] Tensor& get_parameter(std::string_view path) const;
  /// By path; undefined for an absent buffer. KeyError "`weight` is not a buffer".
  [[nodiscard]] Tensor& get_buffer(std::string_view path) const;
  /// By path; "" is this module. KeyError "`weight` is not an nn.Module".
  [[nodiscard]] std::shared_ptr<Module> get_submodule(std::string_view path) const;
  /// Puts `module` at a path, in the place of what was there; with `strict` something must be there. ValueError for an
  /// empty path and if a bound member's class cannot hold the module, KeyError as get_submodule.
  void set_submodule(std::string_view path, std::shared_ptr<Module> module, bool strict = false);

  /// Of this module, by local name; true also for absent (undefined) ones.
  [[nodiscard]] bool has_parameter(std::string_view name) const { return parameters_.find(name) != nullptr; }
  [[nodiscard]] bool has_buffer(std::string_view name) const { return buffers_.find(name) != nullptr; }
  [[nodiscard]] bool has_child(std::string_view name) const { return children_.find(name) != nullptr; }
  /// Of this module, by local name. KeyError "'ReLU' object has no attribute 'weight'".
  [[nodiscard]] Tensor& parameter(std::string_view name) const;
  [[nodiscard]] Tensor& buffer(std::string_view name) const;
  [[nodiscard]] std::shared_ptr<Module> child(std::string_view name) const;

  /// This module as one of its class (`m.as<nn::Linear>()`, `m.as<nn::LinearImpl>()`), or null if it is
  /// another.
  template <class M>
  [[nodiscard]] typename detail::ImplOf<M>::type* as() noexcept {
    return dynamic_cast<typename detail::ImplOf<M>::type*>(this);
  }
  template <class M>
  [[nodiscard]] const typename detail::ImplOf<M>::type* as() const noexcept {
    return dynamic_cast<const typename detail::ImplOf<M>::type*>(this);
  }

  // -------------------------------------------------------------------------------------------- registration
  // A name is not empty and has no dot, and is one thing only: KeyError `parameter name can't contain "."`,
  // "attribute 'weight' already exists". The same name again replaces the value and keeps the place.

  /// The member is the parameter from now on: assigning to it changes the tree. `member` must be a data
  /// member of this object. An undefined value is an absent parameter. A plain tensor becomes a Parameter and
  /// requires grad unless said otherwise; one that is a Parameter already keeps its flag. Returns the member.
  Tensor& bind_parameter(std::string_view name, Tensor& member, Tensor value,
                         std::optional<bool> requires_grad = std::nullopt);
  /// The same with the value that the member already has.
  Tensor& bind_parameter(std::string_view name, Tensor& member);
  /// A buffer is state that is not trained; a persistent one is in the state dict.
  Tensor& bind_buffer(std::string_view name, Tensor& member, Tensor value, bool persistent = true);
  Tensor& bind_buffer(std::string_view name, Tensor& member) { return bind_buffer(name, member, member); }
  /// `member` is a holder (nn::Linear fc{nullptr}); an empty one is an absent child. Returns the member.
  template <IsModuleHolder H>
  H& bind_module(std::string_view name, H& member, std::type_identity_t<H> value) {
    using Contained = typename H::ContainedType;
    bind_child(name, member, value.module_ptr(), []([[maybe_unused]] const Module& m) {
      if constexpr (std::same_as<Contained, Module>) {
        return true;
      } else {
        return dynamic_cast<const Contained*>(&m) != nullptr;
      }
    });
    static_cast<ModuleSlot&>(member) = std::move(static_cast<ModuleSlot&>(value));
    return member;
  }
  template <IsModuleHolder H>
  H& bind_module(std::string_view name, H& member) {
    return bind_module(name, member, H(member));
  }

  /// libtorch's forms: the module holds its own handle. They return the value given.
  Tensor register_parameter(std::string_view name, Tensor value,
                            std::optional<bool> requires_grad = std::nullopt);
  Tensor register_buffer(std::string_view name, Tensor value, bool persistent = true);
  template <std::derived_from<Module> M>
  std::shared_ptr<M> register_module(std::string_view name, std::shared_ptr<M> module) {
    note_forward(module.get());
    put_child(name, module);
    return module;
  }
  template <IsModuleHolder H>
  H register_module(std::string_view name, H module) {
    put_child(name, module.module_ptr());
    return module;
  }
  void register_module(std::string_view name, std::nullptr_t) { put_child(name, nullptr); }
  /// Python's name for the same.
  template <class M>
  void add_module(std::string_view name, M&& module) {
    register_module(name, std::forward<M>(module));
  }

  /// Puts another module in the place of a child. KeyError "Submodule 'k' is not defined".
  template <class M>
  auto replace_module(std::string_view name, M module) {
    require_child(name);
    return register_module(name, std::move(module));
  }
  /// Take an entry away (Python's `del`); a bound member becomes undefined or empty, and is bound again when its
  /// name is registered again. KeyError if there is none.
  void unregister_parameter(std::string_view name);
  void unregister_buffer(std::string_view name);
  void unregister_module(std::string_view name);

  // --------------------------------------------------------------------------------- changing the whole tree
  /// Calls `f` on every module, children before parents; one below several parents once for each (as Python
  /// does). `f` takes a Module& or a const std::shared_ptr<Module>&, or a name (std::string) and one of these.
  template <class F>
  Module& apply(F&& f, const std::string& name_prefix = {}) {
    if constexpr (std::invocable<F&, Module&>) {
      apply_each([&f](Module& m, const std::string&) { f(m); }, name_prefix, false);
    } else if constexpr (std::invocable<F&, const std::shared_ptr<Module>&>) {
      apply_each([&f](Module& m, const std::string&) { f(m.shared()); }, name_prefix, false);
    } else if constexpr (std::invocable<F&, const std::string&, Module&>) {
      apply_each([&f](Module& m, const std::string& path) { f(path, m); }, name_prefix, true);
    } else {
      static_assert(std::invocable<F&, const std::string&, const std::shared_ptr<Module>&>,
                    "apply takes a function of Module& or of const std::shared_ptr<Module>&, or of a name "
                    "and one of these");
      apply_each([&f](Module& m, const std::string& path) { f(path, m.shared()); }, name_prefix, true);
    }
    return *this;
  }
  template <class F>
  const Module& apply(F&& f, const std::string& name_prefix = {}) const {
    return const_cast<Module*>(this)->apply(std::forward<F>(f), name_prefix);
  }

  Module& train(bool on = true);
  Module& eval() { return train(false); }
  [[nodiscard]] bool is_training() const noexcept { return training_; }
  /// What train() calls on every module: override it to keep a part of a model in one mode.
  virtual void set_training(bool on) { training_ = on; }

  /// Sets the flag on every parameter.
  Module& requires_grad_(bool on = true);
  /// Forgets the gradients of all parameters, or fills them with zeros.
  virtual void zero_grad(bool set_to_none = true);

  // Conversions change the tensors in place: handles to them stay valid, and what was tied stays tied (a
  // shared tensor is converted once; parameters that are views of one storage are views of one storage
  // afterwards, as long as they have one type). As in Python only floating point and complex tensors are
  // cast. Values of meta tensors cannot be moved: NotImplementedError; to_empty() gives them memory without
  // values.
  Module& to(DType dtype);  ///< DTypeError unless floating point or complex
  Module& to(Device device);
  Module& to(DeviceType device) { return to(Device(device)); }
  Module& to(Device device, DType dtype);
  Module& to_empty(Device device);
  Module& float_();  ///< floating point tensors only, not complex ones, here and in the next three
  Module& double_();
  Module& half();
  Module& bfloat16();

  // ---------------------------------------------------------------------------------------------- state dict
  /// Every parameter and persistent buffer under every name, with the version of every module beside them.
  [[nodiscard]] StateDict state_dict(const StateDictOptions& options = {}) const;
  /// The same into a dictionary there is already; returns it.
  StateDict& state_dict(StateDict& destination, const std::string& prefix = {}, bool keep_vars = false) const;
  /// Takes values by name, converted to the module's types. LoadStateDictError with PyTorch's text "Error(s) in
  /// loading state_dict for Net:..." that names everything wrong; a tensor of shape [1] fits a parameter without
  /// dimensions. For checkpoints that do not quite fit there are rules and a report (nn/load_state_dict.h).
  IncompatibleKeys load_state_dict(const StateDict& state, const LoadStateDictOptions& options = {});
  template <std::same_as<bool> B>
  IncompatibleKeys load_state_dict(const StateDict& state, B strict, bool assign = false) {
    return load_state_dict(state, LoadStateDictOptions{.strict = strict, .assign = assign});
  }
  /// The version of this class's layout in state dicts.
  [[nodiscard]] virtual std::int64_t version() const { return 1; }
  /// Before this module takes its entries in a load: the place for reading older layouts.
  virtual void before_load(LoadContext& /*context*/) {}
  /// A tensor to be kept under the name "_extra_state", and its way back. Undefined: none.
  [[nodiscard]] virtual Tensor get_extra_state() const { return {}; }
  virtual void set_extra_state(const Tensor& /*state*/) {}

  /// A deep copy in which what was tied is tied. Cloneable (nn/cloneable.h) implements it;
  /// NotImplementedError else.
  [[nodiscard]] std::shared_ptr<Module> clone(const std::optional<Device>& device = std::nullopt) const;

  // ------------------------------------------------------------------------------------------------- calling
  /// forward() without hooks, for code that knows only a Module. Cloneable implements it where forward takes
  /// and returns one Tensor; NotImplementedError `Module [ModuleList] is missing the required "forward"
  /// function` else.
  virtual Tensor call(const Tensor& input);
  /// forward() with hooks.
  Tensor operator()(const Tensor& input);

  // --------------------------------------------------------------------------------------------------- hooks
  RemovableHandle register_forward_pre_hook(ForwardPreHook hook, bool prepend = false);
  /// Also a function that returns a Tensor, which becomes the result.
  template <class F>
  RemovableHandle register_forward_hook(F hook, bool prepend = false) {
    if constexpr (std::is_invocable_r_v<Tensor, F&, Module&, const std::vector<Tensor>&, Tensor&>) {
      return add_forward_hook([f = std::move(hook)](Module& m, const std::vector<Tensor>& in,
                                                    Tensor& out) mutable { out = f(m, in, out); },
                              prepend);
    } else {
      return add_forward_hook(std::move(hook), prepend);
    }
  }
  RemovableHandle register_state_dict_pre_hook(StateDictPreHook hook);
  RemovableHandle register_state_dict_post_hook(StateDictHook hook);
  RemovableHandle register_load_state_dict_pre_hook(LoadStateDictPreHook hook);
  RemovableHandle register_load_state_dict_post_hook(LoadStateDictPostHook hook);

  // ------------------------------------------------------------------------------------------------ printing
  /// The tree as Python prints it. LimitError for trees deeper than 1000.
  [[nodiscard]] virtual std::string repr() const;
  /// What stands between the brackets: "in_features=4, out_features=8, bias=True"; may have several lines.
  [[nodiscard]] virtual std::string extra_repr() const { return {}; }

  // ------------------------------------------------ the entries themselves, for those who write another walk
  [[nodiscard]] const Entries<TensorEntry>& parameter_entries() const noexcept { return parameters_; }
  [[nodiscard]] const Entries<TensorEntry>& buffer_entries() const noexcept { return buffers_; }
  [[nodiscard]] const Entries<ChildEntry>& child_entries() const noexcept { return children_; }
  /// Where an entry of this module has its value: the bound member or the entry itself.
  [[nodiscard]] Tensor& slot(const TensorEntry& e) const noexcept {
    auto& entry = const_cast<TensorEntry&>(e);
    return e.offset == 0 ? entry.own : *reinterpret_cast<Tensor*>(member_at(e.offset));
  }
  [[nodiscard]] ModuleSlot& slot(const ChildEntry& e) const noexcept {
    auto& entry = const_cast<ChildEntry&>(e);
    return e.offset == 0 ? entry.own : *reinterpret_cast<ModuleSlot*>(member_at(e.offset));
  }
  /// This module as a shared_ptr; Error if none owns it.
  [[nodiscard]] std::shared_ptr<Module> shared() const;

  /// For ModuleHolder: how to call forward of the module's exact class.
  using ForwardFunction = Tensor (*)(Module&, const Tensor&);
  void set_forward_function(ForwardFunction f) noexcept { forward_ = f; }
  template <class M>
  static void note_forward(M* module);
  [[nodiscard]] bool has_forward_hooks() const noexcept;
  void run_forward_pre_hooks(std::vector<Tensor>& inputs);
  void run_forward_hooks(const std::vector<Tensor>& inputs, Tensor& output);

 protected:
  /// One module copied by its copy constructor while nn::clone walks the tree; Cloneable implements it.
  [[nodiscard]] virtual std::shared_ptr<Module> copy_this() const;

  // Containers arrange their children themselves.
  Entries<TensorEntry>& own_parameters() noexcept { return parameters_; }
  Entries<ChildEntry>& own_children() noexcept { return children_; }
  void put_child(std::string_view name, std::shared_ptr<Module> module);

 private:
  friend class StateDictLoader;
  friend class StateDictSaver;
  friend class Cloner;
  struct Extras;

  [[nodiscard]] char* member_at(std::int32_t offset) const noexcept {
    return reinterpret_cast<char*>(const_cast<Module*>(this)) + offset;
  }
  [[nodiscard]] std::int32_t offset_of(const void* member, std::string_view name) const;
  void bind_child(std::string_view name, ModuleSlot& member, const std::shared_ptr<Module>& value,
                  bool (*accepts)(const Module&));
  void require_child(std::string_view name) const;
  /// The entry that was bound under a name which is gone; null if there is none or its member has another name now.
  [[nodiscard]] const TensorEntry* former_tensor(std::string_view name) const;
  [[nodiscard]] const ChildEntry* former_child(std::string_view name) const;
  [[noreturn]] void throw_no_attribute(std::string_view name) const;
  void apply_each(const std::function<void(Module&, const std::string&)>& f, const std::string& prefix,
                  bool with_names);
  RemovableHandle add_forward_hook(ForwardHook hook, bool prepend);
  Extras& extras();

  Entries<TensorEntry> parameters_, buffers_;
  Entries<ChildEntry> children_;
  ForwardFunction forward_ = nullptr;
  std::shared_ptr<Extras> extras_;  // a given name and hooks, which few modules have
  bool training_ = true;
};

namespace detail {
template <class M>
concept ForwardsTensor = requires(M& m, const Tensor& x) {
  { m.forward(x) } -> std::convertible_to<Tensor>;
};
/// How to call forward of an M; null if it does not take and return one Tensor.
template <class M>
constexpr Module::ForwardFunction forward_function() {
  if constexpr (ForwardsTensor<M>) {
    return [](Module& m, const Tensor& x) -> Tensor { return static_cast<M&>(m).forward(x); };
  } else {
    return nullptr;
  }
}
}  // namespace detail

template <class M>
void Module::note_forward(M* module) {
  if constexpr (!std::is_same_v<M, Module>) {
    if (module != nullptr && module->forward_ == nullptr && typeid(*module) == typeid(M)) {
      static_cast<Module*>(module)->forward_ = detail::forward_function<M>();
    }
  }
}

std::ostream& operator<<(std::ostream& os, const Module& module);
template <std::derived_from<Module> M>
std::ostream& operator<<(std::ostream& os, const std::shared_ptr<M>& module) {
  return module ? os << static_cast<const Module&>(*module) : os << "None";
}

}  // namespace ballast::nn

// fmt shows what operator<< shows.
template <std::derived_from<ballast::nn::Module> M>
struct fmt::formatter<M> : fmt::formatter<std::string_view> {
  auto format(const ballast::nn::Module& m, fmt::format_context& ctx) const {
    return formatter<std::string_view>::format(m.repr(), ctx);
  }
};
template <std::derived_from<ballast::nn::Module> M>
struct fmt::formatter<std::shared_ptr<M>> : fmt::formatter<std::string_view> {
  auto format(const std::shared_ptr<M>& m, fmt::format_context& ctx) const {
    return formatter<std::string_view>::format(m ? m->repr() : "None", ctx);
  }
};
