#include <iterator>
#include <unordered_set>

#include <fmt/ranges.h>

#include "ballast/checkpoint/load.h"
#include "ballast/checkpoint/pickle/module_state.h"
#include "ballast/checkpoint/shown_name.h"

namespace ballast::checkpoint {
namespace {

// Where training programs keep the state dict of the model.
constexpr std::string_view kPlaces[] = {"",    "state_dict",       "model_state_dict",  "model",    "module",
                                        "net", "network",          "params_ema",        "params",   "weights",
                                        "ema", "model.state_dict", "module.state_dict", "model_ema"};

bool is_extra_state(std::string_view name) {
  return name == "_extra_state" || name.ends_with("._extra_state");
}

bool is_state_dict(const Value& v) {
  if (!v.is_mapping()) return false;
  for (std::size_t i = 0; i < v.size(); ++i) {
    const Value key = v.key(i);
    if (!key.is(Kind::kStr) || (!v.value(i).is(Kind::kTensor) && !is_extra_state(key.as_text())))
      return false;
  }
  return true;
}

std::optional<Value> value_at(const Value& root, std::string_view path) {
  Value v = root;
  while (!path.empty()) {
    if (!v.is_mapping()) return std::nullopt;
    if (auto whole = v.find(path)) return whole;  // a key may hold dots
    const std::size_t dot = path.find('.');
    if (dot == std::string_view::npos) return std::nullopt;
    auto next = v.find(path.substr(0, dot));
    if (!next) return std::nullopt;
    v = *std::move(next);
    path.remove_prefix(dot + 1);
  }
  return v;
}

void read_metadata(const Value& v, StateDict& out) {
  const Value attributes = v.attributes();
  if (!attributes.is_mapping()) return;
  const auto metadata = attributes.find("_metadata");
  if (!metadata) return;
  const auto fail = [](std::string_view what) {
    throw FormatError(fmt::format("the state dict's _metadata {}", what));
  };
  if (!metadata->is_mapping()) fail(fmt::format("is a {}, not a dictionary", kind_name(metadata->kind())));
  out.has_metadata = true;
  for (std::size_t i = 0; i < metadata->size(); ++i) {
    const Value path = metadata->key(i);
    const Value about = metadata->value(i);
    if (!path.is(Kind::kStr) || !about.is_mapping()) fail("does not map paths to dictionaries");
    const auto version = about.find("version");
    if (!version) continue;
    if (!version->is(Kind::kInt))
      fail(fmt::format("has a version of '{}' that is no integer", shown_name(path.as_text())));
    out.metadata.push_back({std::string(path.as_text()), version->as_int()});
  }
}

void append(StateDict& out, std::string_view name, const TensorValue& t) {
  if (t.layout == Layout::kQuantized && t.quantized->scheme == kGgmlBlocks) {
    throw FormatError(fmt::format(
        "'{}' is kept in blocks of type {}: load it with `dequantize`, or as a floating `dtype`, to "
        "have its numbers",
        shown_name(name), t.dtype()));
  }
  if (t.layout != Layout::kStrided) {
    throw FormatError(fmt::format("'{}' is a {} tensor: a state dict here holds dense ones", shown_name(name),
                                  layout_name(t.layout)));
  }
  out.append(std::string(name), t.resolved());
}

/// Whether `name` was asked for, where not everything was.
using Wanted = std::function<bool(const TensorValue&)>;

/// What a value holds as a state dict; nothing if it is none.
std::optional<StateDict> state_dict_of(const Value& v, const Wanted& wanted) {
  StateDict out;
  if (v.is(Kind::kObject)) {
    const std::vector<NamedEntry> entries = entries_of_object(v);
    if (entries.empty()) return std::nullopt;
    for (const auto& [name, tensor] : entries) {
      if (wanted(tensor.tensor())) append(out, name, tensor.tensor());
    }
    return out;
  }
  if (!is_state_dict(v)) return std::nullopt;
  out.reserve(v.size());
  for (std::size_t i = 0; i < v.size(); ++i) {
    const Value value = v.value(i);
    if (!value.is(Kind::kTensor) || !wanted(value.tensor())) continue;  // an _extra_state, or not asked for
    append(out, v.key(i).as_text(), value.tensor());
  }
  read_metadata(v, out);
  return out;
}

/// "; the root has epoch, model": what may have been meant.
std::string keys_text(const Value& root) {
  constexpr std::size_t kShown = 8, kLongest = 64;
  if (!root.is_mapping()) return {};
  std::string text;
  std::size_t shown = 0;
  for (std::size_t i = 0; i < root.size() && shown < kShown; ++i) {
    const Value key = root.key(i);
    if (!key.is(Kind::kStr) || key.as_text().size() > kLongest) continue;
    text += fmt::format("{}{}", shown++ == 0 ? "; the root has " : ", ", key.as_text());
  }
  if (shown > 0 && root.size() > shown) text += fmt::format(" and {} more", root.size() - shown);
  return text;
}

}  // namespace

StateDict Checkpoint::state_dict(std::optional<std::string_view> path) const {
  const auto fail = [&](const std::string& reason) { throw FormatError(reason, file_.string()); };
  std::unordered_set<const TensorValue*> listed;
  if (filtered_) {
    for (const NamedTensor& t : tensors_) listed.insert(&t.value.tensor());
  }
  const Wanted wanted = [&](const TensorValue& t) { return !filtered_ || listed.contains(&t); };
  try {
    if (path) {
      const auto v = value_at(root_, *path);
      if (!v) fail(fmt::format("there is nothing at '{}'{}", *path, keys_text(root_)));
      if (auto state = state_dict_of(*v, wanted)) return *std::move(state);
      fail(fmt::format("what stands at '{}' is no dictionary of names and tensors", *path));
    }
    for (const std::string_view place : kPlaces) {
      const auto v = value_at(root_, place);
      if (!v) continue;
      if (auto state = state_dict_of(*v, wanted)) return *std::move(state);
    }
  } catch (const FormatError& e) {
    if (e.file().empty()) fail(e.reason());
    throw;
  }
  throw FormatError(
      fmt::format("no dictionary of names and tensors, neither at the root nor at {}; say where it is",
                  fmt::join(std::begin(kPlaces) + 1, std::end(kPlaces), ", ")),
      file_.string());
}

}  // namespace ballast::checkpoint
