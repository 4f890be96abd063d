#include "ballast/checkpoint/pickle/pickle_writer.h"

#include <algorithm>
#include <utility>

namespace ballast::checkpoint {
namespace {

constexpr int kDeepestKey = 100;
constexpr std::uint32_t kShortText = 16;  // repeating it costs less than remembering it

/// Trees in keys and attributes are walked inside the walk of the tree around them.
class DepthGuard {
 public:
  explicit DepthGuard(int& depth) : depth_(depth) {
    check<LimitError>(depth < kDeepestKey, "attributes of dictionaries inside attributes, {} deep",
                      kDeepestKey);
    ++depth_;
  }
  ~DepthGuard() { --depth_; }
  DepthGuard(const DepthGuard&) = delete;
  DepthGuard& operator=(const DepthGuard&) = delete;

 private:
  int& depth_;
};

std::uint64_t offset_bytes(const Tensor& t) {
  return static_cast<std::uint64_t>(t.storage_offset()) * static_cast<std::uint64_t>(t.itemsize());
}

}  // namespace

std::string PickleWriter::write(const Value& root) {
  survey(root);
  out_ = "\x80\x02";
  put_tree(root);
  out_ += '.';
  return std::move(out_);
}

void PickleWriter::note_use(const Storage& s, StorageClass type) {
  const auto [uses, first] = uses_.insert(s.id(), {type});
  if (!first && uses->type != type) uses->of_several_types = true;
}

void PickleWriter::note_range(const Storage& s, std::uint64_t begin, std::uint64_t end) {
  const auto [range, first] = ranges_.insert(s.id(), {begin, end});
  *range = {std::min(range->first, begin), std::max(range->second, end)};
}

void PickleWriter::survey(const Value& root) {
  const DepthGuard deeper(depth_);
  walk(root, [&](const Visit& at) {
    if (at.phase == Visit::Phase::kLeave) return Walk::kInto;
    if (at.key) survey_key(*at.key);
    if (at.phase == Visit::Phase::kEnter) {
      if (!surveyed_.insert(at.value.id()).second) return Walk::kSkip;
      if (const Value attributes = at.value.attributes(); !attributes.is_none()) survey(attributes);
      return Walk::kInto;
    }
    if (at.value.is(Kind::kStorage)) {
      const StorageValue& s = at.value.storage();
      note_use(s.storage, class_of(s));
      if (compact_) note_range(s.storage, 0, s.storage.nbytes());
    }
    if (at.value.is(Kind::kTensor)) survey_tensor(at.value.tensor());
    return Walk::kInto;
  });
}

void PickleWriter::survey_tensor(const TensorValue& v) {
  if (v.sparse) {
    for (const Tensor* part :
         {&v.sparse->indices, &v.sparse->compressed, &v.sparse->plain, &v.sparse->values}) {
      if (part->defined()) survey_view(*part, class_of(part->dtype()));
    }
    return;
  }
  if (!v.tensor.defined()) return;
  survey_view(v.tensor, v.quantized ? class_of(*v.quantized) : class_of(v.tensor.dtype()));
  if (!v.quantized) return;
  for (const Tensor* part : {&v.quantized->scales, &v.quantized->zero_points}) {
    if (part->defined()) survey_view(*part, class_of(part->dtype()));
  }
}

void PickleWriter::survey_view(const Tensor& t, StorageClass type) {
  if (t.is_meta()) return;
  note_use(t.storage(), type);
  if (!compact_) return;
  const auto extent = storage_extent(t.sizes(), t.strides(), t.storage_offset()).value_or(0);
  constexpr std::uint64_t kLargestElement = 16;
  // An empty view may stand beyond its storage.
  const std::uint64_t begin =
      std::min<std::uint64_t>(offset_bytes(t), t.storage().nbytes()) / kLargestElement * kLargestElement;
  note_range(t.storage(), begin,
             std::max<std::uint64_t>(begin, static_cast<std::uint64_t>(extent * t.itemsize())));
}

void PickleWriter::survey_key(const Value& key) {
  if (key.is_container() || key.is(Kind::kTensor) || key.is(Kind::kStorage)) survey(key);
}

void PickleWriter::put_tree(const Value& root) {
  const DepthGuard deeper(depth_);
  const std::vector<Kind> outer = std::exchange(open_, {});
  walk(root, [&](const Visit& at) {
    if (at.phase == Visit::Phase::kLeave) {
      open_.pop_back();
      leave(at.value);
      after_item();
      return Walk::kInto;
    }
    if (at.key && at.key->is_container()) put_tree(*at.key);
    if (at.key && !at.key->is_container() && !fetch(at.key->id())) leaf(*at.key);
    if (fetch(at.value.id())) {
      after_item();
      return Walk::kSkip;
    }
    if (at.phase == Visit::Phase::kLeaf) {
      leaf(at.value);
      after_item();
      return Walk::kInto;
    }
    check<NotImplementedError>(
        !at.value.is(Kind::kObject),
        "an object ({}) cannot be written: only its class could make it again; save its state",
        at.value.is(Kind::kObject) ? at.value.as_text() : "");
    check<ValueError>(!at.cycle, "{} that holds itself cannot be written", kind_phrase(at.value.kind()));
    enter(at.value);
    open_.push_back(at.value.kind());
    return Walk::kInto;
  });
  open_ = outer;
}

void PickleWriter::after_item() {
  if (open_.empty()) return;
  switch (open_.back()) {
    case Kind::kDict:
    case Kind::kOrderedDict:
    case Kind::kCounter:
      out_ += 's';
      return;
    case Kind::kList:
    case Kind::kSet:
    case Kind::kFrozenSet:
      out_ += 'a';
      return;
    default:
      return;  // the items of a tuple wait on the stack
  }
}

void PickleWriter::enter(const Value& v) {
  switch (v.kind()) {
    case Kind::kList:
      out_ += ']';
      return remember(v.id());
    case Kind::kDict:
      out_ += '}';
      return remember(v.id());
    case Kind::kOrderedDict:
      put_empty_ordered_dict();
      return remember(v.id());
    case Kind::kCounter:
      put_global("collections", "Counter");
      out_ += '}';
      return;
    case Kind::kSet:
    case Kind::kFrozenSet:
      put_global("__builtin__", kind_name(v.kind()));
      out_ += ']';
      return;
    case Kind::kSize:
      put_global("torch", "Size");
      out_ += '(';
      return;
    default:
      out_ += '(';
      return;
  }
}

void PickleWriter::leave(const Value& v) {
  switch (v.kind()) {
    case Kind::kOrderedDict:
      if (const Value attributes = v.attributes(); !attributes.is_none()) {
        put_tree(attributes);
        out_ += 'b';
      }
      return;
    case Kind::kCounter:
    case Kind::kSet:
    case Kind::kFrozenSet:
      out_ += "\x85R";
      return remember(v.id());
    case Kind::kSize:
      out_ += "t\x85R";
      return remember(v.id());
    case Kind::kTuple:
      out_ += 't';
      return remember(v.id());
    default:
      return;
  }
}

void PickleWriter::leaf(const Value& v) {
  switch (v.kind()) {
    case Kind::kNone:
      out_ += 'N';
      return;
    case Kind::kBool:
      return put_bool(v.as_bool());
    case Kind::kInt:
      return put_integer(v);
    case Kind::kFloat:
      return put_float(v.as_float());
    case Kind::kComplex:
      put_global("__builtin__", "complex");
      put_float(v.as_complex().real());
      put_float(v.as_complex().imag());
      out_ += "\x86R";
      return;
    case Kind::kStr:
      put_text(v.as_text());
      if (v.as_text().size() > kShortText) remember(v.id());
      return;
    case Kind::kBytes:
      put_bytes(v.as_bytes());
      return remember(v.id());
    case Kind::kByteArray:
      put_global("__builtin__", "bytearray");
      put_bytes(v.as_bytes());
      out_ += "\x85R";
      return remember(v.id());
    case Kind::kDType:
      return put_global("torch", v.as_text());
    case Kind::kDevice:
      put_global("torch", "device");
      put_text(v.as_text());
      out_ += "\x85R";
      return;
    case Kind::kName: {
      const std::string_view name = v.as_text();
      const std::size_t dot = name.rfind('.');
      if (name.starts_with("torch.sparse_") || name == "torch.strided") {
        put_global("torch.serialization", "_get_layout");
        put_text(name);
        out_ += "\x85R";
        return;
      }
      return put_global(name.substr(0, dot), name.substr(dot + 1));
    }
    case Kind::kStorage: {
      const StorageValue& s = v.storage();
      return put_storage(s.storage, class_of(s));
    }
    case Kind::kNdArray:
      throw NotImplementedError("a NumPy array cannot be written: make a tensor of it");
    default:
      return put_tensor(v.tensor());
  }
}

}  // namespace ballast::checkpoint
