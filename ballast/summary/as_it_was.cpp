#include "ballast/summary/as_it_was.h"

#include "ballast/core/generator.h"
#include "ballast/nn/layers/embedding.h"

namespace ballast::detail {
namespace {

template <class Layer>
void suspend_rescaling(nn::Module& module, std::vector<std::function<void()>>& undo) {
  auto* const layer = module.as<Layer>();
  if (layer == nullptr || !layer->options.max_norm()) return;
  undo.push_back([layer, norm = layer->options.max_norm()] { layer->options.max_norm(norm); });
  layer->options.max_norm(std::nullopt);
}

}  // namespace

AsItWas::AsItWas() : generator_(get_rng_state()) {}

AsItWas::AsItWas(const std::vector<nn::Module*>& modules) : AsItWas() {
  for (nn::Module* const m : modules) {
    // Kept alive, in case the forward replaces a part of the model. (A module on the stack is its owner's.)
    auto kept = m->weak_from_this().lock();
    if (!kept) kept = std::shared_ptr<nn::Module>(std::shared_ptr<void>(), m);
    modes_.emplace_back(std::move(kept), m->is_training());
    suspend_rescaling<nn::EmbeddingImpl>(*m, undo_);
    suspend_rescaling<nn::EmbeddingBagImpl>(*m, undo_);
  }
  for (nn::Module* const m : modules) m->set_training(false);
}

AsItWas::~AsItWas() {
  for (const auto& undo : undo_) undo();
  for (const auto& [module, mode] : modes_) module->set_training(mode);
  set_rng_state(generator_);
}

}  // namespace ballast::detail
