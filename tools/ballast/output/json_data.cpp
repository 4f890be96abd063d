#include "tools/ballast/output/json_data.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <filesystem>
#include <string>
#include <system_error>
#include <unordered_map>
#include <unordered_set>
#include <vector>

#include "tools/ballast/files/sha256.h"

#include "ballast/core/print.h"

namespace ballast::tool {
namespace {

using checkpoint::Kind;
using checkpoint::Value;
using checkpoint::Visit;
using checkpoint::Walk;

constexpr std::size_t kDepth = 200;
constexpr std::size_t kRepeatedValues = 100'000;
constexpr std::size_t kRepeatedText = 16 << 20;  // bytes, beyond what the file itself can hold
constexpr std::size_t kShortText = 64;

constexpr std::size_t kNumberDigits = 308;  // what a double can hold: many readers of JSON give up on more

/// Keys of the objects that stand for what JSON has no word for.
constexpr std::array<std::string_view, 16> kTags = {
    "tensor",    "storage", "int",    "float", "complex", "bytes", "bytearray", "set",
    "frozenset", "dtype",   "device", "name",  "entries", "cycle", "ndarray",   "object"};

/// What Python's json.dumps makes of a key; nullopt for keys it does not take.
std::optional<std::string> json_key(const Value& key) {
  switch (key.kind()) {
    case Kind::kStr:
      return std::string(key.as_text());
    case Kind::kInt:
      return key.int_text();
    case Kind::kBool:
      return key.as_bool() ? "true" : "false";
    case Kind::kNone:
      return "null";
    case Kind::kFloat:
      return python_repr(key.as_float());
    default:
      return std::nullopt;
  }
}

/// Whether a mapping can be an object: its keys have texts, no two the same one, and it cannot be taken for a tag.
bool is_json_object(const Value& mapping) {
  bool only_strings = true;
  for (std::size_t i = 0; i < mapping.size() && only_strings; ++i)
    only_strings = mapping.key(i).is(Kind::kStr);
  if (mapping.size() == 1 && only_strings) {
    return std::ranges::find(kTags, mapping.key(0).as_text()) == kTags.end();
  }
  if (only_strings) return mapping.size() != 2 || mapping.key(0).as_text() != "omitted";
  std::unordered_set<std::string> texts;
  for (std::size_t i = 0; i < mapping.size(); ++i) {
    std::optional<std::string> text = json_key(mapping.key(i));
    if (!text || !texts.insert(*std::move(text)).second) return false;
  }
  return true;
}

std::string hex(std::string_view bytes) {
  std::string text;
  text.reserve(bytes.size() * 2);
  for (const char c : bytes)
    fmt::format_to(std::back_inserter(text), "{:02x}", static_cast<unsigned char>(c));
  return text;
}

class DataWriter {
 public:
  DataWriter(JsonWriter& json, const checkpoint::Checkpoint& file) : json_(json), file_(file) {
    for (std::size_t i = 0; i < file.tensors().size(); ++i)
      names_[file.tensors()[i].value.id()].places.push_back(i);
    for (std::size_t i = 0; i < file.storages().size(); ++i) storages_[file.storages()[i].storage.id()] = i;
    std::error_code unknown;
    const std::uintmax_t size = std::filesystem::file_size(file.file(), unknown);
    if (!unknown) text_left_ += 2 * size;
  }

  void write(const Value& root) { write_tree(root); }

 private:
  enum class Form : std::uint8_t { kObject, kEntries, kArray, kTagged, kRecord };
  struct Open {
    Form form;
    const void* id;
  };
  struct Names {
    std::vector<std::size_t> places;
    std::size_t next = 0;
  };

  /// The tree, or a key that is itself a container. What stands in a key counts as repeated: one key may serve many times.
  void write_tree(const Value& root) {
    const std::size_t base = open_.size();
    const bool in_key = base > 0;
    std::size_t repeated_depth = kDepth + 1;  // of the outermost repeated container that we are in
    checkpoint::walk(root, [&](const Visit& at) {
      if (at.phase == Visit::Phase::kLeave) {
        close(open_.back().form);
        open_.pop_back();
        if (open_.size() > base) after_entry(open_.back().form);
        if (at.depth <= repeated_depth) repeated_depth = kDepth + 1;
        return Walk::kInto;
      }
      if (at.depth > repeated_depth || in_key) ++repeated_values_;
      if (open_.size() > base) before_entry(open_.back().form, at);
      if (at.phase == Visit::Phase::kEnter && enter(at, at.repeated || in_key)) {
        if (at.repeated && at.depth < repeated_depth) repeated_depth = at.depth;
        return Walk::kInto;
      }
      if (at.phase == Visit::Phase::kLeaf) write_leaf(at.value);
      if (open_.size() > base) after_entry(open_.back().form);
      return Walk::kSkip;
    });
  }

  void tag(std::string_view name) {
    json_.begin_object();
    json_.key(name);
  }
  void tagged(std::string_view name, std::string_view text) {
    tag(name);
    json_.string(text);
    json_.end_object();
  }

  void omit(const Value& v, std::size_t size) {
    tag("omitted");
    json_.string(checkpoint::kind_name(v.kind()));
    json_.key("items");
    json_.number(size);
    json_.end_object();
  }

  /// Whether a text (a str, a key, bytes, the digits of an integer) may be written; the short always.
  bool spend(std::size_t text) {
    if (text <= kShortText) return true;
    const bool enough = text <= text_left_;
    text_left_ -= std::min<std::uintmax_t>(text, text_left_);
    return enough;
  }

  /// Opens a container; false if something else was written in its place.
  bool enter(const Visit& at, bool repeated) {
    const Value& v = at.value;
    if (at.cycle) {
      std::size_t levels = 1;
      while (open_[open_.size() - levels].id != v.id()) ++levels;
      tag("cycle");
      json_.number(levels);
      json_.end_object();
      return false;
    }
    if (open_.size() >= kDepth || (repeated && repeated_values_ >= kRepeatedValues) || text_left_ == 0) {
      omit(v, v.size());
      return false;
    }
    Form form = Form::kArray;
    if (v.is(Kind::kObject)) {
      form = Form::kRecord;
      tag("object");
      json_.string(v.as_text());
      json_.key("content");
    } else if (v.is_mapping()) {
      form = is_json_object(v) ? Form::kObject : Form::kEntries;
    } else if (v.is_set()) {
      form = Form::kTagged;
    }
    if (form == Form::kEntries) tag("entries");
    if (form == Form::kTagged) tag(checkpoint::kind_name(v.kind()));
    form == Form::kObject ? json_.begin_object() : json_.begin_array();
    open_.push_back({form, v.id()});
    return true;
  }

  void close(Form form) {
    form == Form::kObject ? json_.end_object() : json_.end_array();
    if (form == Form::kEntries || form == Form::kTagged || form == Form::kRecord) json_.end_object();
  }

  void before_entry(Form form, const Visit& at) {
    if (form == Form::kObject) {
      const std::string text = *json_key(*at.key);
      static_cast<void>(spend(text.size()));
      json_.key(text);
    } else if (form == Form::kEntries || form == Form::kRecord) {
      json_.begin_array();
      at.key ? write_tree(*at.key) : json_.null();
    }
  }
  void after_entry(Form form) {
    if (form == Form::kEntries || form == Form::kRecord) json_.end_array();
  }

  void write_float(double v) {
    if (std::isfinite(v)) {
      json_.number(python_repr(v));
    } else {
      tagged("float", python_repr(v));
    }
  }

  void write_int(const Value& v) {
    if (v.fits_int64()) return json_.number(v.as_int());
    if (text_left_ == 0) return omit(v, 1);
    const std::string digits = v.int_text();
    static_cast<void>(spend(digits.size()));
    digits.size() <= kNumberDigits ? json_.number(digits) : tagged("int", digits);
  }

  void write_leaf(const Value& v) {
    switch (v.kind()) {
      case Kind::kNone:
        return json_.null();
      case Kind::kBool:
        return json_.boolean(v.as_bool());
      case Kind::kInt:
        return write_int(v);
      case Kind::kFloat:
        return write_float(v.as_float());
      case Kind::kStr:
        return spend(v.as_text().size()) ? json_.string(v.as_text()) : omit(v, v.as_text().size());
      case Kind::kBytes:
      case Kind::kByteArray:
        return spend(v.as_bytes().size() * 2) ? tagged(checkpoint::kind_name(v.kind()), hex(v.as_bytes()))
                                              : omit(v, v.as_bytes().size());
      case Kind::kDType:
      case Kind::kDevice:
      case Kind::kName:
        return tagged(checkpoint::kind_name(v.kind()), v.as_text());
      case Kind::kTensor:
        return write_tensor(v);
      case Kind::kNdArray:
        return write_array(v.tensor());
      case Kind::kStorage:
        tag("storage");
        if (const auto place = storages_.find(v.storage().storage.id()); place != storages_.end()) {
          json_.number(place->second);
        } else {
          json_.null();
        }
        return json_.end_object();
      case Kind::kComplex:
        tag("complex");
        json_.begin_array();
        write_float(v.as_complex().real());
        write_float(v.as_complex().imag());
        json_.end_array();
        return json_.end_object();
      default:
        return json_.null();
    }
  }

  void write_array(const checkpoint::TensorValue& v) {
    tag("ndarray");
    json_.begin_object();
    json_.key("dtype");
    json_.string(v.dtype());
    json_.key("shape");
    json_.begin_array();
    for (const std::int64_t n : v.sizes()) json_.number(n);
    json_.end_array();
    json_.key("sha256");
    if (const auto hash = tensor_sha256(v)) {
      json_.string(*hash);
    } else {
      json_.null();
    }
    json_.end_object();
    json_.end_object();
  }

  /// A tensor that stands in several places has a name in each; the listing met them in the order of this walk.
  void write_tensor(const Value& v) {
    tag("tensor");
    if (const auto found = names_.find(v.id()); found != names_.end()) {
      Names& names = found->second;
      json_.string(file_.tensors()[names.places[names.next]].name);
      if (names.next + 1 < names.places.size()) ++names.next;
    } else {
      json_.null();
    }
    json_.end_object();
  }

  JsonWriter& json_;
  const checkpoint::Checkpoint& file_;
  std::unordered_map<const void*, Names> names_;
  std::unordered_map<const void*, std::size_t> storages_;
  std::vector<Open> open_;
  std::size_t repeated_values_ = 0;
  std::uintmax_t text_left_ = kRepeatedText;
};

}  // namespace

void write_json_data(JsonWriter& json, const checkpoint::Checkpoint& file) {
  DataWriter(json, file).write(file.root());
}

}  // namespace ballast::tool
