// A module in the place of a Transformer's encoder or decoder, with how its forward is called: which inputs it takes is known
// where it is given, and nowhere else.
//
//   class NoAttentionImpl : public nn::Cloneable<NoAttentionImpl> {
//    public:
//     Tensor forward(const Tensor& src, const Tensor& mask, const Tensor& key_padding_mask);
//   };
//   BALLAST_MODULE(NoAttention);
//
//   nn::Transformer model(nn::TransformerOptions(64, 4).custom_encoder(NoAttention()));
#pragma once

#include <array>
#include <concepts>
#include <cstddef>
#include <memory>
#include <tuple>
#include <typeinfo>
#include <utility>

#include "ballast/nn/module_holder.h"

namespace ballast::nn {

/// Of a forward that takes `N` tensors, undefined where there are none. A module whose forward takes others is kept too.
template <std::size_t N>
class CustomPart : public ModuleSlot {
 public:
  using Inputs = std::array<Tensor, N>;

  CustomPart() noexcept = default;
  CustomPart(const ModuleSlot& slot) : ModuleSlot(slot) {}  // NOLINT(*-explicit-*)
  template <class M>
  CustomPart(const ModuleHolder<M>& holder) : ModuleSlot(holder) {  // NOLINT(*-explicit-*)
    note<M>();
  }
  template <std::derived_from<Module> M>
  CustomPart(std::shared_ptr<M> module) : ModuleSlot(std::move(module)) {  // NOLINT(*-explicit-*)
    note<M>();
  }

  /// Whether `module` is of the class that was given, and its forward takes these inputs.
  [[nodiscard]] bool can_call(const Module& module) const {
    return call_ != nullptr && typeid(module) == *actual_;
  }
  /// Hooks and forward.
  [[nodiscard]] Tensor call(Module& module, const Inputs& inputs) const { return call_(module, inputs); }

 private:
  template <class M>
  void note() {
    constexpr bool kFits = []<std::size_t... I>(std::index_sequence<I...>) {
      return requires(M & m, const Inputs& in) {
        { m.forward(in[I]...) } -> std::convertible_to<Tensor>;
      };
    }
    (std::make_index_sequence<N>{});
    if constexpr (kFits) {
      if (module_ptr() == nullptr) return;
      const Module& module = *module_ptr();
      actual_ = &typeid(module);
      call_ = [](Module& m, const Inputs& inputs) -> Tensor {
        const ModuleHolder<M> holder(std::static_pointer_cast<M>(m.shared_from_this()));
        return std::apply([&](const auto&... t) { return holder(t...); }, inputs);
      };
    }
  }

  const std::type_info* actual_ = nullptr;
  Tensor (*call_)(Module&, const Inputs&) = nullptr;
};

/// src, mask, key_padding_mask.
using CustomEncoder = CustomPart<3>;
/// tgt, memory, tgt_mask, memory_mask, tgt_key_padding_mask, memory_key_padding_mask.
using CustomDecoder = CustomPart<6>;

}  // namespace ballast::nn
