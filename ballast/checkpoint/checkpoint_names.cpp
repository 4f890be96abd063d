// Names of the tensors of a tree: the keys that lead to them, joined with dots.
#include "ballast/checkpoint/checkpoint_builder.h"

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
    levels_.push_back({path_.size(), at.value.is_module()});
    append_own(path_, at);
  }
  void leave() {
    path_.resize(levels_.back().length);
    levels_.pop_back();
  }
  [[nodiscard]] std::size_t size() const { return path_.size(); }
  [[nodiscard]] std::string name(const Visit& at) const {
    std::string out = path_;
    append_own(out, at);
    return out;
  }

 private:
  struct Level {
    std::size_t length;
    bool module;
  };

  /// The dictionaries in which a module keeps its parts are no part of the names, as in Python.
  [[nodiscard]] bool is_silent(const Visit& at, std::size_t parent) const {
    if (!at.key || !at.key->is(Kind::kStr) || parent == 0 || !levels_[parent - 1].module) return false;
    const std::string_view key = at.key->as_text();
    return key == "_parameters" || key == "_buffers" || key == "_modules";
  }
  void append_own(std::string& path, const Visit& at) const {
    if (at.depth == 0 || is_silent(at, at.depth)) return;
    if (!path.empty()) path += '.';
    path += at.key ? key_text(*at.key) : fmt::format("{}", at.index);
  }

  std::string path_;
  std::vector<Level> levels_;  // of the containers that we are inside of
};

}  // namespace

void CheckpointBuilder::name_tensors(const Source& source) {
  PathName path;
  std::size_t inside_repeated = 0, repeated = 0;
  out_.tensors_.reserve(source.tensors);
  std::uint64_t bytes_left = kNameBytes + kNameBytesPerByte * source.text_bytes;
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

}  // namespace ballast::checkpoint
