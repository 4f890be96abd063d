#include "ballast/checkpoint/pickle/pickle_globals.h"

#include <algorithm>
#include <array>
#include <limits>
#include <utility>

#include "ballast/checkpoint/shown_name.h"

namespace ballast::checkpoint {
namespace {

constexpr GlobalName maker_row(std::string_view module, std::string_view name, Maker maker) {
  GlobalName g{module, name, maker, false, false, std::nullopt, 0};
  return g;
}
constexpr GlobalName dtype_row(std::string_view name, std::optional<DType> dtype = std::nullopt) {
  return {"torch", name, Maker::kNothing, true, false, dtype, 0};
}
constexpr GlobalName storage_row(std::string_view module, std::string_view name, std::uint8_t itemsize,
                                 std::optional<DType> dtype = std::nullopt) {
  return {module, name, Maker::kNothing, false, true, dtype, itemsize};
}

// Sorted by module, then by name.
constexpr std::array kGlobals{
    maker_row("__builtin__", "bytearray", Maker::kByteArray),
    maker_row("__builtin__", "bytes", Maker::kBytes),
    maker_row("__builtin__", "complex", Maker::kComplex),
    maker_row("__builtin__", "frozenset", Maker::kFrozenSet),
    maker_row("__builtin__", "set", Maker::kSet),
    maker_row("_codecs", "encode", Maker::kEncode),
    maker_row("builtins", "bytearray", Maker::kByteArray),
    maker_row("builtins", "bytes", Maker::kBytes),
    maker_row("builtins", "complex", Maker::kComplex),
    maker_row("builtins", "frozenset", Maker::kFrozenSet),
    maker_row("builtins", "set", Maker::kSet),
    maker_row("collections", "Counter", Maker::kCounter),
    maker_row("collections", "OrderedDict", Maker::kOrderedDict),
    maker_row("collections", "defaultdict", Maker::kDefaultDict),
    maker_row("copy_reg", "_reconstructor", Maker::kReconstruct),
    maker_row("copyreg", "_reconstructor", Maker::kReconstruct),
    maker_row("numpy", "dtype", Maker::kNumpyType),
    maker_row("numpy", "ndarray", Maker::kNothing),
    maker_row("numpy._core.multiarray", "_reconstruct", Maker::kNumpyArray),
    maker_row("numpy._core.multiarray", "scalar", Maker::kNumpyScalar),
    maker_row("numpy._core.numeric", "_frombuffer", Maker::kNumpyBuffer),
    maker_row("numpy.core.multiarray", "_reconstruct", Maker::kNumpyArray),
    maker_row("numpy.core.multiarray", "scalar", Maker::kNumpyScalar),
    maker_row("numpy.core.numeric", "_frombuffer", Maker::kNumpyBuffer),
    storage_row("torch", "BFloat16Storage", 2, kBFloat16),
    storage_row("torch", "BoolStorage", 1, kBool),
    storage_row("torch", "ByteStorage", 1, kUInt8),
    storage_row("torch", "CharStorage", 1, kInt8),
    storage_row("torch", "ComplexDoubleStorage", 16, kComplex128),
    storage_row("torch", "ComplexFloatStorage", 8, kComplex64),
    storage_row("torch", "DoubleStorage", 8, kFloat64),
    storage_row("torch", "FloatStorage", 4, kFloat32),
    storage_row("torch", "HalfStorage", 2, kFloat16),
    storage_row("torch", "IntStorage", 4, kInt32),
    storage_row("torch", "LongStorage", 8, kInt64),
    storage_row("torch", "QInt32Storage", 4),
    storage_row("torch", "QInt8Storage", 1),
    storage_row("torch", "QUInt8Storage", 1),
    storage_row("torch", "ShortStorage", 2, kInt16),
    maker_row("torch", "Size", Maker::kSize),
    maker_row("torch", "Tensor", Maker::kNothing),
    storage_row("torch", "UntypedStorage", 1),
    dtype_row("bfloat16", kBFloat16),
    dtype_row("bits16"),
    dtype_row("bits1x8"),
    dtype_row("bits2x4"),
    dtype_row("bits4x2"),
    dtype_row("bits8"),
    dtype_row("bool", kBool),
    dtype_row("complex128", kComplex128),
    dtype_row("complex32", kComplex32),
    dtype_row("complex64", kComplex64),
    maker_row("torch", "device", Maker::kDevice),
    dtype_row("float16", kFloat16),
    dtype_row("float32", kFloat32),
    dtype_row("float4_e2m1fn_x2"),
    dtype_row("float64", kFloat64),
    dtype_row("float8_e4m3fn", kFloat8_e4m3fn),
    dtype_row("float8_e4m3fnuz", kFloat8_e4m3fnuz),
    dtype_row("float8_e5m2", kFloat8_e5m2),
    dtype_row("float8_e5m2fnuz", kFloat8_e5m2fnuz),
    dtype_row("float8_e8m0fnu", kFloat8_e8m0fnu),
    dtype_row("int1"),
    dtype_row("int16", kInt16),
    dtype_row("int2"),
    dtype_row("int3"),
    dtype_row("int32", kInt32),
    dtype_row("int4"),
    dtype_row("int5"),
    dtype_row("int6"),
    dtype_row("int64", kInt64),
    dtype_row("int7"),
    dtype_row("int8", kInt8),
    maker_row("torch", "per_channel_affine", Maker::kNothing),
    maker_row("torch", "per_channel_affine_float_qparams", Maker::kNothing),
    maker_row("torch", "per_channel_symmetric", Maker::kNothing),
    maker_row("torch", "per_tensor_affine", Maker::kNothing),
    maker_row("torch", "per_tensor_symmetric", Maker::kNothing),
    dtype_row("qint32"),
    dtype_row("qint8"),
    dtype_row("quint2x4"),
    dtype_row("quint4x2"),
    dtype_row("quint8"),
    dtype_row("uint1"),
    dtype_row("uint16", kUInt16),
    dtype_row("uint2"),
    dtype_row("uint3"),
    dtype_row("uint32", kUInt32),
    dtype_row("uint4"),
    dtype_row("uint5"),
    dtype_row("uint6"),
    dtype_row("uint64", kUInt64),
    dtype_row("uint7"),
    dtype_row("uint8", kUInt8),
    maker_row("torch._tensor", "_rebuild_from_type", Maker::kFromType),
    maker_row("torch._tensor", "_rebuild_from_type_v2", Maker::kFromType),
    maker_row("torch._utils", "_rebuild_device_tensor_from_cpu_tensor", Maker::kDeviceTensor),
    maker_row("torch._utils", "_rebuild_device_tensor_from_numpy", Maker::kRecord),
    maker_row("torch._utils", "_rebuild_meta_tensor_no_storage", Maker::kMetaTensor),
    maker_row("torch._utils", "_rebuild_nested_tensor", Maker::kRecord),
    maker_row("torch._utils", "_rebuild_parameter", Maker::kParameter),
    maker_row("torch._utils", "_rebuild_parameter_with_state", Maker::kParameterWithState),
    maker_row("torch._utils", "_rebuild_qtensor", Maker::kQuantized),
    maker_row("torch._utils", "_rebuild_sparse_csr_tensor", Maker::kSparseCsr),
    maker_row("torch._utils", "_rebuild_sparse_tensor", Maker::kSparse),
    maker_row("torch._utils", "_rebuild_tensor", Maker::kTensor),
    maker_row("torch._utils", "_rebuild_tensor_v2", Maker::kTensorV2),
    maker_row("torch._utils", "_rebuild_tensor_v3", Maker::kTensorV3),
    maker_row("torch._utils", "_rebuild_wrapper_subclass", Maker::kRecord),
    maker_row("torch._utils", "_rebuild_xla_tensor", Maker::kRecord),
    storage_row("torch.cuda", "BFloat16Storage", 2, kBFloat16),
    storage_row("torch.cuda", "BoolStorage", 1, kBool),
    storage_row("torch.cuda", "ByteStorage", 1, kUInt8),
    storage_row("torch.cuda", "CharStorage", 1, kInt8),
    storage_row("torch.cuda", "ComplexDoubleStorage", 16, kComplex128),
    storage_row("torch.cuda", "ComplexFloatStorage", 8, kComplex64),
    storage_row("torch.cuda", "DoubleStorage", 8, kFloat64),
    storage_row("torch.cuda", "FloatStorage", 4, kFloat32),
    storage_row("torch.cuda", "HalfStorage", 2, kFloat16),
    storage_row("torch.cuda", "IntStorage", 4, kInt32),
    storage_row("torch.cuda", "LongStorage", 8, kInt64),
    storage_row("torch.cuda", "ShortStorage", 2, kInt16),
    maker_row("torch.jit._pickle", "build_boollist", Maker::kFirst),
    maker_row("torch.jit._pickle", "build_doublelist", Maker::kFirst),
    maker_row("torch.jit._pickle", "build_intlist", Maker::kFirst),
    maker_row("torch.jit._pickle", "build_tensorlist", Maker::kFirst),
    maker_row("torch.jit._pickle", "restore_type_tag", Maker::kFirst),
    maker_row("torch.nn", "Parameter", Maker::kNothing),
    maker_row("torch.nn.parameter", "Parameter", Maker::kNothing),
    maker_row("torch.serialization", "_get_layout", Maker::kGetLayout),
    storage_row("torch.storage", "UntypedStorage", 1)};

constexpr bool comes_before(const GlobalName& a, const GlobalName& b) {
  return a.module != b.module ? a.module < b.module : a.name < b.name;
}
static_assert(std::is_sorted(kGlobals.begin(), kGlobals.end(), comes_before));

// What `aux` of a name node says where it is not the row of a global.
constexpr std::uint16_t kOtherClass = 0xFFFF;
constexpr std::uint16_t kOtherFunction = 0xFFFE;
static_assert(kGlobals.size() < kOtherFunction);

Node* encode_latin1(MakerContext& c, const GlobalName& g, Arguments a) {
  check_count(g, a, 2, 2);
  const std::string_view text = text_of(*argument(g, a, 0, Kind::kStr, "the text"));
  const std::string_view codec = text_of(*argument(g, a, 1, Kind::kStr, "the codec"));
  if (codec != "latin1" && codec != "latin-1")
    refuse(g, fmt::format("the codec '{}': only latin1 is known", shown_name(codec)));
  c.copies.spend(text.size());
  std::string bytes;
  bytes.reserve(text.size());
  for (std::size_t i = 0; i < text.size(); ++i) {
    const auto b = static_cast<unsigned char>(text[i]);
    if (b < 0x80) {
      bytes += text[i];
    } else {
      if (b > 0xC3) refuse(g, "a character beyond U+00FF is not in latin1");
      bytes += static_cast<char>((b & 3) << 6 | (static_cast<unsigned char>(text[++i]) & 0x3F));
    }
  }
  return c.arena.text(Kind::kBytes, bytes, true);
}

Node* make_bytes(MakerContext& c, const GlobalName& g, Arguments a, Kind kind) {
  check_count(g, a, 0, 2);
  if (a.empty()) return c.arena.text(kind, "", false);
  if (a[0]->kind == Kind::kBytes && a.size() == 1) return c.arena.text(kind, text_of(*a[0]), false);
  if (a[0]->kind == Kind::kStr && a.size() == 2) {
    Node* n = encode_latin1(c, g, a);
    n->kind = kind;
    return n;
  }
  refuse(g, fmt::format("cannot be made of {}", kind_phrase(a[0]->kind)));
}

Node* make_set(MakerContext& c, const GlobalName& g, Arguments a, Kind kind) {
  check_count(g, a, 0, 1);
  Node* out = c.arena.mapping(kind);
  if (a.empty()) return out;
  if (a[0]->kind != Kind::kList && a[0]->kind != Kind::kTuple) {
    refuse(g, fmt::format("should be made of a list, not of {}", kind_phrase(a[0]->kind)));
  }
  c.copies.spend(a[0]->size);
  for (std::uint32_t i = 0; i < a[0]->size; ++i) {
    if (!c.arena.insert(out, a[0]->items[i], nullptr)) refuse(g, "an element stands in it twice");
  }
  return out;
}

Node* make_mapping(MakerContext& c, const GlobalName& g, Arguments a, Kind kind) {
  check_count(g, a, 0, 1);
  Node* out = c.arena.mapping(kind);
  if (a.empty()) return out;
  const Node& from = *a[0];
  const auto enter = [&](Node* key, Node* value) {
    if (!c.arena.insert(out, key, value)) refuse(g, "a key stands in it twice");
  };
  c.copies.spend(from.size);
  if (from.kind == Kind::kDict) {
    for (std::uint32_t i = 0; i < from.size; ++i) enter(from.dict->pairs[i * 2], from.dict->pairs[i * 2 + 1]);
  } else if (from.kind == Kind::kList && kind == Kind::kOrderedDict) {
    for (std::uint32_t i = 0; i < from.size; ++i) {
      const Node& pair = *from.items[i];
      if ((pair.kind != Kind::kTuple && pair.kind != Kind::kList) || pair.size != 2)
        refuse(g, "should be made of pairs");
      enter(pair.items[0], pair.items[1]);
    }
  } else {
    refuse(g, fmt::format("should be made of a dict, not of {}", kind_phrase(from.kind)));
  }
  return out;
}

double real_argument(const GlobalName& g, Arguments a, std::size_t i) {
  if (a[i]->kind == Kind::kInt && !a[i]->flag) return static_cast<double>(a[i]->integer);
  return argument(g, a, i, Kind::kFloat, "a part")->real;
}

Node* make_size(MakerContext& c, const GlobalName& g, Arguments a) {
  check_count(g, a, 1, 1);
  if (a[0]->kind != Kind::kTuple && a[0]->kind != Kind::kList) refuse(g, "should be made of a tuple");
  c.copies.spend(a[0]->size);
  for (std::uint32_t i = 0; i < a[0]->size; ++i) {
    if (a[0]->items[i]->kind != Kind::kInt || a[0]->items[i]->flag)
      refuse(g, "a size is no integer of 64 bits");
  }
  return c.arena.sequence(Kind::kSize, a[0]->items, a[0]->size);
}

/// copyreg._reconstructor(class, base, what the base is made of)
Node* reconstruct(MakerContext& c, const GlobalName& g, Arguments a) {
  check_count(g, a, 3, 3);
  if (!is_other_class(*a[0])) refuse(g, "the class should be one of an object that is data; nothing was run");
  const bool plain = a[2]->kind == Kind::kNone;
  return c.arena.object(a[0], c.arena.sequence(Kind::kTuple, plain ? nullptr : &a[2], plain ? 0 : 1));
}

Node* record(MakerContext& c, const GlobalName& g, Arguments a) {
  c.copies.spend(a.size());
  return c.arena.object(global_node(c.arena, g), c.arena.sequence(Kind::kTuple, a.data(), a.size()));
}

/// defaultdict(factory[, items])
Node* make_default_dict(MakerContext& c, const GlobalName& g, Arguments a) {
  check_count(g, a, 0, 2);
  return make_mapping(c, g, a.size() == 2 ? a.subspan(1) : Arguments(), Kind::kDict);
}

Node* make_device(MakerContext& c, const GlobalName& g, Arguments a) {
  check_count(g, a, 1, 2);
  std::string text(text_of(*argument(g, a, 0, Kind::kStr, "the type")));
  c.copies.spend(text.size());
  if (a.size() == 2) text += fmt::format(":{}", argument(g, a, 1, Kind::kInt, "the index")->integer);
  return c.arena.text(Kind::kDevice, text, true);
}

}  // namespace

const GlobalName* find_global(std::string_view module, std::string_view name) {
  const GlobalName wanted = maker_row(module, name, Maker::kNothing);
  const auto* row = std::lower_bound(kGlobals.begin(), kGlobals.end(), wanted, comes_before);
  return row != kGlobals.end() && row->module == module && row->name == name ? row : nullptr;
}

const GlobalName* global_of(const Node* n) {
  const bool named =
      (n->kind == Kind::kName || n->kind == Kind::kDType) && n->aux > 0 && n->aux <= kGlobals.size();
  return named ? &kGlobals[n->aux - 1] : nullptr;
}

Node* global_node(TreeArena& arena, const GlobalName& g) {
  Node* n = g.is_dtype ? arena.text(Kind::kDType, g.name, false)
                       : arena.text(Kind::kName, fmt::format("{}.{}", g.module, g.name), true);
  n->aux = static_cast<std::uint16_t>(&g - kGlobals.data() + 1);
  return n;
}

Node* other_name_node(TreeArena& arena, std::string_view module, std::string_view name, bool is_class) {
  Node* n = arena.text(Kind::kName, fmt::format("{}.{}", module, name), true);
  n->aux = is_class ? kOtherClass : kOtherFunction;
  return n;
}
bool is_other_class(const Node& n) { return n.kind == Kind::kName && n.aux == kOtherClass; }
bool is_other_name(const Node& n) { return n.kind == Kind::kName && n.aux >= kOtherFunction; }

void refuse(const GlobalName& g, std::string_view reason) {
  throw FormatError(fmt::format("{}.{}: {}", g.module, g.name, reason));
}

Node* argument(const GlobalName& g, Arguments a, std::size_t i, Kind kind, std::string_view what) {
  if (a[i]->kind != kind)
    refuse(g, fmt::format("{} should be {}, not {}", what, kind_phrase(kind), kind_phrase(a[i]->kind)));
  if (kind == Kind::kInt && a[i]->flag) refuse(g, fmt::format("{} is an integer beyond 64 bits", what));
  return a[i];
}

Dims dims_argument(MakerContext& c, const GlobalName& g, Arguments a, std::size_t i, std::string_view what) {
  const Node& n = *a[i];
  if (n.kind != Kind::kTuple && n.kind != Kind::kSize && n.kind != Kind::kList) {
    refuse(g, fmt::format("{} should be a tuple, not {}", what, kind_phrase(n.kind)));
  }
  check<LimitError>(n.size <= c.limits.rank, "{}.{}: {} dimensions, the limit (rank) is {}", g.module, g.name,
                    n.size, c.limits.rank);
  c.copies.spend(n.size);
  Dims out(n.size);
  for (std::uint32_t k = 0; k < n.size; ++k)
    out[k] = argument(g, {n.items, n.size}, k, Kind::kInt, what)->integer;
  return out;
}

void check_count(const GlobalName& g, Arguments a, std::size_t least, std::size_t most) {
  if (a.size() < least || a.size() > most) {
    refuse(g, fmt::format("takes {} to {} arguments, {} are given", least, most, a.size()));
  }
}

Node* make_object(MakerContext& c, const GlobalName& g, Arguments a) {
  switch (g.maker) {
    case Maker::kNothing:
      refuse(g, "the file calls it; it is a name here, and nothing was run");
    case Maker::kOrderedDict:
      return make_mapping(c, g, a, Kind::kOrderedDict);
    case Maker::kCounter:
      return make_mapping(c, g, a, Kind::kCounter);
    case Maker::kSet:
      return make_set(c, g, a, Kind::kSet);
    case Maker::kFrozenSet:
      return make_set(c, g, a, Kind::kFrozenSet);
    case Maker::kBytes:
      return make_bytes(c, g, a, Kind::kBytes);
    case Maker::kByteArray:
      return make_bytes(c, g, a, Kind::kByteArray);
    case Maker::kEncode:
      return encode_latin1(c, g, a);
    case Maker::kComplex:
      check_count(g, a, 2, 2);
      return c.arena.complex({real_argument(g, a, 0), real_argument(g, a, 1)});
    case Maker::kSize:
      return make_size(c, g, a);
    case Maker::kDevice:
      return make_device(c, g, a);
    case Maker::kDefaultDict:
      return make_default_dict(c, g, a);
    case Maker::kReconstruct:
      return reconstruct(c, g, a);
    case Maker::kRecord:
      return record(c, g, a);
    case Maker::kFirst:
      check_count(g, a, 1, 2);
      return a[0];
    case Maker::kNumpyArray:
    case Maker::kNumpyBuffer:
    case Maker::kNumpyScalar:
    case Maker::kNumpyType:
      return make_numpy(c, g, a);
    default:
      return make_tensor(c, g, a);
  }
}

}  // namespace ballast::checkpoint
