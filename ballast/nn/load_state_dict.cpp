#include "ballast/nn/load_state_dict.h"

#include <ostream>

#include "ballast/core/error.h"
#include "ballast/core/prefetch.h"
#include "ballast/core/print.h"
#include "ballast/core/warning.h"
#include "ballast/nn/module.h"
#include "ballast/nn/module_extras.h"
#include "ballast/nn/unexpected_keys.h"
#include "ballast/nn/walk.h"
#include "ballast/ops/inplace.h"

namespace ballast::nn {

namespace {

std::string torch_size(const Tensor& t) { return fmt::format("torch.Size({})", shape_text(t.sizes())); }

/// `"a", "b"`
std::string quoted(const std::vector<std::string>& keys) {
  std::string out;
  for (const std::string& key : keys) {
    if (!out.empty()) out += ", ";
    out.append("\"").append(key).append("\"");
  }
  return out;
}

std::string copy_failure(const std::string& key, const Tensor& to, const Tensor& from,
                         std::string_view reason) {
  return fmt::format(
      "While copying the parameter named \"{}\", whose dimensions in the model are {} and whose dimensions "
      "in the checkpoint are {}, an exception occurred : ({},).",
      key, torch_size(to), torch_size(from), python_repr(reason));
}

bool writes_one_place_twice(const Tensor& t) {
  for (std::int64_t d = 0; d < t.dim(); ++d) {
    if (t.size(d) > 1 && t.stride(d) == 0) return true;
  }
  return false;
}

bool same_view(const Tensor& a, const Tensor& b) {
  return a.storage().is_same(b.storage()) && a.dtype() == b.dtype() &&
         a.storage_offset() == b.storage_offset() && a.sizes() == b.sizes() && a.strides() == b.strides();
}

}  // namespace

/// One load: plans what goes where and what is wrong, then does it.
class StateDictLoader {
 public:
  StateDictLoader(Module& root, const StateDict& state, const LoadStateDictOptions& options)
      : root_(root), options_(options), context_(state, options) {}

  IncompatibleKeys run() {
    walk(
        root_, {.remove_duplicate = false},
        [this](Module& m, const std::string& p) { take_own_entries(m, p); },
        [this](Module& m, const std::string&) {
          if (m.extras_ && !m.extras_->load_post.empty()) with_post_hooks_.push_back(&m);
        });
    if (context_.changed_ || taken_ != context_.state().size()) {
      keys_.unexpected_keys = unexpected_keys(root_, context_.state());
    }
    const bool clean = is_clean();
    if (clean) commit();
    for (Module* m : with_post_hooks_) m->extras_->load_post.run(*m, keys_);
    if (!is_clean()) throw Error(error_text());
    if (!clean) commit();
    return std::move(keys_);
  }

 private:
  struct Step {
    Module* module;
    Tensor* slot;  // null: extra state
    Tensor value;
    std::optional<bool> requires_grad = {};
  };
  struct Tie {
    Tensor given, assigned;
  };

  [[nodiscard]] bool is_clean() const {
    return context_.errors_.empty() && (!options_.strict || keys_.empty());
  }

  [[nodiscard]] std::string error_text() const {
    std::string out = fmt::format("Error(s) in loading state_dict for {}:", root_.class_name());
    if (options_.strict && !keys_.missing_keys.empty()) {
      out += fmt::format("\n\tMissing key(s) in state_dict: {}. ", quoted(keys_.missing_keys));
    }
    if (options_.strict && !keys_.unexpected_keys.empty()) {
      out += fmt::format("\n\tUnexpected key(s) in state_dict: {}. ", quoted(keys_.unexpected_keys));
    }
    for (const std::string& e : context_.errors_) out.append("\n\t").append(e);
    return out;
  }

  void take_own_entries(Module& m, const std::string& prefix) {
    context_.prefix_ = &prefix;
    if (m.extras_) m.extras_->load_pre.run(m, context_);
    m.before_load(context_);
    for (const TensorEntry& e : m.parameters_) take(m, e, true, prefix);
    for (const TensorEntry& e : m.buffers_) {
      if (e.persistent) take(m, e, false, prefix);
    }
    if (!m.get_extra_state().defined()) return;
    if (const Tensor* given = given_for(prefix, "_extra_state")) {
      step({&m, nullptr, *given});
    } else {
      keys_.missing_keys.push_back(key_);
    }
  }

  /// The value given for an entry; leaves its full name in key_. Dictionaries mostly have the order of the walk: the
  /// place behind the last one found is tried first.
  const Tensor* given_for(const std::string& prefix, std::string_view name) {
    key_.assign(prefix).append(name);
    const auto& items = context_.state().items();
    if (next_ >= items.size() || items[next_].key() != key_) {
      const std::size_t at = context_.state().position(key_);
      if (at == StateDict::kNone) return nullptr;
      next_ = at;
    }
    ++taken_;
    if (next_ + kObjectsAhead < items.size()) {
      prefetch_object(items[next_ + kObjectsAhead].value());
      prefetch_storage(items[next_ + kStoragesAhead].value());
    }
    return &items[next_++].value();
  }

  void take(Module& m, const TensorEntry& e, bool is_parameter, const std::string& prefix) {
    Tensor& slot = m.slot(e);
    if (!slot.defined()) return;
    const Tensor* found = given_for(prefix, e.name);
    if (found == nullptr) {
      keys_.missing_keys.push_back(key_);
      return;
    }
    if (!found->defined()) {
      context_.error(fmt::format(
          "While copying the parameter named \"{}\", expected torch.Tensor or Tensor-like object from "
          "checkpoint but received <class 'NoneType'>",
          key_));
      return;
    }
    Tensor given = *found;
    if (slot.dim() == 0 && given.dim() == 1 && given.numel() == 1) {
      given = given.alias({}, {}, given.storage_offset());  // files older than tensors of no dimension
    }
    if (given.sizes() != slot.sizes()) {
      context_.error(
          fmt::format("size mismatch for {}: copying a param with shape {} from checkpoint, the shape in "
                      "current model is {}.",
                      key_, torch_size(given), torch_size(slot)));
      return;
    }
    if (options_.assign) {
      plan_assign(m, slot, given, is_parameter);
    } else {
      plan_copy(m, slot, std::move(given));
    }
  }

  void plan_copy(Module& m, Tensor& slot, Tensor given) {
    if (slot.is_meta()) {
      if (!given.is_meta()) {
        warn(fmt::format(
            "for {}: copying from a non-meta parameter in the checkpoint to a meta parameter in the current "
            "model, which is a no-op. (Did you mean to pass `assign=True` to assign items in the state "
            "dictionary to their corresponding key in the module instead of copying them in place?)",
            key_));
      }
      return;
    }
    if (given.is_meta()) {
      context_.error(copy_failure(key_, slot, given, "Cannot copy out of meta tensor; no data!"));
      return;
    }
    if (writes_one_place_twice(slot)) {
      context_.error(
          copy_failure(key_, slot, given,
                       "unsupported operation: more than one element of the written-to tensor refers to a "
                       "single memory location. Please clone() the tensor before performing the operation."));
      return;
    }
    try {
      check_no_partial_overlap(slot, given);
    } catch (const ShapeError& e) {
      context_.error(copy_failure(key_, slot, given, e.what()));
      return;
    }
    if (given.is_complex() && !slot.is_complex()) {
      warn("Casting complex values to real discards the imaginary part");
    }
    step({&m, &slot, std::move(given)});
  }

  void plan_assign(Module& m, Tensor& slot, const Tensor& given, bool is_parameter) {
    const std::optional<bool> requires_grad =
        is_parameter ? std::optional(slot.requires_grad()) : std::nullopt;
    const TensorImpl* const old = slot.unsafeGetTensorImpl();
    const auto [tie, fresh] = ties_.emplace(old);
    if (!fresh && same_view(tie->given, given)) {
      step({&m, &slot, tie->assigned, requires_grad});
      return;
    }
    Tensor value = given;
    if (is_parameter) {
      if (*requires_grad && !given.is_floating_point() && !given.is_complex()) {
        context_.error(copy_failure(
            key_, slot, given, "Only Tensors of floating point and complex dtype can require gradients"));
        return;
      }
      if (!given.is_parameter()) value = Parameter(given, *requires_grad);
    }
    tie->given = given;
    tie->assigned = value;
    old_values_.push_back(slot);  // keeps the address in ties_ its own
    *ties_.emplace(value.unsafeGetTensorImpl()).first = Tie{given, value};
    step({&m, &slot, std::move(value), requires_grad});
  }

  void step(Step s) {
    if (options_.atomic) {
      steps_.push_back(std::move(s));
    } else {
      carry_out(s);
    }
  }

  void commit() {
    for (std::size_t i = 0; i < steps_.size(); ++i) {
      if (i + kObjectsAhead < steps_.size()) {
        prefetch_target(steps_[i + kObjectsAhead], &prefetch_object);
        prefetch_target(steps_[i + kStoragesAhead], &prefetch_storage);
      }
      carry_out(steps_[i]);
    }
    steps_.clear();
  }

  static void prefetch_target(const Step& s, void (*prefetch)(const Tensor&) noexcept) {
    prefetch(s.value);
    if (s.slot != nullptr) prefetch(*s.slot);
  }

  void carry_out(const Step& s) const {
    if (s.slot == nullptr) {
      s.module->set_extra_state(s.value);
    } else if (options_.assign) {
      if (s.requires_grad) s.value.requires_grad_(*s.requires_grad);
      *s.slot = s.value;
    } else {
      copy_elements(*s.slot, s.value);
    }
  }

  static constexpr std::size_t kObjectsAhead = 8;
  static constexpr std::size_t kStoragesAhead = 4;

  Module& root_;
  const LoadStateDictOptions& options_;
  LoadContext context_;
  IncompatibleKeys keys_;
  std::string key_;
  std::size_t next_ = 0;   // where the next entry is expected
  std::size_t taken_ = 0;  // how many entries were found
  std::vector<Step> steps_;
  std::vector<Module*> with_post_hooks_;
  PointerMap<Tie> ties_;
  std::vector<Tensor> old_values_;
};

std::optional<std::int64_t> LoadContext::version() const {
  if (!state_->has_metadata) return std::nullopt;
  if (!versions_) {
    versions_.emplace();
    for (const auto& m : state_->metadata) versions_->emplace(m.path, m.version);
  }
  const auto at = versions_->find(prefix_->empty() ? *prefix_ : prefix_->substr(0, prefix_->size() - 1));
  return at == versions_->end() ? std::nullopt : std::optional(at->second);
}

const Tensor* LoadContext::find(std::string_view own_name) const {
  return state_->find(*prefix_ + std::string(own_name));
}

void LoadContext::provide(std::string_view own_name, Tensor value) {
  mutable_state().assign(*prefix_ + std::string(own_name), std::move(value));
}

void LoadContext::error(std::string text) { errors_.push_back(std::move(text)); }

StateDict& LoadContext::mutable_state() {
  if (!changed_) {
    changed_ = *state_;
    state_ = &*changed_;
  }
  return *changed_;
}

std::string IncompatibleKeys::repr() const {
  if (empty()) return "<All keys matched successfully>";
  return fmt::format("_IncompatibleKeys(missing_keys={}, unexpected_keys={})", python_list(missing_keys),
                     python_list(unexpected_keys));
}

std::ostream& operator<<(std::ostream& os, const IncompatibleKeys& keys) { return os << keys.repr(); }

IncompatibleKeys Module::load_state_dict(const StateDict& state, const LoadStateDictOptions& options) {
  return StateDictLoader(*this, state, options).run();
}

}  // namespace ballast::nn
