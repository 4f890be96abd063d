#include <unordered_map>

#include "ballast/checkpoint/checkpoint_builder.h"
#include "ballast/checkpoint/shown_name.h"

namespace ballast::checkpoint {
namespace {

// A tree may hold one list in so many places that the places outnumber the atoms of the universe. Beyond the first place
// of each object, so many are looked at, and so many tensors listed.
constexpr std::size_t kRepeatedPlaces = std::size_t{1} << 20;
constexpr std::size_t kRepeatedTensors = std::size_t{1} << 16;
// Names repeat the keys that lead to them: a long key, or a deep one, may stand in many. An honest file holds most of each
// name in its pickle.
constexpr std::uint64_t kNameBytes = std::uint64_t{16} << 20;
constexpr std::uint64_t kNameBytesPerByte = 4;

std::string key_text(const Value& key, int depth = 0) {
  switch (key.kind()) {
    case Kind::kNone:
      return "None";
    case Kind::kBool:
      return key.as_bool() ? "True" : "False";
    case Kind::kInt:
      return key.int_text();
    case Kind::kFloat:
      return fmt::format("{}", key.as_float());
    case Kind::kStr:
      if (depth > 0) return fmt::format("'{}'", key.as_text());
      return std::string(key.as_text());
    case Kind::kDType:
    case Kind::kDevice:
    case Kind::kName:
      return std::string(key.as_text());
    case Kind::kTuple:
    case Kind::kSize: {
      constexpr int kDeepest = 2;
      constexpr std::size_t kLongest = 8;
      if (depth >= kDeepest || key.size() > kLongest) return "(...)";
      std::string out = "(";
      for (std::size_t i = 0; i < key.size(); ++i)
        out += (i > 0 ? ", " : "") + key_text(key.item(i), depth + 1);
      return out + (key.size() == 1 ? ",)" : ")");
    }
    default:
      return fmt::format("<{}>", kind_name(key.kind()));
  }
}

/// Names, while a tree is walked: the keys so far, joined with dots.
class PathName {
 public:
  void enter(const Visit& at) {
    lengths_.push_back(path_.size());
    append_own(path_, at);
  }
  void leave() {
    path_.resize(lengths_.back());
    lengths_.pop_back();
  }
  [[nodiscard]] std::size_t size() const { return path_.size(); }
  [[nodiscard]] std::string name(const Visit& at) const {
    std::string out = path_;
    append_own(out, at);
    return out;
  }

 private:
  static void append_own(std::string& path, const Visit& at) {
    if (at.depth == 0) return;
    if (at.depth > 1) path += '.';
    path += at.key ? key_text(*at.key) : fmt::format("{}", at.index);
  }

  std::string path_;
  std::vector<std::size_t> lengths_;
};

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

StateDict state_dict_of(const Value& v) {
  StateDict out;
  out.reserve(v.size());
  for (std::size_t i = 0; i < v.size(); ++i) {
    const std::string_view name = v.key(i).as_text();
    const Value value = v.value(i);
    if (!value.is(Kind::kTensor)) continue;  // an _extra_state
    const TensorValue& t = value.tensor();
    if (t.layout != Layout::kStrided) {
      throw FormatError(fmt::format("'{}' is a {} tensor: a state dict here holds dense ones",
                                    shown_name(name), layout_name(t.layout)));
    }
    out.append(std::string(name), t.resolved());
  }
  read_metadata(v, out);
  return out;
}

}  // namespace

CheckpointBuilder::CheckpointBuilder(std::filesystem::path file, std::string_view format) {
  out_.file_ = std::move(file);
  out_.format_ = format;
}

void CheckpointBuilder::set_verified(bool fully, std::size_t without_checksum) {
  out_.fully_verified_ = fully;
  out_.without_checksum_ = without_checksum;
}

void CheckpointBuilder::name_tensors(const Source& source) {
  PathName path;
  std::size_t inside_repeated = 0, repeated = 0;
  std::uint64_t bytes_left = kNameBytes + kNameBytesPerByte * source.pickle_bytes;
  walk(out_.root_, [&](const Visit& at) {
    if (at.phase == Visit::Phase::kLeave) {
      path.leave();
      if (inside_repeated > 0) --inside_repeated;
      return Walk::kInto;
    }
    if (at.cycle) return Walk::kSkip;
    if (inside_repeated > 0 || at.repeated) ++repeated;
    if (at.phase == Visit::Phase::kEnter) {
      if ((at.repeated && repeated > kRepeatedPlaces) || path.size() > bytes_left) {
        out_.all_listed_ = false;
        return Walk::kSkip;
      }
      path.enter(at);
      if (inside_repeated > 0 || at.repeated) ++inside_repeated;
      return Walk::kInto;
    }
    if (!at.value.is(Kind::kTensor)) return Walk::kInto;
    NamedTensor t{path.name(at), at.value};
    if (t.name.size() > bytes_left || out_.tensors_.size() >= source.tensors + kRepeatedTensors) {
      out_.all_listed_ = false;
      return Walk::kStop;
    }
    bytes_left -= t.name.size();
    out_.tensors_.push_back(std::move(t));
    return Walk::kInto;
  });
}

Checkpoint CheckpointBuilder::finish(const Source& source) {
  name_tensors(source);
  std::unordered_map<const void*, std::size_t> found;
  for (std::size_t i = 0; i < found_.size(); ++i) found.emplace(found_[i].storage.id(), i);
  std::vector<std::size_t> position(found_.size(), NamedTensor::kNoStorage);
  out_.storages_.reserve(found_.size());
  const auto take = [&](std::size_t i) {
    if (position[i] == NamedTensor::kNoStorage) {
      position[i] = out_.storages_.size();
      out_.storages_.push_back(found_[i]);
    }
    return position[i];
  };
  for (const bool strided : {true, false}) {
    for (NamedTensor& t : out_.tensors_) {
      const TensorValue& v = t.value.tensor();
      if ((v.layout == Layout::kStrided) != strided || !v.tensor.defined()) continue;
      const auto it = found.find(v.tensor.storage().id());
      if (it != found.end()) t.storage = take(it->second);
    }
  }
  for (std::size_t i = 0; i < found_.size(); ++i) take(i);
  return std::move(out_);
}

StateDict Checkpoint::state_dict(std::optional<std::string_view> path) const {
  const auto fail = [&](const std::string& reason) { throw FormatError(reason, file_.string()); };
  try {
    if (path) {
      const auto v = value_at(root_, *path);
      if (!v) fail(fmt::format("there is nothing at '{}'", *path));
      if (!is_state_dict(*v))
        fail(fmt::format("what stands at '{}' is no dictionary of names and tensors", *path));
      return state_dict_of(*v);
    }
    constexpr std::string_view kPlaces[] = {"",       "state_dict",       "model_state_dict", "model",
                                            "module", "model.state_dict", "module.state_dict"};
    for (const std::string_view place : kPlaces) {
      const auto v = value_at(root_, place);
      if (v && is_state_dict(*v)) return state_dict_of(*v);
    }
  } catch (const FormatError& e) {
    if (e.file().empty()) fail(e.reason());
    throw;
  }
  throw FormatError(
      "no dictionary of names and tensors, neither at the root nor at state_dict, model_state_dict, model, "
      "module, model.state_dict or module.state_dict; say where it is",
      file_.string());
}

}  // namespace ballast::checkpoint
