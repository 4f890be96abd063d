// Collecting a StateDict.
#include "ballast/core/state_dict.h"

#include <unordered_map>

#include "ballast/nn/module.h"
#include "ballast/nn/module_extras.h"
#include "ballast/nn/walk.h"

namespace ballast::nn {

class StateDictSaver {
 public:
  StateDictSaver(StateDict& destination, bool keep_vars, bool metadata)
      : destination_(destination),
        keep_vars_(keep_vars),
        with_metadata_(metadata),
        only_new_(destination.empty()) {
    for (std::size_t i = 0; metadata && i < destination.metadata.size(); ++i) {
      known_paths_.emplace(destination.metadata[i].path, i);
    }
  }

  void run(const Module& root, const std::string& prefix) {
    std::size_t modules = 0;
    std::size_t tensors = 0;
    walk(root, {.remove_duplicate = false, .paths = false}, [&](const Module& m, const std::string&) {
      ++modules;
      tensors += m.parameters_.size() + m.buffers_.size();
    });
    destination_.reserve(destination_.size() + tensors);
    if (with_metadata_) destination_.metadata.reserve(destination_.metadata.size() + modules);
    walk(
        root, {.member_prefix = prefix, .remove_duplicate = false},
        [this](Module& m, const std::string& p) { enter(m, p); },
        [this](Module& m, const std::string& p) {
          if (m.extras_ && !m.extras_->state_dict_post.empty()) {
            only_new_ = false;
            m.extras_->state_dict_post.run(m, destination_, p);
          }
        });
  }

 private:
  void enter(Module& m, const std::string& prefix) {
    if (with_metadata_)
      note_version(std::string(prefix, 0, prefix.empty() ? 0 : prefix.size() - 1), m.version());
    if (m.extras_) m.extras_->state_dict_pre.run(m, prefix, keep_vars_);
    for (const TensorEntry& e : m.parameters_) put(prefix, e.name, m.slot(e));
    for (const TensorEntry& e : m.buffers_) {
      if (e.persistent) put(prefix, e.name, m.slot(e));
    }
    put(prefix, "_extra_state", m.get_extra_state());
  }

  void put(const std::string& prefix, std::string_view name, const Tensor& value) {
    if (!value.defined()) return;
    std::string key;
    key.reserve(prefix.size() + name.size());
    key.append(prefix).append(name);
    Tensor shown = keep_vars_ ? value : value.detach();
    if (only_new_) {
      destination_.append(std::move(key), std::move(shown));
    } else {
      destination_.assign(std::move(key), std::move(shown));
    }
  }

  void note_version(std::string path, std::int64_t version) {
    if (!known_paths_.empty()) {
      if (const auto at = known_paths_.find(path); at != known_paths_.end()) {
        destination_.metadata[at->second].version = version;
        return;
      }
    }
    destination_.metadata.push_back({std::move(path), version});
  }

  StateDict& destination_;
  bool keep_vars_;
  bool with_metadata_;
  bool only_new_;  // names cannot meet: nothing else is in the destination
  std::unordered_map<std::string, std::size_t> known_paths_;
};

StateDict Module::state_dict(const StateDictOptions& options) const {
  StateDict out;
  out.has_metadata = true;
  StateDictSaver(out, options.keep_vars, true).run(*this, options.prefix);
  return out;
}

StateDict& Module::state_dict(StateDict& destination, const std::string& prefix, bool keep_vars) const {
  StateDictSaver(destination, keep_vars, destination.has_metadata).run(*this, prefix);
  return destination;
}

}  // namespace ballast::nn
