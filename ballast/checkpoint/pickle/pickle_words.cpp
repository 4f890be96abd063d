// The words of a written pickle: numbers, texts, names, tensors.
#include <bit>
#include <limits>

#include "ballast/checkpoint/pickle/pickle_writer.h"
#include "ballast/checkpoint/tree/value_arena.h"

namespace ballast::checkpoint {
namespace {

template <class T>
void put_little(std::string& out, T v, std::size_t bytes = sizeof(T)) {
  for (std::size_t i = 0; i < bytes; ++i)
    out += static_cast<char>(static_cast<std::uint64_t>(v) >> (8 * i) & 0xFF);
}

}  // namespace

PickleWriter::StorageClass PickleWriter::class_of(DType dtype) {
  switch (dtype) {
    case kFloat64:
      return {"DoubleStorage", 8};
    case kFloat32:
      return {"FloatStorage", 4};
    case kFloat16:
      return {"HalfStorage", 2};
    case kBFloat16:
      return {"BFloat16Storage", 2};
    case kInt64:
      return {"LongStorage", 8};
    case kInt32:
      return {"IntStorage", 4};
    case kInt16:
      return {"ShortStorage", 2};
    case kInt8:
      return {"CharStorage", 1};
    case kUInt8:
      return {"ByteStorage", 1};
    case kBool:
      return {"BoolStorage", 1};
    case kComplex64:
      return {"ComplexFloatStorage", 8};
    case kComplex128:
      return {"ComplexDoubleStorage", 16};
    default:
      return {};
  }
}
PickleWriter::StorageClass PickleWriter::class_of(const StorageValue& s) {
  return s.dtype ? class_of(*s.dtype) : StorageClass{};
}
PickleWriter::StorageClass PickleWriter::class_of(const TensorValue::Quantized& q) {
  if (q.dtype == "quint8") return {"QUInt8Storage", 1};
  if (q.dtype == "qint8") return {"QInt8Storage", 1};
  if (q.dtype == "qint32") return {"QInt32Storage", 4};
  throw NotImplementedError(
      fmt::format("quantised tensors of type {} have no place in this format: dequantise them", q.dtype));
}

void PickleWriter::put_memo(std::uint32_t at) {
  if (at < 256) {
    out_ += 'q';
    put_little(out_, at, 1);
  } else {
    out_ += 'r';
    put_little(out_, at);
  }
}
void PickleWriter::get_memo(std::uint32_t at) {
  if (at < 256) {
    out_ += 'h';
    put_little(out_, at, 1);
  } else {
    out_ += 'j';
    put_little(out_, at);
  }
}
bool PickleWriter::fetch(const void* id) {
  const std::uint32_t* const at = memo_.find(id);
  if (at != nullptr) get_memo(*at);
  return at != nullptr;
}
void PickleWriter::remember(const void* id) {
  memo_.insert(id, memo_size_);
  put_memo(memo_size_++);
}

void PickleWriter::put_text(std::string_view text) {
  check<LimitError>(text.size() <= std::numeric_limits<std::uint32_t>::max(), "a text of {} bytes",
                    text.size());
  out_ += 'X';
  put_little(out_, static_cast<std::uint32_t>(text.size()));
  out_ += text;
}
void PickleWriter::put_word(std::string_view text) {
  if (const auto it = words_.find(text); it != words_.end()) return get_memo(it->second);
  put_text(text);
  words_.emplace(text, memo_size_);
  put_memo(memo_size_++);
}
void PickleWriter::put_global(std::string_view module, std::string_view name) {
  word_.assign("c").append(module).append("\n").append(name).append("\n");
  if (const auto it = words_.find(word_); it != words_.end()) return get_memo(it->second);
  out_ += word_;
  words_.emplace(word_, memo_size_);
  put_memo(memo_size_++);
}
void PickleWriter::put_empty_ordered_dict() {
  put_global("collections", "OrderedDict");
  out_ += ")R";
}

void PickleWriter::put_int(std::int64_t v) {
  if (v >= 0 && v <= 0xFF) {
    out_ += 'K';
    put_little(out_, v, 1);
  } else if (v >= 0 && v <= 0xFFFF) {
    out_ += 'M';
    put_little(out_, v, 2);
  } else if (v >= std::numeric_limits<std::int32_t>::min() && v <= std::numeric_limits<std::int32_t>::max()) {
    out_ += 'J';
    put_little(out_, v, 4);
  } else {
    out_ += "\x8a\x08";
    put_little(out_, v);
  }
}
void PickleWriter::put_integer(const Value& v) {
  const Node& n = *v.node();
  if (!n.flag) return put_int(n.integer);
  if (n.size <= 0xFF) {
    out_ += '\x8a';
    put_little(out_, n.size, 1);
  } else {
    out_ += '\x8b';
    put_little(out_, n.size);
  }
  out_ += text_of(n);
}
void PickleWriter::put_float(double v) {
  const auto bits = std::bit_cast<std::uint64_t>(v);
  out_ += 'G';
  for (int i = 7; i >= 0; --i) out_ += static_cast<char>(bits >> (8 * i) & 0xFF);
}
void PickleWriter::put_bytes(std::string_view bytes) {
  // Protocol 2 has no bytes: they are written as the text of the same Latin-1 characters.
  std::string text;
  for (const char c : bytes) {
    const auto b = static_cast<unsigned char>(c);
    if (b < 0x80) {
      text += c;
    } else {
      text += static_cast<char>(0xC0 | b >> 6);
      text += static_cast<char>(0x80 | (b & 0x3F));
    }
  }
  put_global("_codecs", "encode");
  put_text(text);
  put_word("latin1");
  out_ += "\x86R";
}
void PickleWriter::put_dims(IntArrayRef dims) {
  out_ += '(';
  for (const std::int64_t d : dims) put_int(d);
  out_ += 't';
}

std::size_t PickleWriter::storage_index(const Storage& s) {
  const auto [index, first] = storage_at_.insert(s.id(), storages_.size());
  if (first) {
    const auto* const range = ranges_.find(s.id());
    storages_.push_back(range == nullptr ? WrittenStorage{s, 0, s.nbytes()}
                                         : WrittenStorage{s, range->first, range->second});
  }
  return *index;
}

bool PickleWriter::is_of_several_types(const Storage& s) const {
  const Uses* const uses = uses_.find(s.id());
  return uses != nullptr && uses->of_several_types;
}

void PickleWriter::put_storage(const Storage& s, StorageClass type) {
  const std::size_t index = storage_index(s);
  const std::uint64_t bytes = storages_[index].end - storages_[index].begin;
  const bool typed = !type.name.empty() && !is_of_several_types(s);
  out_ += '(';
  put_word("storage");
  if (typed) {
    put_global("torch", type.name);
  } else {
    put_global("torch.storage", "UntypedStorage");
  }
  put_text(fmt::format("{}", index));
  put_word("cpu");
  put_int(static_cast<std::int64_t>(bytes) / (typed ? type.itemsize : 1));
  out_ += "tQ";
}

void PickleWriter::put_tensor(const TensorValue& t) {
  if (t.sparse) return put_sparse(t);
  check<ValueError>(t.tensor.defined(), "an undefined tensor cannot be written");
  // The object behind the handle, not the place in the tree: two names of one tensor stay one tensor.
  const void* id = t.tensor.unsafeGetTensorImpl();
  if (fetch(id)) return;
  const bool requires_grad = !t.parameter && t.requires_grad;
  if (t.parameter) put_global("torch._utils", "_rebuild_parameter");
  t.quantized ? put_quantized(t) : put_view(t, requires_grad);
  if (t.parameter) {
    put_bool(t.requires_grad);
    put_empty_ordered_dict();
    out_ += "\x87R";
  }
  remember(id);
}

void PickleWriter::put_part(const Tensor& t) {
  TensorValue plain;
  plain.tensor = t;
  put_tensor(plain);
}

/// (layout, (indices, values, size, is_coalesced)), or (layout, (compressed indices, plain indices, values, size))
void PickleWriter::put_sparse(const TensorValue& t) {
  const TensorValue::Sparse& s = *t.sparse;
  if (fetch(&s)) return;
  put_global("torch._utils", "_rebuild_sparse_tensor");
  out_ += '(';
  put_global("torch.serialization", "_get_layout");
  put_text(fmt::format("torch.{}", layout_name(t.layout)));
  out_ += "\x85R(";
  const bool coo = t.layout == Layout::kSparseCoo;
  if (coo) {
    put_part(s.indices);
  } else {
    put_part(s.compressed);
    put_part(s.plain);
  }
  put_part(s.values);
  put_global("torch", "Size");
  put_dims(s.sizes);
  out_ += "\x85R";
  if (coo) put_bool(s.coalesced);
  out_ += "ttR";
  remember(&s);
}

std::int64_t PickleWriter::written_offset(const Tensor& t) {
  const WrittenStorage& s = storages_[storage_index(t.storage())];
  return t.storage_offset() - static_cast<std::int64_t>(s.begin) / t.itemsize();
}

void PickleWriter::put_quantized(const TensorValue& v) {
  const TensorValue::Quantized& q = *v.quantized;
  const Tensor& t = v.tensor;
  check<NotImplementedError>(!is_of_several_types(t.storage()) && !t.is_meta(),
                             "a quantised tensor whose storage others see with another type is not written");
  put_global("torch._utils", "_rebuild_qtensor");
  out_ += '(';
  put_storage(t.storage(), class_of(q));
  put_int(written_offset(t));
  put_dims(t.sizes());
  put_dims(t.strides());
  out_ += '(';
  put_global("torch", q.scheme);
  if (q.scales.defined()) {
    put_part(q.scales);
    put_part(q.zero_points);
    put_int(q.axis);
  } else {
    put_float(q.scale);
    put_int(q.zero_point);
  }
  out_ += 't';
  put_bool(v.requires_grad);
  put_empty_ordered_dict();
  out_ += "tR";
}

void PickleWriter::put_view(const TensorValue& v, bool requires_grad) {
  const Tensor& t = v.tensor;
  if (t.is_meta()) {
    put_global("torch._utils", "_rebuild_meta_tensor_no_storage");
    out_ += '(';
    put_global("torch", dtype_name(t.dtype()));
    put_dims(t.sizes());
    put_dims(t.strides());
    put_bool(requires_grad);
    out_ += "tR";
    return;
  }
  const WrittenStorage& s = storages_[storage_index(t.storage())];
  const bool whole = (s.end - s.begin) % static_cast<std::uint64_t>(t.itemsize()) == 0;
  // PyTorch takes the type of the first use of a storage for all of them, unless each tensor says its own.
  const bool one_type = !is_of_several_types(t.storage());
  const StorageClass type = class_of(t.dtype());
  const bool typed = whole && one_type && !type.name.empty();
  put_global("torch._utils", typed ? "_rebuild_tensor_v2" : "_rebuild_tensor_v3");
  out_ += '(';
  put_storage(t.storage(), typed ? type : StorageClass{});
  put_int(written_offset(t));
  put_dims(t.sizes());
  put_dims(t.strides());
  put_bool(requires_grad);
  put_empty_ordered_dict();
  if (!typed) put_global("torch", dtype_name(t.dtype()));
  if (v.conj || v.neg) {
    out_ += '}';
    for (const auto& [name, on] : {std::pair{"conj", v.conj}, std::pair{"neg", v.neg}}) {
      if (!on) continue;
      put_word(name);
      out_ += "\x88s";
    }
  }
  out_ += "tR";
}

}  // namespace ballast::checkpoint
