#include "ballast/nn/load_state_dict.h"

#include <algorithm>
#include <deque>
#include <ostream>

#include "ballast/core/error.h"
#include "ballast/core/lost_pages.h"
#include "ballast/core/prefetch.h"
#include "ballast/core/print.h"
#include "ballast/core/warning.h"
#include "ballast/nn/load_report.h"
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

/// What two tensors of different sizes have both, as views of each.
struct Overlap {
  Overlap(const Tensor& a, const Tensor& b) {
    Dims sizes(a.sizes());
    for (std::size_t d = 0; d < sizes.size(); ++d) sizes[d] = std::min(sizes[d], b.sizes()[d]);
    first = a.alias(sizes, a.strides(), a.storage_offset());
    second = b.alias(sizes, b.strides(), b.storage_offset());
  }
  Tensor first, second;
};

}  // namespace

/// One load: plans what goes where and what is wrong, then does it.
class StateDictLoader {
 public:
  StateDictLoader(Module& root, const StateDict& state, const LoadStateDictOptions& options)
      : root_(root), given_state_(state), options_(options), context_(state, options) {
    if (options.rules.keeps_names()) return;
    renamed_ = renamed(state, options.rules);
    context_.state_ = &renamed_->dict;
  }

  IncompatibleKeys run() {
    const LostPageCheck mappings;
    walk(
        root_, {.remove_duplicate = false},
        [this](Module& m, const std::string& p) { take_own_entries(m, p); },
        [this](Module& m, const std::string&) {
          if (m.extras_ && !m.extras_->load_post.empty()) with_post_hooks_.push_back(&m);
        });
    find_twins();
    if (context_.changed_ || taken_ != context_.state().size()) {
      keys_.unexpected_keys = unexpected_keys(root_, context_.state());
    }
    std::optional<MatchReport> report;
    if (options_.report != nullptr) report = make_report();
    const bool clean = is_clean();
    if (clean) commit();
    for (Module* m : with_post_hooks_) m->extras_->load_post.run(*m, keys_);
    const bool forgiven = is_clean();
    if (!report && !forgiven) report = make_report();
    if (report) keep_only(*report, keys_);
    if (options_.report != nullptr) *options_.report = *report;
    if (!forgiven && !options_.dry_run) throw LoadStateDictError(error_text(), *std::move(report));
    if (!clean && forgiven) commit();
    mappings.check();
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
  /// A name that was not given, of a tensor that may have been given under another.
  struct Twin {
    Module* module;
    Tensor* slot;
    std::size_t at;  // in missing_keys
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
      if (options_.rules.tied_names == TiedNames::kOnce)
        twins_.push_back({&m, &slot, keys_.missing_keys.size()});
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
    if (options_.rules.tied_names == TiedNames::kOnce) {
      const auto [before, fresh] = given_.emplace(slot.unsafeGetTensorImpl());
      if (!fresh && !options_.assign && same_view(*before, given)) return;  // is loaded already
      *before = given;
    }
    const bool other_shape = given.sizes() != slot.sizes();
    if (other_shape && options_.rules.on_shape_mismatch == OnShapeMismatch::kSkip) return;
    if (other_shape &&
        (options_.rules.on_shape_mismatch == OnShapeMismatch::kFail || given.dim() != slot.dim())) {
      told_by_report_.push_back(context_.errors_.size());
      context_.error(
          fmt::format("size mismatch for {}: copying a param with shape {} from checkpoint, the shape in "
                      "current model is {}.",
                      key_, torch_size(given), torch_size(slot)));
      return;
    }
    if (options_.rules.on_dtype_mismatch == OnDTypeMismatch::kRefuse && given.dtype() != slot.dtype()) {
      told_by_report_.push_back(context_.errors_.size());
      context_.error(fmt::format(
          "dtype mismatch for {}: copying a param with dtype torch.{} from checkpoint, the dtype in current "
          "model is torch.{}.",
          key_, dtype_name(given.dtype()), dtype_name(slot.dtype())));
      return;
    }
    if (options_.assign) {
      plan_assign(m, slot, given, is_parameter);
    } else if (other_shape) {
      Overlap overlap(slot, given);
      slices_.push_back(std::move(overlap.first));
      plan_copy(m, slices_.back(), std::move(overlap.second));
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
    if (given.sizes() != slot.sizes()) {
      if (given.is_meta() || slot.is_meta()) {
        context_.error(copy_failure(key_, slot, given, "Cannot copy out of meta tensor; no data!"));
        return;
      }
      value = slot.detach().to(given.dtype(), false, true);
      const Overlap overlap(value, given);
      copy_elements(overlap.first, overlap.second);
    }
    if (is_parameter) {
      if (*requires_grad && !given.is_floating_point() && !given.is_complex()) {
        context_.error(copy_failure(
            key_, slot, given, "Only Tensors of floating point and complex dtype can require gradients"));
        return;
      }
      if (!value.is_parameter()) value = Parameter(value, *requires_grad);
    }
    tie->given = given;
    tie->assigned = value;
    old_values_.push_back(slot);  // keeps the address in ties_ its own
    *ties_.emplace(value.unsafeGetTensorImpl()).first = Tie{given, value};
    step({&m, &slot, std::move(value), requires_grad});
  }

  /// Names of tensors that were given under another name are not missing.
  void find_twins() {
    if (twins_.empty()) return;
    std::vector<bool> given(keys_.missing_keys.size());
    for (const Twin& twin : twins_) {
      const void* const tensor = twin.slot->unsafeGetTensorImpl();
      if (given_.find(tensor) == nullptr) continue;
      given[twin.at] = true;
      const Tie* const tie = options_.assign ? ties_.find(tensor) : nullptr;
      if (tie != nullptr) step({twin.module, twin.slot, tie->assigned, std::nullopt});
    }
    std::vector<std::string> missing;
    for (std::size_t i = 0; i < given.size(); ++i) {
      if (!given[i]) missing.push_back(std::move(keys_.missing_keys[i]));
    }
    keys_.missing_keys = std::move(missing);
  }

  [[nodiscard]] MatchReport make_report() const {
    LoadView view{renamed_ ? renamed_->dict : given_state_,
                  context_.state(),
                  renamed_ ? &*renamed_ : nullptr,
                  options_.rules,
                  {}};
    for (std::size_t i = 0; i < context_.errors_.size(); ++i) {
      if (!std::ranges::binary_search(told_by_report_, i)) view.errors.push_back(context_.errors_[i]);
    }
    return report_of(root_, std::move(view));
  }

  void step(Step s) {
    if (options_.dry_run) return;
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
  const StateDict& given_state_;
  const LoadStateDictOptions& options_;
  std::optional<RenamedStateDict> renamed_;
  LoadContext context_;
  IncompatibleKeys keys_;
  std::string key_;
  std::size_t next_ = 0;   // where the next entry is expected
  std::size_t taken_ = 0;  // how many entries were found
  std::vector<Step> steps_;
  std::vector<Module*> with_post_hooks_;
  PointerMap<Tie> ties_;
  std::vector<Tensor> old_values_;
  std::deque<Tensor> slices_;  // places in entries that take a part; steps point to them
  std::vector<Twin> twins_;
  PointerMap<Tensor> given_;                 // by the tensors of the model, under TiedNames::kOnce
  std::vector<std::size_t> told_by_report_;  // errors about shapes and types
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

MatchReport match(Module& model, const StateDict& state, LoadStateDictOptions options) {
  MatchReport report;
  options.dry_run = true;
  options.report = &report;
  model.load_state_dict(state, options);
  return report;
}

}  // namespace ballast::nn
